"""The figures of a city pack: ``profile.csv`` by code, ``profile.gpkg`` by code or shape."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from app.city.faults import Faults
from app.city.layers import find_layer_file, in_degrees, read_frame, texts_of, usable
from app.city.lines import FirstSeen, Line
from app.city.reading import read_sheet
from app.city.territory import Areas, Cells
from grid.hierarchy import Hierarchy
from grid.profile.figures import ATTRIBUTES, Figure

STEM: Final = "profile"
COLUMNS: Final = ("code", "source", "as_of")
MOST: Final = 10**9
WORTH_A_LOOK: Final = 1e-3
"""Two shapes that share a larger part of the smaller one count what is there twice."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The places that a figure may name: shapes of cells and areas, and what lies above each."""

    shapes: Mapping[str, BaseGeometry]
    above: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, areas: Areas, cells: Cells) -> "Ground":
        """The ground of a pack; areas must form a tree and hold the cells."""
        tree = Hierarchy.of(areas.rows)
        above = {row["code"]: tree.path(row["code"])[1:] for row in areas.rows}
        above |= {row["code"]: tree.path(row["area"]) for row in cells.rows}
        shapes = {
            row["code"]: shape
            for rows, drawn in ((areas.rows, areas.shapes), (cells.rows, cells.shapes))
            for row, shape in zip(rows, drawn, strict=True)
        }
        return cls(shapes, above)


def read_figures(
    folder: Path, ground: Ground | None, source_crs: str, faults: Faults
) -> tuple[Figure, ...] | None:
    """Every figure, checked; None when the pack says nothing of its profile.

    An empty value is no figure: unknown is not zero. Without *ground*, because areas or cells are
    broken, codes are not looked up.
    """
    lines = [*_of_table(folder, faults), *_of_layer(folder, source_crs, faults)]
    if not lines:
        return None
    seen = FirstSeen()
    figures: list[Figure] = []
    for line, shape in lines:
        target = _target(line, shape, ground)
        place = shape if target.startswith("#") else (ground.shapes.get(target) if ground else None)
        figures += _figures(line, target, place, seen)
    if ground and not faults.found:
        _refuse_ground_counted_twice(figures, ground, lines[0][0])
    return tuple(figures)


def _of_table(folder: Path, faults: Faults) -> Iterator[tuple[Line, None]]:
    sheet = read_sheet(folder, f"{STEM}.csv", COLUMNS, faults, optional=True)
    if sheet:
        _check_something_is_counted(sheet.lines[0].values if sheet.lines else {}, sheet.whole)
        yield from ((line, None) for line in sheet.lines)


def _of_layer(
    folder: Path, source_crs: str, faults: Faults
) -> Iterator[tuple[Line, BaseGeometry | None]]:
    file = find_layer_file(folder, STEM, faults, optional=True)
    frame = read_frame(folder / file, STEM, faults) if file else None
    shapes = in_degrees(file, frame, source_crs, faults) if frame is not None else None
    if frame is None or shapes is None:
        return
    whole = Line(file, None, {}, faults)
    _check_something_is_counted(dict.fromkeys(map(str, frame.columns)), whole)
    rows = texts_of(pd.DataFrame(frame.drop(columns=frame.geometry.name)))
    fine = usable(shapes)
    for number, (row, shape) in enumerate(zip(rows, shapes, strict=True), start=1):
        yield Line(file, number, row, faults), shape if fine[number - 1] else None


def _check_something_is_counted(columns: Mapping[str, object], whole: Line) -> None:
    missing = [name for name in COLUMNS[1:] if name not in columns]
    for name in missing:
        whole.wrong(name, "the column is missing", f"Add a column {name!r}")
    if not missing and not columns.keys() & ATTRIBUTES.keys():
        remedy = f"Add columns out of {', '.join(ATTRIBUTES)}"
        whole.wrong("", "it counts nothing that is known here", remedy)


def _target(line: Line, shape: BaseGeometry | None, ground: Ground | None) -> str:
    if line.values.get("code"):
        return line.known("code", set(ground.shapes) if ground else None, "cell or area")
    if shape is None:
        line.wrong("code", "it names no cell or area and has no valid shape", "Give it one of them")
    return f"#{line.row}"


def _figures(
    line: Line, target: str, place: BaseGeometry | None, seen: FirstSeen
) -> Iterator[Figure]:
    source, as_of = line.text("source"), _day(line)
    for attribute in ATTRIBUTES:
        if line.values.get(attribute, "") == "":
            continue
        seen.check(line, attribute, (attribute, target), f"{attribute} of {target}")
        value = line.whole(attribute, 0, MOST)
        if place is not None and as_of and not place.is_empty:
            yield Figure(attribute, target, value, source, as_of, _multi(place))


def _day(line: Line) -> date | None:
    """The day of the figures; None when it is wrong, which is noted."""
    noted = len(line.faults.found)
    text = line.day("as_of")
    return date.fromisoformat(text) if len(line.faults.found) == noted else None


def _multi(shape: BaseGeometry) -> MultiPolygon:
    return MultiPolygon(shapely.get_parts(shapely.force_2d(shape)).tolist())


def _refuse_ground_counted_twice(figures: Sequence[Figure], ground: Ground, line: Line) -> None:
    """A figure of a community and one of its cells would both count who lives in the cell."""
    for attribute in ATTRIBUTES:
        some = [one for one in figures if one.attribute == attribute]
        targets = {one.target for one in some}
        twice = [(one, above) for one in some for above in ground.above.get(one.target, ())]
        pairs = [(one.target, above) for one, above in twice if above in targets]
        pairs += _overlapping(some)
        if pairs:
            one, other = pairs[0]
            problem = f"{attribute} is counted twice in {len(pairs)} places: {one} and {other}"
            line.faults.add(line.file, None, attribute, problem, "Keep one figure of each place")


def _overlapping(figures: Sequence[Figure]) -> list[tuple[str, str]]:
    """Pairs of which at least one is a shape of its own and which share ground."""
    own = [one for one in figures if one.target.startswith("#")]
    if not own:
        return []
    shapes = np.array([one.geometry for one in figures], dtype=object)
    drawn = np.array([one.geometry for one in own], dtype=object)
    left, right = shapely.STRtree(shapes).query(drawn, predicate="intersects")
    shared = shapely.area(shapely.intersection(drawn[left], shapes[right]))
    smaller = np.minimum(shapely.area(drawn[left]), shapely.area(shapes[right]))
    much = shared > WORTH_A_LOOK * smaller
    pairs = zip(left[much].tolist(), right[much].tolist(), strict=True)
    names = [(own[one].target, figures[other].target) for one, other in pairs]
    return [(one, other) for one, other in names if one != other]
