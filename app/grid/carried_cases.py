"""Cases and the cells they belong to: as then, when each was opened, and as now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from grid.cell import Cell
from grid.versions.carrying import Carrier
from grid.versions.changes import Change, Kind

_OPEN: Final = """
    SELECT number, cell, ST_X(position), ST_Y(position)
      FROM cases
     WHERE closed_at IS NULL
     ORDER BY id
"""
_AS_THEN: Final = """
    SELECT cell, count(*)
      FROM cases
     GROUP BY cell
"""
_AS_NOW: Final = """
    SELECT cell_at(position, %(version)s), count(*)
      FROM cases
     GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that is not over, where it is, and the cell it was opened in."""

    number: str
    cell: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class CarriedCase:
    """An open case whose cell is not the same in both versions; None: no cell holds it."""

    number: str
    before: str | None
    after: str | None

    def as_dict(self) -> dict[str, Any]:
        """The form for JSON."""
        return asdict(self)


async def list_open_cases(conn: AsyncConnection) -> list[OpenCase]:
    """All cases that are not over, the oldest first."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_OPEN)
        return [OpenCase(*row) for row in await cursor.fetchall()]


async def count_by_cell(conn: AsyncConnection, version: int | None = None) -> dict[str | None, int]:
    """How many cases each cell has: as then, or carried to the cells of a version.

    Cases that no cell of the version holds are counted under None.
    """
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_AS_THEN if version is None else _AS_NOW, {"version": version})
        return dict(await cursor.fetchall())


def carry(cases: Sequence[OpenCase], old: Sequence[Cell], new: Sequence[Cell]) -> list[CarriedCase]:
    """The cases that belong to another cell, or to one or none, once *new* is in force."""
    if not cases:
        return []
    spots = np.array([(case.lon, case.lat) for case in cases])
    found = zip(cases, _cells(old, spots), _cells(new, spots), strict=True)
    return [
        CarriedCase(case.number, before, after) for case, before, after in found if before != after
    ]


def _cells(cells: Sequence[Cell], spots: np.ndarray[Any, Any]) -> list[str | None]:
    return Carrier.to(cells).cells(spots) if cells else [None] * len(spots)


def affected_by(change: Change, carried: Sequence[CarriedCase]) -> int:
    """How many of the carried cases this change is the reason for.

    A case may have several: one that leaves a cell that was split lies in another cell's ground.
    """
    return sum(_is_affected(change, case) for case in carried)


def _is_affected(change: Change, case: CarriedCase) -> bool:
    leaves, comes = case.before in change.before, case.after in change.after
    match change.kind:
        case Kind.ADDED:
            return comes
        case Kind.MOVED:
            return leaves or comes
        case Kind.RENAMED | Kind.TRANSFERRED:
            return False
        case _:
            return leaves
