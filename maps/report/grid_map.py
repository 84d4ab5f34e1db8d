"""The map of one grid version: who answers for each cell, who walks it, what lies above it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.measure import area_m2
from grid.cell import Cell
from grid.department import Departments
from grid.hierarchy import Hierarchy
from grid.naming import Label
from grid.patrol.duty_grid import DutyGrid
from maps.report.cells import NONE, Colouring, Group, Shapes, colours, joined, simplified
from maps.report.document import Outline, Plate, document

SIMPLIFY_M: Final = 2.0
_CODE, _NAME, _SIZE = Label("编码", "code"), Label("名称", "name"), Label("面积", "size")
_DEPARTMENT: Final = Label("属地兜底部门", "territorial department")
_OUTLINE: Final = ((3.0, "#7b1d3a"), (2.0, "#a3123f"), (1.2, "#1c4e80"))
"""Width in pixels and colour of the borders, widest area first; the last for all below."""


@dataclass(frozen=True, slots=True)
class ReleasedGrid:
    """A grid version as it is drawn: at least one cell, each in an area of the *hierarchy*.

    *levels* name the levels of the areas, widest first.
    """

    title: Label
    told: Sequence[Label]
    cells: Sequence[Cell]
    hierarchy: Hierarchy
    levels: Mapping[str, Label]
    departments: Departments
    duty_grids: Sequence[DutyGrid] = ()


def grid_page(grid: ReleasedGrid, simplify_m: float = SIMPLIFY_M) -> str:
    """The document; borders are off by *simplify_m* at most, about.

    Raises NothingToDraw, ForeignAsset, VendoredFilesMissing.
    """
    raw = np.array([cell.geometry for cell in grid.cells], dtype=object)
    shapes = simplified(raw, simplify_m)
    above = {level: _areas_at(grid, level) for level in grid.levels}
    drawn = [level for level in list(grid.levels)[1:] if any(above[level])]
    colourings = [
        *(_by_area(grid, level, above[level]) for level in drawn),
        _by_department(grid),
        *_by_duty_grid(grid),
    ]
    plate = Plate(shapes, _fields(colourings), _texts(grid, area_m2(raw), colourings), colourings)
    outlines = [
        Outline(grid.levels[level], _borders(shapes, above[level]), colour, width)
        for level, (width, colour) in zip(
            [level for level in grid.levels if any(above[level])], _lines(), strict=False
        )
    ]
    return document(grid.title, grid.told, [plate], outlines)


def _lines() -> Sequence[tuple[float, str]]:
    return [*_OUTLINE, *[_OUTLINE[-1]] * 20]


def _areas_at(grid: ReleasedGrid, level: str) -> list[str]:
    """For each cell the code of the area above it at a level, empty where there is none."""
    homes = {cell.area for cell in grid.cells}
    found = {
        home: next(
            (
                code
                for code in grid.hierarchy.path(home)
                if grid.hierarchy.area(code).level == level
            ),
            "",
        )
        for home in homes
    }
    return [found[cell.area] for cell in grid.cells]


def _by_area(grid: ReleasedGrid, level: str, above: Sequence[str]) -> Colouring:
    name = grid.levels[level]
    return _colouring(name, above, lambda code: grid.hierarchy.area(code).name)


def _by_department(grid: ReleasedGrid) -> Colouring:
    homes = {cell.area for cell in grid.cells}
    of_home = {home: _territorial(grid.hierarchy, home) for home in homes}

    def name_of(code: str) -> Label:
        found = grid.departments.get(code)
        return found.name if found else Label(code, code)

    return _colouring(_DEPARTMENT, [of_home[cell.area] for cell in grid.cells], name_of)


def _territorial(hierarchy: Hierarchy, home: str) -> str:
    bodies = (hierarchy.area(code).department for code in hierarchy.path(home))
    return next((body for body in bodies if body), "")


def _by_duty_grid(grid: ReleasedGrid) -> list[Colouring]:
    """One colouring for each kind; a contested cell has the colour of the first."""
    made: list[Colouring] = []
    ordered = sorted(grid.duty_grids, key=lambda one: (one.kind, one.code))
    for kind, group in groupby(ordered, key=lambda one: one.kind):
        members = list(group)
        names = {one.code: Label(f"{one.code} {one.name.zh}", one.name.en) for one in members}
        of_cell = {cell: one.code for one in reversed(members) for cell in one.cells}
        held = [of_cell.get(cell.code, "") for cell in grid.cells]
        name = Label(f"责任网格({kind})", f"duty grid ({kind})")
        made.append(_colouring(name, held, names.__getitem__))
    return made


def _colouring(name: Label, keys: Sequence[str], name_of: Callable[[str], Label]) -> Colouring:
    """One group for each key but the empty one, in the order of the keys."""
    codes = sorted(set(keys) - {""})
    numbers = {code: number for number, code in enumerate(codes)} | {"": -1}
    shades = zip(codes, colours(len(codes)), strict=True)
    groups = [Group(name_of(code), colour) for code, colour in shades]
    return Colouring(name, groups, np.array([numbers[key] for key in keys], dtype=np.intp))


def _fields(colourings: Sequence[Colouring]) -> list[Label]:
    return [_CODE, _NAME, _SIZE, *(one.name for one in colourings)]


def _texts(
    grid: ReleasedGrid, sizes_m2: NDArray[np.float64], colourings: Sequence[Colouring]
) -> list[list[str]]:
    words = [[_words(group.name) for group in one.groups] + [_words(NONE)] for one in colourings]
    numbers = [one.of_cell.tolist() for one in colourings]
    return [
        [
            cell.code,
            _words(cell.name),
            f"{m2:,.0f} m²",
            *(names[of_cell[n]] for names, of_cell in zip(words, numbers, strict=True)),
        ]
        for n, (cell, m2) in enumerate(zip(grid.cells, sizes_m2.tolist(), strict=True))
    ]


def _words(label: Label) -> str:
    return f"{label.zh} {label.en}"


def _borders(shapes: Shapes, keys: Sequence[str]) -> Shapes:
    """The outline of the cells of each key, from the very lines that the cells are drawn with."""
    of_cell = np.array(keys)
    made = [joined(shapes[of_cell == key]) for key in sorted(set(keys) - {""})]
    return np.array([shapely.boundary(one) for one in made], dtype=object)
