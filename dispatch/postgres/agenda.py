"""The agenda of the clock: which cases have to be held against their ladder, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection

from dispatch.postgres.destinations import among_events, between_events

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

# The cases are locked with their lines: who holds one is at it, and brings it here again. Taking up
# all open cases waits for these lines with the table of destinations in its hand.
_CLAIM: Final = """
    SELECT a.case_id
      FROM agenda a
      JOIN cases c ON c.id = a.case_id
     WHERE a.look_at <= %(moment)s
     ORDER BY a.look_at, a.case_id
     LIMIT %(limit)s
       FOR UPDATE OF c, a SKIP LOCKED
"""

_LATER: Final = """
    UPDATE agenda AS a
       SET look_at = later.look_at
      FROM unnest(%(cases)s::bigint[], %(at)s::timestamptz[]) AS later(case_id, look_at)
     WHERE a.case_id = later.case_id
"""

_LADDERS: Final = """
    SELECT version, up_to
      FROM agenda_ladders
       FOR UPDATE SKIP LOCKED
"""

_MORE_OPEN_CASES: Final = """
    WITH more AS (
           SELECT id
             FROM cases
            WHERE closed_at IS NULL AND id > %(up_to)s
            ORDER BY id
            LIMIT %(limit)s),
         put AS (
           INSERT INTO agenda AS a (case_id)
           SELECT id FROM more ORDER BY id
               ON CONFLICT (case_id) DO UPDATE
              SET look_at = '-infinity')
    UPDATE agenda_ladders
       SET version = %(version)s, up_to = (SELECT max(id) FROM more)
    RETURNING up_to IS NOT NULL
"""


async def claim(conn: AsyncConnection, moment: datetime, limit: int) -> list[int]:
    """Cases to be looked at by *moment*, those waiting longest first; they are locked.

    So are the destinations before them: who has claimed waits for nobody when it writes events.
    """
    await among_events(conn)
    found = await conn.execute(_CLAIM, {"moment": moment, "limit": limit})
    return [row[0] for row in await found.fetchall()]


async def look_again(conn: AsyncConnection, at: Mapping[int, datetime | None]) -> None:
    """Put claimed cases down for another moment each; None takes one from the agenda."""
    done = [case_id for case_id, moment in at.items() if moment is None]
    later = {case_id: moment for case_id, moment in at.items() if moment is not None}
    if done:
        await conn.execute("DELETE FROM agenda WHERE case_id = ANY(%s)", [done])
    if later:
        await conn.execute(_LATER, {"cases": list(later), "at": list(later.values())})


async def take_up(conn: AsyncConnection, version: int, limit: int = 5000) -> bool:
    """Bring the next open cases onto the agenda when the ladders are of another version than it.

    False when all are there, or another clock is at it.
    """
    found = await conn.execute(_LADDERS)
    standing = await found.fetchone()
    if standing is None or standing == (version, None):
        return False
    up_to = standing[1] if standing[0] == version else 0
    if up_to == 0:
        # Who was in the middle of writing when the ladders were loaded did not see them.
        await between_events(conn)
    done = await conn.execute(
        _MORE_OPEN_CASES, {"version": version, "up_to": up_to, "limit": limit}
    )
    return await done.fetchone() == (True,)
