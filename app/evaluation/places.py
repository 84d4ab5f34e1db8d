"""Where a case is counted: in the cell it was told to be in, or in the one that holds it now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from app.evaluation.asking import CELL
from grid.cell import Cell
from grid.hierarchy import Hierarchy
from grid.naming import Label
from grid.versions.carrying import Carrier

# Of an area that several versions have, the newest says its level and name.
_AREAS: Final = """
    SELECT DISTINCT ON (code) code, level, name_zh, name_en
      FROM area
     ORDER BY code, grid_version DESC
"""
_CELLS: Final = """
    SELECT DISTINCT ON (code) code, name_zh, name_en
      FROM cell
     WHERE code = ANY(%(codes)s)
     ORDER BY code, grid_version DESC
"""


@dataclass(frozen=True, slots=True)
class AreasEver:
    """Level and name of every area that any version of the grid has had, by code."""

    levels: Mapping[str, str]
    names: Mapping[str, Label]


class Located(Protocol):
    """What has a place: a case as it was told last, or a rating of one. Degrees WGS84."""

    @property
    def category(self) -> str: ...  # noqa: D102
    @property
    def cell(self) -> str: ...  # noqa: D102
    @property
    def areas(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def lon(self) -> float: ...  # noqa: D102
    @property
    def lat(self) -> float: ...  # noqa: D102


class Places(Protocol):
    """The key of each of some cases in a table by place; None where it lies in none."""

    def __call__(self, told: Sequence[Located]) -> Sequence[str | None]:
        """One key for each case, in their order."""
        ...


def as_then(by: str, areas: AreasEver) -> Places:
    """The cell or area of the grid that each case was decided by."""

    def keys(told: Sequence[Located]) -> Sequence[str | None]:
        if by == CELL:
            return [one.cell for one in told]
        return [_at_level(one.areas, by, areas.levels) for one in told]

    return keys


def as_now(by: str, cells: Sequence[Cell], hierarchy: Hierarchy) -> Places:
    """The cell or area of another version that holds the position of each case."""
    carrier = Carrier.to(cells)
    levels = {area.code: area.level for area in hierarchy}
    above = {cell.code: hierarchy.path(cell.area) for cell in cells}

    def keys(told: Sequence[Located]) -> Sequence[str | None]:
        lon_lat = np.array([(one.lon, one.lat) for one in told], dtype=np.float64)
        found = carrier.cells(lon_lat.reshape(-1, 2))
        if by == CELL:
            return found
        return [_at_level(above[code], by, levels) if code else None for code in found]

    return keys


def _at_level(codes: Sequence[str], level: str, levels: Mapping[str, str]) -> str | None:
    return next((code for code in codes if levels.get(code) == level), None)


async def read_areas(conn: AsyncConnection[Any]) -> AreasEver:
    """All areas that ever were."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_AREAS)
        rows = await cursor.fetchall()
    return AreasEver(
        {code: level for code, level, _, _ in rows},
        {code: Label(zh, en) for code, _, zh, en in rows},
    )


async def read_cell_names(conn: AsyncConnection[Any], codes: Sequence[str]) -> dict[str, Label]:
    """The names of cells of any version."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_CELLS, {"codes": codes})
        return {code: Label(zh, en) for code, zh, en in await cursor.fetchall()}
