"""The register in PostgreSQL: releases with their sizes, one cell, and the cells of positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from psycopg import AsyncConnection
from psycopg.rows import class_row, tuple_row
from shapely.geometry.base import BaseGeometry

from grid.naming import Label

_EDITIONS: Final = """
    SELECT version, active_from, active_until,
           (SELECT count(*) FROM area WHERE grid_version = version) AS areas,
           (SELECT count(*) FROM cell WHERE grid_version = version) AS cells,
           coalesce(note, '') AS note
      FROM grid_reign
      LEFT JOIN grid_release USING (version)
     ORDER BY active_from DESC
"""
_CELL: Final = """
    SELECT cell.code, area, name_zh, name_en, area_m2, grid_version, ST_AsBinary(geom),
           life.began_at, life.ended_at
      FROM cell
      JOIN cell_life AS life ON life.code = cell.code
     WHERE cell.code = %(code)s
       AND grid_version = %(version)s
"""
_LAST_HAD: Final = """
    SELECT version
      FROM grid_reign
      JOIN cell ON grid_version = version AND code = %(code)s
     WHERE active_from <= %(at)s
     ORDER BY active_from DESC
     LIMIT 1
"""
_SUCCESSORS: Final = """
    SELECT version, successor, area_m2, share
      FROM cell_lineage
     WHERE base = %(version)s
       AND code = %(code)s
       AND version IN (SELECT version FROM grid_reign)
     ORDER BY version, successor COLLATE "C"
"""
# As `grid.locate` answers it from its index: of several that touch, the smallest code.
_LOCATE: Final = """
    SELECT code, area
      FROM unnest(%(lon)s::float8[], %(lat)s::float8[]) WITH ORDINALITY AS given (lon, lat, turn)
      LEFT JOIN LATERAL (
           SELECT code, area
             FROM cell
            WHERE grid_version = %(version)s
              AND ST_Intersects(geom, ST_SetSRID(ST_MakePoint(lon, lat), 4326))
            ORDER BY code COLLATE "C"
            LIMIT 1) AS held ON true
     ORDER BY turn
"""

_Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Edition:
    """A stretch of time in which a version was or will be in force, and how large it is."""

    version: int
    active_from: datetime
    active_until: datetime | None
    areas: int
    cells: int
    note: str


@dataclass(frozen=True, slots=True)
class Successor:
    """A cell that holds ground of another in *version*: so many m², such a share (0 to 1) of it."""

    version: int
    successor: str
    area_m2: float
    share: float


@dataclass(frozen=True, slots=True)
class RegisteredCell:
    """A cell as *version* has it. *began_at* and *ended_at* are of its code in all versions."""

    code: str
    area: str
    name: Label
    area_m2: float
    version: int
    geometry: BaseGeometry
    began_at: datetime
    ended_at: datetime | None


async def list_editions(conn: _Connection) -> list[Edition]:
    """Every version that was, is, or was ordered to be in force; the latest first."""
    async with conn.cursor(row_factory=class_row(Edition)) as cursor:
        await cursor.execute(_EDITIONS)
        return await cursor.fetchall()


async def find_cell(conn: _Connection, code: str, version: int) -> RegisteredCell | None:
    """The cell as a version that was in force has it, None when it has none of this code."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_CELL, {"code": code, "version": version})
        row = await cursor.fetchone()
    if row is None:
        return None
    code, area, zh, en, area_m2, version, shape, began_at, ended_at = row
    geometry = shapely.from_wkb(shape)
    return RegisteredCell(code, area, Label(zh, en), area_m2, version, geometry, began_at, ended_at)


async def last_version_of(conn: _Connection, code: str, at: datetime) -> int | None:
    """The last version in force up to a moment that had the cell; None when none had it."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_LAST_HAD, {"code": code, "at": at})
        row = await cursor.fetchone()
    return row[0] if row else None


async def successors_of(conn: _Connection, code: str, version: int) -> Sequence[Successor]:
    """Who holds the ground of a cell of *version* in versions that followed it.

    Empty also for a cell that stayed as it was, which is its own successor.
    """
    async with conn.cursor(row_factory=class_row(Successor)) as cursor:
        await cursor.execute(_SUCCESSORS, {"code": code, "version": version})
        return await cursor.fetchall()


async def locate_cells(
    conn: _Connection, lon_lat: NDArray[np.float64], version: int
) -> list[tuple[str, str] | None]:
    """The cell of each position in a version, with the smallest area above it; None for no cell.

    *lon_lat* has shape (n, 2), degrees WGS84. A position on a shared edge belongs to the cell with
    the smallest code, as `grid.locate.Grid` says it.
    """
    given = {"lon": lon_lat[:, 0].tolist(), "lat": lon_lat[:, 1].tolist(), "version": version}
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_LOCATE, given)
        return [None if row[0] is None else row for row in await cursor.fetchall()]
