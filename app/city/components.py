"""The components of a city pack: ``components.gpkg`` by the attribute table of the standard."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from app.city.faults import Faults
from app.city.layers import Shapes, find_layer_file, in_degrees, in_globe, read_frame, texts_of
from app.city.lines import LONGEST_CODE, FirstSeen, Line
from app.city.profile import Profile
from app.city.territory import Cells
from grid.components.component import Body, Component, ComponentState, Origin
from grid.components.fields import FIELDS, Field
from grid.errors import BadComponentId
from grid.standards.codes import ComponentId
from grid.standards.vintage import Vintage

STEM: Final = "components"
CATEGORY: Final = "category"
ACCURACY: Final = ("A", "B", "C")
BESIDE_DEGREES: Final = 1e-5
"""About a metre: so far a component may stand outside its cell, as surveys of both differ."""
_FIELDS: Final = {field.name: field for field in FIELDS}
_STATES: Final = {word: one for one in ComponentState for word in (one.value, one.zh)}
_ORIGINS: Final = {word: one for one in Origin for word in (one.value, one.zh)}


def read_components(
    folder: Path,
    profile: Profile | None,
    categories: set[str] | None,
    cells: Cells | None,
    faults: Faults,
) -> tuple[Component, ...] | None:
    """Every component, checked; None when the pack says nothing of components.

    *categories* are the component categories of the catalogue. An empty cell is filled in by
    where the component stands.
    """
    file = find_layer_file(folder, STEM, faults, optional=True)
    frame = read_frame(folder / file, STEM, faults) if file else None
    if frame is None:
        return None
    shapes = in_degrees(file, frame, profile.source_crs if profile else "", faults)
    rows = _rows(file, frame, _has_ids_of_the_standard(profile), faults)
    if shapes is None or rows is None:
        return ()
    shapes = np.array(shapely.force_2d(shapes), dtype=object)
    lines = [Line(file, number, row, faults) for number, row in enumerate(rows, start=1)]
    _check_shapes(lines, shapes)
    homes = _cells_of(lines, shapes, cells)
    reader = _Reader(profile, categories)
    return tuple(
        reader.component(line, shape, home)
        for line, shape, home in zip(lines, shapes, homes, strict=True)
    )


def _has_ids_of_the_standard(profile: Profile | None) -> bool:
    return profile is None or Vintage.named(profile.standard) is not None


def _rows(
    file: str, frame: gpd.GeoDataFrame, standard_ids: bool, faults: Faults
) -> list[dict[str, object]] | None:
    """The attributes under our names, whichever names the file uses; dates as texts."""
    headings = {str(column).lower(): column for column in frame.columns}
    found = {
        field.name: headings[name] for field in FIELDS for name in field.names() if name in headings
    }
    must = [field.name for field in FIELDS if field.must and field.name != "cell"]
    must += [] if standard_ids else [CATEGORY]
    found |= {name: name for name in (CATEGORY, "accuracy") if name in headings}
    missing = [name for name in must if name not in found]
    for name in missing:
        aliases = f" (or {_FIELDS[name].standard})" if name in _FIELDS else ""
        faults.add(file, None, name, "the column is missing", f"Add a field {name!r}{aliases}")
    if missing:
        return None
    table = pd.DataFrame({name: frame[column] for name, column in found.items()})
    return [{name: _plain(value) for name, value in row.items()} for row in texts_of(table)]


def _plain(value: object) -> object:
    """A date as text; what else a field holds as it is."""
    return value.isoformat()[:10] if isinstance(value, date) else value


def _check_shapes(lines: list[Line], shapes: Shapes) -> None:
    usable = in_globe(shapes) & np.asarray(shapely.is_valid(shapes))
    for number in np.flatnonzero(~usable).tolist():
        problem = "there is no valid shape in degrees"
        lines[number].wrong("geometry", problem, "Draw it as a point, line or area")


def _cells_of(lines: list[Line], shapes: Shapes, cells: Cells | None) -> list[str]:
    """The cell of each component: the one it names when it stands there, else where it stands."""
    if cells is None:
        return [""] * len(lines)
    drawn = {row["code"]: shape for row, shape in zip(cells.rows, cells.shapes, strict=True)}
    named = [str(line.values.get("cell", "")) for line in lines]
    known = np.array([drawn.get(code) for code in named], dtype=object)
    fits = np.asarray(shapely.dwithin(shapes, known, BESIDE_DEGREES))
    standing = _standing_in(shapes, cells)
    for number in np.flatnonzero(~fits).tolist():
        code = named[number]
        _tell_where_it_stands(lines[number], code, standing[number], code in drawn)
    return [code or home for code, home in zip(named, standing, strict=True)]


def _standing_in(shapes: Shapes, cells: Cells) -> list[str]:
    """The smallest code of the cells that cover a point of each shape, empty outside."""
    found = [""] * len(shapes)
    tree = shapely.STRtree(cells.shapes)
    points = shapely.point_on_surface(shapes)
    numbers, held_by = tree.query(points, predicate="covered_by").tolist()
    codes = [cells.rows[cell]["code"] for cell in held_by]
    for number, code in sorted(zip(numbers, codes, strict=True), reverse=True):
        found[number] = code
    return found


def _tell_where_it_stands(line: Line, named: str, stands: str, is_known: bool) -> None:
    if not named and not stands:
        line.wrong("cell", "it stands in no cell", "Correct its position")
    elif named and not is_known:
        line.wrong("cell", f"there is no cell {named!r}", f"It stands in {stands or 'none'}")
    elif named:
        problem = f"it stands in {stands or 'no cell'}, not in {named}"
        line.wrong("cell", problem, "Correct the cell or the position")


class _Reader:
    """Reads one line after the other, knowing what was seen."""

    def __init__(self, profile: Profile | None, categories: set[str] | None) -> None:
        self._vintage = Vintage.named(profile.standard) if profile else None
        self._division = profile.city["code"] if profile else ""
        self._categories = categories
        self._seen = FirstSeen()

    def component(self, line: Line, shape: BaseGeometry, cell: str) -> Component:
        code = _text(line, "id") if self._vintage else line.code("id")
        self._seen.check(line, "id", code, f"component {code!r}")
        return Component(
            id=code,
            category=self._category(line, code),
            name=_text(line, "name"),
            manager=_body(line, "manager"),
            cell=cell,
            state=_word(line, "state", _STATES) or ComponentState.INTACT,
            initial_on=_day(line, "initial_on") or date.min,
            geometry=shape,
            owner=_body(line, "owner"),
            maintainer=_body(line, "maintainer"),
            changed_on=_day(line, "changed_on"),
            origin=_word(line, "origin", _ORIGINS) or Origin.UNKNOWN,
            note=_text(line, "note"),
            street=_above(line, "street", cell),
            community=_above(line, "community", cell),
            accuracy=line.choice("accuracy", ACCURACY) if line.values.get("accuracy") else "",
        )

    def _category(self, line: Line, code: str) -> str:
        if self._vintage is None:
            return line.known(CATEGORY, self._categories, "component category")
        if not code:
            return ""
        if len(code) != self._vintage.component_digits:
            remedy = f"Write {self._vintage.component_digits} digits"
            line.wrong("id", f"{code!r} is no id by {self._vintage}", remedy)
            return ""
        try:
            found = ComponentId.parse(code)
        except BadComponentId as err:
            line.wrong("id", f"{code!r}: {err.reason}", "Correct the id")
            return ""
        if found.division != self._division:
            problem = f"it is of division {found.division}, the city is {self._division}"
            line.wrong("id", problem, "Correct the first six digits")
        else:
            line.check_known("id", str(found.category), self._categories, "component category")
        return str(found.category)


def _text(line: Line, name: str) -> str:
    field: Field = _FIELDS[name]
    longest = max(field.longest, LONGEST_CODE) if name == "id" else field.longest
    return line.text(name, empty=not field.must, longest=longest)


def _body(line: Line, stem: str) -> Body:
    return Body(_text(line, f"{stem}_code"), _text(line, f"{stem}_name"))


def _above(line: Line, stem: str, cell: str) -> Body:
    """The street or community; its code, where given, is the beginning of the cell's."""
    body = _body(line, stem)
    standard = cell.isdigit() and len(cell) == _FIELDS["cell"].longest
    if standard and not cell.startswith(body.code):
        problem = f"{body.code} does not hold the cell {cell}"
        line.wrong(f"{stem}_code", problem, "Correct the code or leave it out")
    return body


def _word(line: Line, name: str, words: Mapping[str, Any]) -> Any:
    """A word of the standard or ours; None, noted unless the field may be empty."""
    text = _text(line, name)
    if text and text not in words:
        line.wrong(name, f"{text!r} is not known", f"Choose from {', '.join(filter(None, words))}")
    return words.get(text)


def _day(line: Line, name: str) -> date | None:
    """A date written 20260131 as the standard does, or 2026-01-31."""
    text = _text(line, name)
    for form in ("%Y%m%d", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007
        except ValueError:
            continue
    if text:
        line.wrong(name, f"{text!r} is not a date", "Write 20260131 or 2026-01-31")
    return None
