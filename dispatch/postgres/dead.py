"""Reports that five attempts could not decide: seen, given another chance, or put right.

Who reported is personal data and never read here; it goes along with the report by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dispatch.postgres.inbox import INBOX_CHANNEL, accept_many
from dispatch.report import Acceptance, Channel, Submission


@dataclass(frozen=True, slots=True)
class DeadReport:
    """A report without a decision, and what stood in the way at the last attempt."""

    id: int
    category: str
    received_at: datetime
    decided_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class DeadContent:
    """Everything about a dead report but who reported it.

    *lon*, *lat* are degrees in *datum*, as they were sent; None when only an address was given.
    *replay_of* is the dead report that this one was made from; *replayed_as* the one made from it.
    """

    id: int
    source: str
    channel: Channel
    category: str
    lon: float | None
    lat: float | None
    datum: str
    accuracy_m: float | None
    happened_at: datetime
    received_at: datetime
    decided_at: datetime
    reason: str
    attempts: int
    description: str
    address: str
    condition: str | None
    attributes: Mapping[str, str]
    photos: int
    replay_of: int | None
    replayed_as: int | None


_LIST: Final = """
    SELECT i.id, i.category, i.received_at, i.decided_at, i.reason
      FROM inbox i
     WHERE i.state = 'dead'
       AND NOT EXISTS (SELECT FROM inbox later WHERE later.replay_of = i.id)
     ORDER BY i.id
     LIMIT %(limit)s
"""

_CONTENT: Final = """
    SELECT i.id, i.source, i.channel, i.category, i.given_lon AS lon, i.given_lat AS lat, i.datum,
           i.accuracy_m, i.happened_at, i.received_at, i.decided_at, i.reason, i.attempts,
           i.body->>'description' AS description, i.body->>'address' AS address,
           i.body->>'condition' AS condition, i.body->'attributes' AS attributes,
           (SELECT count(*) FROM photo p WHERE p.inbox_id = i.id) AS photos,
           i.replay_of,
           (SELECT later.id FROM inbox later WHERE later.replay_of = i.id) AS replayed_as
      FROM inbox i
     WHERE i.id = %(id)s
       AND i.state = 'dead'
"""

_REVIVE: Final = """
    UPDATE inbox i
       SET state = 'accepted', reason = NULL, decided_at = NULL, attempts = 0,
           published_at = NULL
     WHERE i.id = %(id)s
       AND i.state = 'dead'
       AND NOT EXISTS (SELECT FROM inbox later WHERE later.replay_of = i.id)
"""

# What hangs on the dead report goes with the one that took its place.
_TAKE_OVER: Final = (
    "UPDATE inbox SET replay_of = %(old)s WHERE id = %(new)s",
    "INSERT INTO reporter (inbox_id, name, phone, email)"
    " SELECT %(new)s, name, phone, email FROM reporter WHERE inbox_id = %(old)s",
    "UPDATE photo SET inbox_id = %(new)s WHERE inbox_id = %(old)s",
)


async def list_dead(conn: AsyncConnection, limit: int = 1000) -> list[DeadReport]:
    """Dead reports that nobody has put right yet, oldest first."""
    async with conn.cursor(row_factory=class_row(DeadReport)) as cur:
        await cur.execute(_LIST, {"limit": limit})
        return await cur.fetchall()


async def find_dead(
    conn: AsyncConnection, report_id: int, *, lock: bool = False
) -> DeadContent | None:
    """Everything about a dead report, None when it is not dead; locked until the end if asked."""
    query = f"{_CONTENT} FOR UPDATE OF i" if lock else _CONTENT
    async with conn.cursor(row_factory=class_row(DeadContent)) as cur:
        await cur.execute(query, {"id": report_id})
        return await cur.fetchone()


async def revive(conn: AsyncConnection, report_id: int) -> bool:
    """Let the report be decided again as if it had just come.

    False when it is not dead, or when another report has taken its place.
    """
    done = await conn.execute(_REVIVE, {"id": report_id})
    if done.rowcount == 1:
        await conn.execute("SELECT pg_notify(%s, '')", [INBOX_CHANNEL])
    return done.rowcount == 1


async def resubmit(conn: AsyncConnection, report_id: int, righted: Submission) -> Acceptance:
    """Accept *righted* in the place of a dead report, which the caller has locked by `find_dead`.

    The dead one stays dead. Its reporter is copied and its photos move to the new one.
    """
    [acceptance] = await accept_many(conn, [righted])
    for statement in _TAKE_OVER:
        await conn.execute(statement, {"old": report_id, "new": acceptance.report_id})
    return acceptance
