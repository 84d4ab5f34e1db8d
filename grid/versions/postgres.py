"""Releases in PostgreSQL: which version is in force, which comes next, what succeeded what.

Every function belongs into a transaction of its caller.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

import numpy as np
import shapely
from psycopg import AsyncConnection
from psycopg.rows import class_row, tuple_row
from psycopg.types.json import Jsonb

from grid.cell import Cell
from grid.errors import UnknownGridVersion
from grid.naming import Label
from grid.versions.changes import Comparison
from grid.versions.errors import NoActiveGrid, NotARelease
from grid.versions.release import Reign, Release, summary_of

# As active_grid_version() does: before the first of all reigns the first one counts.
_ACTIVE: Final = """
    SELECT version, active_from, active_until
      FROM grid_reign
     ORDER BY active_from <= %(at)s DESC,
              greatest(%(at)s - active_from, active_from - %(at)s)
     LIMIT 1
"""
_COMING: Final = """
    SELECT version, active_from, active_until
      FROM grid_reign
     WHERE active_from > %(at)s
     ORDER BY active_from
     LIMIT 1
"""
_REIGNS: Final = """
    SELECT version, active_from, active_until
      FROM grid_reign
     ORDER BY active_from
"""
_RELEASES: Final = """
    SELECT version, note, drafted_by, drafted_at, base, comparison, approved_by, approved_at
      FROM grid_release
     ORDER BY version
"""
_RELEASE: Final = """
    SELECT version, note, drafted_by, drafted_at, base, comparison, approved_by, approved_at
      FROM grid_release
     WHERE version = %(version)s
       FOR UPDATE
"""
_KNOWN: Final = "SELECT EXISTS (SELECT FROM grid_version WHERE version = %(version)s)"
_CELLS: Final = """
    SELECT code, area, name_zh, name_en, ST_AsBinary(geom)
      FROM cell
     WHERE grid_version = %(version)s
     ORDER BY code COLLATE "C"
"""
_DRAFT: Final = """
    INSERT INTO grid_release (version, note, drafted_by)
    VALUES (%(version)s, %(note)s, %(by)s)
"""
_COMPARED: Final = """
    UPDATE grid_release
       SET base = %(base)s, comparison = %(comparison)s, compared_at = clock_timestamp(),
           approved_by = NULL, approved_at = NULL
     WHERE version = %(version)s
"""
_FORGET: Final = """
    DELETE FROM cell_lineage
     WHERE version = %(version)s AND base = %(base)s
"""
_COPY_LINEAGE: Final = """
    COPY cell_lineage (base, version, code, successor, area_m2, share) FROM STDIN
"""
_APPROVE: Final = """
    UPDATE grid_release
       SET approved_by = %(by)s, approved_at = clock_timestamp()
     WHERE version = %(version)s
"""
_ORDER: Final = """
    INSERT INTO grid_activation (version, active_from, ordered_by)
    VALUES (%(version)s, %(active_from)s, %(by)s)
"""

_Connection = AsyncConnection[Any]


async def active_version(conn: _Connection, at: datetime) -> int:
    """The version in force at a moment. NoActiveGrid before the first city pack."""
    reign = await active_reign(conn, at)
    if reign is None:
        raise NoActiveGrid
    return reign.version


async def active_reign(conn: _Connection, at: datetime) -> Reign | None:
    """What is in force at a moment, None before the first city pack."""
    async with conn.cursor(row_factory=class_row(Reign)) as cursor:
        await cursor.execute(_ACTIVE, {"at": at})
        return await cursor.fetchone()


async def coming_reign(conn: _Connection, at: datetime) -> Reign | None:
    """The first switch after a moment, None when none was ordered."""
    async with conn.cursor(row_factory=class_row(Reign)) as cursor:
        await cursor.execute(_COMING, {"at": at})
        return await cursor.fetchone()


async def list_reigns(conn: _Connection) -> list[Reign]:
    """Every stretch of time that a version was or will be in force, in order."""
    async with conn.cursor(row_factory=class_row(Reign)) as cursor:
        await cursor.execute(_REIGNS)
        return await cursor.fetchall()


async def list_releases(conn: _Connection) -> list[Release]:
    """Every drafted version."""
    async with conn.cursor(row_factory=class_row(Release)) as cursor:
        await cursor.execute(_RELEASES)
        return await cursor.fetchall()


async def find_release(conn: _Connection, version: int) -> Release | None:
    """The release, locked; None for a version of a city pack. Raises UnknownGridVersion."""
    async with conn.cursor(row_factory=class_row(Release)) as cursor:
        await cursor.execute(_RELEASE, {"version": version})
        release = await cursor.fetchone()
    if release is None and await _rows(conn, _KNOWN, {"version": version}) == [(False,)]:
        raise UnknownGridVersion(version)
    return release


async def get_release(conn: _Connection, version: int) -> Release:
    """The release, locked. Raises UnknownGridVersion, NotARelease."""
    release = await find_release(conn, version)
    if release is None:
        raise NotARelease(version)
    return release


async def read_cells(conn: _Connection, version: int) -> list[Cell]:
    """The cells of a version by ascending code. Raises UnknownGridVersion."""
    async with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(_CELLS, {"version": version})
        rows = await cursor.fetchall()
    if not rows and await _rows(conn, _KNOWN, {"version": version}) == [(False,)]:
        raise UnknownGridVersion(version)
    shapes = shapely.from_wkb(np.array([row[4] for row in rows], dtype=object))
    return [
        Cell(code, area, Label(zh, en), shape)
        for (code, area, zh, en, _), shape in zip(rows, shapes, strict=True)
    ]


async def draft_release(conn: _Connection, version: int, note: str, by: str) -> None:
    """Make a release of a version that the same transaction has stored."""
    await conn.execute(_DRAFT, {"version": version, "note": note, "by": by})


async def save_comparison(
    conn: _Connection, version: int, base: int, comparison: Comparison
) -> None:
    """Keep what a release changes against *base*, and who succeeds whom.

    A comparison kept before goes, and so does an approval that was given for it.
    """
    facts = {"version": version, "base": base}
    await conn.execute(_COMPARED, facts | {"comparison": Jsonb(summary_of(comparison))})
    await conn.execute(_FORGET, facts)
    async with conn.cursor() as cursor, cursor.copy(_COPY_LINEAGE) as copy:
        for one in comparison.successions:
            await copy.write_row((base, version, one.code, one.successor, one.area_m2, one.share))


async def approve(conn: _Connection, version: int, by: str) -> None:
    """Note that *by* answers for the release."""
    await conn.execute(_APPROVE, {"version": version, "by": by})


async def order_activation(conn: _Connection, version: int, active_from: datetime, by: str) -> None:
    """Order the version to be in force from a moment on; `check_activation` says whether it may."""
    await conn.execute(_ORDER, {"version": version, "active_from": active_from, "by": by})


async def _rows(
    conn: _Connection, query: LiteralString, facts: dict[str, object]
) -> Sequence[tuple[Any, ...]]:
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(query, facts)
        return await cursor.fetchall()
