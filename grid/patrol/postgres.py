"""Duty grids and shifts in PostgreSQL, and the lineage that they follow."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row, tuple_row

from grid.naming import Row
from grid.versions.changes import Succession

# What was loaded last at that moment; before the first load the first one counts. Cells are those
# of the grid that was in force when the part was loaded: a pack is checked against its own.
_PART: Final = """
    SELECT content, version, active_grid_version(loaded_at)
      FROM city_part
     WHERE part = %(part)s
     ORDER BY loaded_at <= %(at)s DESC,
              CASE WHEN loaded_at <= %(at)s THEN version END DESC,
              version
     LIMIT 1
"""
_SUCCESSIONS: Final = """
    SELECT code, successor, area_m2, share
      FROM cell_lineage
     WHERE base = %(base)s AND version = %(version)s
"""
_SIZES: Final = """
    SELECT code, area_m2
      FROM cell
     WHERE grid_version = %(version)s
"""


@dataclass(frozen=True, slots=True)
class StoredDuty:
    """The parts ``duty_grids`` and ``duty_shifts`` as of a moment.

    *version* is that of the duty grids, *base* the grid version whose cells they name.
    """

    duty_grids: list[Row]
    shifts: list[Row]
    version: int
    base: int


async def find_duty(conn: AsyncConnection[Any], at: datetime) -> StoredDuty | None:
    """What was loaded of duty grids and shifts at a moment, None when no pack brought any."""
    duty_grids = await _part(conn, "duty_grids", at)
    if duty_grids is None:
        return None
    shifts = await _part(conn, "duty_shifts", at)
    content, version, base = duty_grids
    return StoredDuty(content, shifts[0] if shifts else [], version, base)


async def list_successions(conn: AsyncConnection[Any], base: int, version: int) -> list[Succession]:
    """The lineage kept with a release; empty when the two were never compared."""
    async with conn.cursor(row_factory=class_row(Succession)) as cursor:
        await cursor.execute(_SUCCESSIONS, {"base": base, "version": version})
        return await cursor.fetchall()


async def cell_sizes(conn: AsyncConnection[Any], version: int) -> dict[str, float]:
    """The area in m² of each cell of a version."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_SIZES, {"version": version})
        return dict(await cursor.fetchall())


async def _part(
    conn: AsyncConnection[Any], part: str, at: datetime
) -> tuple[list[Row], int, int] | None:
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_PART, {"part": part, "at": at})
        return await cursor.fetchone()
