"""Areas to draw cells in: the areas of a city pack, or nothing but communities.

A file of communities needs `code` (twelve digits) and `name_zh`; streets and the division above
them are read off the codes and named by them until somebody writes better names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from app.city.faults import Faults
from app.city.layers import Layer, Shapes, texts_of
from app.city.lines import Line
from app.city.territory import AREAS, read_areas
from app.grid.reading import layer_of, read_vector, shapes_in_degrees
from grid.hierarchy import Area
from grid.naming import Label, Row

OPTIONAL: Final = ("name_en", "department")
_LEVELS: Final = {6: "division", 9: "street"}


@dataclass(frozen=True, slots=True)
class Territory:
    """Areas with their shapes (degrees, None where derived) and feature numbers, from 1.

    *derived* areas were read off the codes of others; they come last and have no feature.
    """

    file: str
    areas: tuple[Area, ...]
    shapes: Shapes
    derived: tuple[str, ...]

    def row_of(self, code: str) -> int | None:
        """The number of the feature of an area, from 1; None when it has none."""
        codes = [area.code for area in self.areas]
        number = codes.index(code) if code in codes else len(codes)
        return number + 1 if number < len(codes) - len(self.derived) else None


def read_territory(argument: str, faults: Faults) -> Territory | None:
    """The areas of ``FILE`` or ``FILE:LAYER``; None when a fault was noted."""
    before = len(faults.found)
    frame = read_vector(argument, faults)
    if frame is None:
        return None
    file = layer_of(argument)[0].name
    shapes = shapes_in_degrees(file, frame, faults)
    is_flat = not {"level", "parent"} & set(frame.columns)
    if shapes is None or not _has_columns(file, frame, is_flat, faults):
        return None
    rows = texts_of(_table(frame))
    if is_flat:
        rows = [row | {"level": "community", "parent": str(row["code"])[:9]} for row in rows]
        _refuse_other_codes(file, rows, faults)
    if len(faults.found) > before:
        return None
    derived = _derived([str(row["code"]) for row in rows]) if is_flat else ()
    rows += [_row_of(one) for one in derived]
    shapes = np.concatenate([shapes, np.full(len(derived), None, dtype=object)])
    lines = tuple(Line(file, n, row, faults) for n, row in enumerate(rows, start=1))
    read = read_areas(Layer(file, lines, shapes), None, None)
    if len(faults.found) > before:
        return None
    areas = tuple(Area.of(row) for row in read.rows)
    return Territory(file, areas, shapes, tuple(one.code for one in derived))


def _has_columns(file: str, frame: gpd.GeoDataFrame, is_flat: bool, faults: Faults) -> bool:
    wanted = ("code", "name_zh") if is_flat else AREAS
    missing = [name for name in wanted if name not in frame.columns and name not in OPTIONAL]
    for column in missing:
        faults.add(file, None, column, "the column is missing", f"Add a field {column!r}")
    return not missing


def _table(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """The columns of areas; without an English name the Chinese one stands for both."""
    table = pd.DataFrame(frame[[name for name in AREAS if name in frame.columns]])
    if "name_en" not in table:
        table["name_en"] = table["name_zh"]
    if "department" not in table:
        table["department"] = ""
    return table


def _refuse_other_codes(file: str, rows: Sequence[Row], faults: Faults) -> None:
    for number, row in enumerate(rows, start=1):
        code = str(row["code"])
        if not (len(code) == 12 and code.isascii() and code.isdigit()):
            remedy = "Correct it, or add the fields level and parent and the areas above"
            faults.add(file, number, "code", f"{code!r} does not have twelve digits", remedy)
    if len({str(row["code"])[:6] for row in rows}) > 1:
        remedy = "Hand in one division, or add the fields level and parent and the areas above"
        faults.add(file, None, "code", "the communities are of several divisions", remedy)


def _derived(codes: list[str]) -> tuple[Area, ...]:
    """The streets and the division of communities with twelve-digit codes."""
    above = sorted({code[:digits] for code in codes for digits in _LEVELS})
    areas = [
        Area(
            code, _LEVELS[len(code)], code[:6] if len(code) == 9 else None, Label(code, code), None
        )
        for code in above
        if len(code) in _LEVELS
    ]
    return tuple(areas)


def _row_of(area: Area) -> dict[str, object]:
    return {
        "code": area.code,
        "level": area.level,
        "parent": area.parent or "",
        "name_zh": area.name.zh,
        "name_en": area.name.en,
        "department": "",
    }
