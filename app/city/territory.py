"""Areas and cells of a city pack: their codes, names and parents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from app.city.layers import Layer, Shapes, usable
from app.city.lines import FirstSeen, Line
from app.city.profile import Profile
from grid.code import CellCode
from grid.errors import BadCellCode, BrokenHierarchy
from grid.hierarchy import Hierarchy

AREAS: Final = ("code", "level", "parent", "name_zh", "name_en", "department")
CELLS: Final = ("code", "area", "name_zh", "name_en")
Row = dict[str, Any]
EVERYWHERE: Final = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True, slots=True)
class Areas:
    """The part ``areas`` and, parallel to it, their lines and shapes; shapes may be missing."""

    rows: list[Row]
    lines: tuple[Line, ...]
    shapes: Shapes
    is_tree: bool

    @property
    def codes(self) -> set[str]:
        """All codes."""
        return {row["code"] for row in self.rows}


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells and, parallel to them, their lines and shapes; shapes may be missing."""

    rows: list[Row]
    lines: tuple[Line, ...]
    shapes: Shapes

    @property
    def areas_used(self) -> list[str]:
        """Codes of the areas right above cells, in order."""
        return sorted({row["area"] for row in self.rows})


def read_areas(layer: Layer, profile: Profile | None, departments: set[str] | None) -> Areas:
    """The areas, checked: codes once, known levels, parents and departments, one root."""
    levels = profile.levels if profile else ()
    codes = {str(line.values["code"]) for line in layer.lines}
    seen = FirstSeen()
    rows = [_area(line, levels, codes, departments, seen) for line in layer.lines]
    roots = [
        (line, row) for line, row in zip(layer.lines, rows, strict=True) if row["parent"] is None
    ]
    _check_root(layer, roots, profile)
    is_tree = _is_tree(layer, rows)
    return Areas(rows, layer.lines, layer.shapes, is_tree)


def _area(
    line: Line,
    levels: Sequence[str],
    codes: set[str],
    departments: set[str] | None,
    seen: FirstSeen,
) -> Row:
    code = line.code()
    seen.check(line, "code", code, f"area {code!r}")
    level = line.choice("level", levels) if levels else line.text("level")
    return {
        "code": code,
        "level": level,
        "parent": line.known_or_empty("parent", codes, "area") or None,
        "name": line.label(),
        "department": line.known_or_empty("department", departments, "department") or None,
    }


def _check_root(layer: Layer, roots: list[tuple[Line, Row]], profile: Profile | None) -> None:
    remedy = "Exactly one area, the city, has no parent"
    if not roots and layer.lines:
        layer.lines[0].faults.add(layer.file, None, "parent", "every area has a parent", remedy)
    for line, _ in roots[1:]:
        line.wrong("parent", "a second area has no parent", remedy)
    if roots and profile and profile.city["code"] not in ("", roots[0][1]["code"]):
        problem = f"the root is {roots[0][1]['code']!r}, city.toml says {profile.city['code']!r}"
        roots[0][0].wrong("code", problem, "Write the same code in both places")


def _is_tree(layer: Layer, rows: list[Row]) -> bool:
    try:
        Hierarchy.of(rows)
    except BrokenHierarchy as err:
        for line, row in zip(layer.lines, rows, strict=True):
            if row["code"] == err.code and row["parent"] in {other["code"] for other in rows}:
                line.wrong("parent", f"the area {err.reason}", "Correct its parent")
        return False
    return True


def read_cells(layer: Layer, profile: Profile | None, areas: set[str] | None) -> Cells:
    """The cells, checked: codes once and by the pattern, inside a known area by their code."""
    seen = FirstSeen()
    rows = [_cell(line, profile, areas, seen) for line in layer.lines]
    return Cells(rows, layer.lines, layer.shapes)


def _cell(line: Line, profile: Profile | None, areas: set[str] | None, seen: FirstSeen) -> Row:
    code, area = line.text("code"), line.known("area", areas, "area")
    seen.check(line, "code", code, f"cell {code!r}")
    if code and profile:
        _check_code(line, code, area, profile)
    return {"code": code, "area": area, "name": line.label()}


def _check_code(line: Line, code: str, area: str, profile: Profile) -> None:
    try:
        profile.pattern.check(code)
        parents = CellCode.parse(code).parents if profile.pattern.is_standard else (area,)
    except BadCellCode as err:
        line.wrong("code", f"{code!r}: {err.reason}", "Correct the code, or cell_code_pattern")
        return
    if area and area not in parents:
        problem = f"{code!r} belongs to {parents[0]!r} by its digits, to {area!r} by this field"
        line.wrong("area", problem, "Correct the code or the area")


def bounds_of(areas: Areas) -> tuple[float, float, float, float]:
    """West, south, east, north of all areas; the whole globe when none has a usable shape."""
    shapes = usable(areas.shapes)
    if not shapes.any():
        return EVERYWHERE
    west, south, east, north = shapely.total_bounds(areas.shapes[shapes]).tolist()
    return west, south, east, north


def areas_below_the_city(areas: Areas, lon_lat: NDArray[np.float64]) -> list[str]:
    """For each position (n, 2) the area right below the root that holds it.

    The smallest code where two do; the root itself where none does, empty without a root.
    """
    root = next((row["code"] for row in areas.rows if row["parent"] is None), "")
    here = usable(areas.shapes)
    below = [n for n, row in enumerate(areas.rows) if row["parent"] == root and here[n]]
    found = [root] * len(lon_lat)
    if root and below:
        tree = shapely.STRtree(areas.shapes[below])
        points, held_by = tree.query(shapely.points(lon_lat), predicate="covered_by").tolist()
        held = zip(points, (areas.rows[below[n]]["code"] for n in held_by), strict=True)
        for point, code in sorted(held, reverse=True):
            found[point] = code
    return found
