"""The agenda of the clock: which cases have to be held against their ladder, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from psycopg import AsyncConnection

PART: Final = "escalation"
"""The part of a city pack that holds the ladders."""

# Whoever writes an event holds its case, and so does the clock while it looks: neither misses the
# other. Cities without ladders have nothing to look at.
MARK: Final = """
    INSERT INTO agenda AS a (case_id)
    SELECT DISTINCT r.case_id
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(case_id bigint)
     WHERE EXISTS (SELECT FROM city_part WHERE part = 'escalation')
     ORDER BY r.case_id
        ON CONFLICT (case_id) DO UPDATE
       SET look_at = '-infinity'
"""

# The cases are locked with their lines: who holds one is at it, and brings it here again.
_CLAIM: Final = """
    SELECT a.case_id
      FROM agenda a
      JOIN cases c ON c.id = a.case_id
     WHERE a.look_at <= %(moment)s
     ORDER BY a.look_at, a.case_id
     LIMIT %(limit)s
       FOR UPDATE OF c, a SKIP LOCKED
"""

_EVERY_OPEN_CASE: Final = """
    INSERT INTO agenda AS a (case_id)
    SELECT id
      FROM cases
     WHERE closed_at IS NULL
     ORDER BY id
        ON CONFLICT (case_id) DO UPDATE
       SET look_at = '-infinity'
"""


async def claim(conn: AsyncConnection, moment: datetime, limit: int) -> list[int]:
    """Cases to be looked at by *moment*, those waiting longest first; they are locked."""
    found = await conn.execute(_CLAIM, {"moment": moment, "limit": limit})
    return [row[0] for row in await found.fetchall()]


async def look_again(conn: AsyncConnection, case_id: int, at: datetime | None) -> None:
    """Put a claimed case down for another moment; None takes it from the agenda."""
    if at is None:
        await conn.execute("DELETE FROM agenda WHERE case_id = %s", [case_id])
    else:
        await conn.execute("UPDATE agenda SET look_at = %s WHERE case_id = %s", [at, case_id])


async def take_up(conn: AsyncConnection, version: int) -> bool:
    """Bring every open case onto the agenda when the ladders are of another version than it.

    One clock does it; another one waits for it and finds it done.
    """
    found = await conn.execute("SELECT version FROM agenda_ladders")
    if await found.fetchone() == (version,):
        return False
    done = await conn.execute(
        "UPDATE agenda_ladders SET version = %(version)s WHERE version <> %(version)s",
        {"version": version},
    )
    if done.rowcount:
        await conn.execute(_EVERY_OPEN_CASE)
    return done.rowcount > 0
