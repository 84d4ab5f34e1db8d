"""What the city warns of: set for an area and a time, and lifted. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dispatch.context import CityWarning

_COLUMNS: Final = "SELECT id, kind, area, since, until, note, set_by, ended_by FROM warning"

_SET: Final = """
    INSERT INTO warning (kind, area, since, until, note, set_by)
    VALUES (%(kind)s, %(area)s, %(since)s, %(until)s, %(note)s, %(set_by)s)
    RETURNING id, kind, area, since, until, note, set_by, ended_by
"""

# One that has not begun ends where it begins, and so was never in force.
_LIFT: Final = """
    UPDATE warning
       SET until = greatest(since, %(at)s), ended_by = %(by)s
     WHERE id = %(id)s
       AND until > %(at)s
       AND ended_by IS NULL
    RETURNING id, kind, area, since, until, note, set_by, ended_by
"""


async def warnings_in_force(conn: AsyncConnection, at: datetime) -> list[CityWarning]:
    """The warnings in force at a moment, oldest first."""
    return await _read(conn, {"at": at}, f"{_COLUMNS} WHERE since <= %(at)s AND until > %(at)s")


async def warnings_during(
    conn: AsyncConnection, first: datetime, last: datetime
) -> list[CityWarning]:
    """The warnings that were in force at some moment from *first* to *last*, oldest first."""
    bounds = {"first": first, "last": last}
    return await _read(conn, bounds, f"{_COLUMNS} WHERE since <= %(last)s AND until > %(first)s")


async def coming_warnings(conn: AsyncConnection, at: datetime) -> list[CityWarning]:
    """The warnings that are in force at a moment or will be, oldest first."""
    return await _read(conn, {"at": at}, f"{_COLUMNS} WHERE until > %(at)s AND ended_by IS NULL")


async def set_warning(
    conn: AsyncConnection,
    *,
    kind: str,
    area: str,
    since: datetime,
    until: datetime,
    note: str,
    by: str,
) -> CityWarning:
    """Warn of something; the same again for the same area and time is another warning."""
    told: Mapping[str, object] = {
        "kind": kind,
        "area": area,
        "since": since,
        "until": until,
        "note": note,
        "set_by": by,
    }
    async with conn.cursor(row_factory=class_row(CityWarning)) as cur:
        await cur.execute(_SET, told)
        [made] = await cur.fetchall()
    return made


async def find_warning(conn: AsyncConnection, warning_id: int) -> CityWarning | None:
    """The warning, whether or not it is in force."""
    found = await _read(conn, {"id": warning_id}, f"{_COLUMNS} WHERE id = %(id)s")
    return found[0] if found else None


async def lift_warning(
    conn: AsyncConnection, warning_id: int, *, at: datetime, by: str
) -> CityWarning | None:
    """End a warning now; None when there is none, or it is over already."""
    found = await _read(conn, {"id": warning_id, "at": at, "by": by}, _LIFT, "")
    return found[0] if found else None


async def _read(
    conn: AsyncConnection,
    values: Mapping[str, object],
    query: LiteralString,
    order: LiteralString = " ORDER BY since, id",
) -> list[CityWarning]:
    async with conn.cursor(row_factory=class_row(CityWarning)) as cur:
        await cur.execute(query + order, values)
        return await cur.fetchall()
