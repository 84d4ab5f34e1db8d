"""The numbered log of what happened, and the inbox rows that wait to be carried to the streams.

The relay numbers events, not the insert: identities commit out of order and leave gaps.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

OUTBOX_CHANNEL: Final = "citygrid_outbox"
"""NOTIFY channel: something new waits to be numbered."""

LOG_CHANNEL: Final = "citygrid_log"
"""NOTIFY channel: the log has grown; the payload is its last position."""

_NUMBER: Final = """
    WITH fresh AS (
           SELECT id, row_number() OVER (ORDER BY id) AS n
             FROM outbox
            WHERE position IS NULL
            ORDER BY id
            LIMIT %(limit)s)
    UPDATE outbox o
       SET position = %(head)s + fresh.n
      FROM fresh
     WHERE o.id = fresh.id
    RETURNING o.position, o.topic, o.key, o.payload
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the numbered log: a CloudEvents JSON text at its position."""

    position: int
    topic: str
    key: str
    payload: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An accepted report that no stream has been told of."""

    id: int
    category: str


async def number(conn: AsyncConnection, limit: int = 1000) -> tuple[str, list[Entry]]:
    """Give the next positions to what waits, in order; the name of the log, and what was numbered.

    The positions have no gap.
    """
    # The lock on the one row of log_head makes numbering a queue of one.
    found = await conn.execute("SELECT position, name::text FROM log_head FOR UPDATE")
    head, name = await found.fetchone() or (0, "")
    async with conn.cursor(row_factory=class_row(Entry)) as cur:
        await cur.execute(_NUMBER, {"limit": limit, "head": head})
        entries = sorted(await cur.fetchall(), key=lambda entry: entry.position)
    if entries:
        last = entries[-1].position
        await conn.execute("UPDATE log_head SET position = %s", [last])
        await conn.execute("SELECT pg_notify(%s, %s)", [LOG_CHANNEL, str(last)])
    return name, entries


async def uncarried(conn: AsyncConnection, limit: int = 1000) -> list[Entry]:
    """Numbered rows that the topics have not got yet, in order."""
    async with conn.cursor(row_factory=class_row(Entry)) as cur:
        await cur.execute(
            """
            SELECT position, topic, key, payload
              FROM outbox
             WHERE position > (SELECT position FROM log_carried)
             ORDER BY position
             LIMIT %s
            """,
            [limit],
        )
        return await cur.fetchall()


async def mark_carried(conn: AsyncConnection, position: int) -> None:
    """The topics have the log up to here; never less than before."""
    await conn.execute("UPDATE log_carried SET position = greatest(position, %s)", [position])


async def unannounced(conn: AsyncConnection, limit: int = 500) -> list[Waiting]:
    """Accepted reports that were never carried to the stream, oldest first. Not locked."""
    async with conn.cursor(row_factory=class_row(Waiting)) as cur:
        await cur.execute(
            """
            SELECT id, category
              FROM inbox
             WHERE state = 'accepted' AND published_at IS NULL
             ORDER BY id
             LIMIT %s
            """,
            [limit],
        )
        return await cur.fetchall()


async def mark_announced(conn: AsyncConnection, report_ids: list[int]) -> None:
    """The stream has been told of these reports."""
    await conn.execute(
        "UPDATE inbox SET published_at = clock_timestamp() WHERE id = ANY(%s)", [report_ids]
    )


async def overlooked(
    conn: AsyncConnection,
    *,
    older_than_s: float,
    urgent: Collection[str] = (),
    urgent_after_s: float = 0.0,
    limit: int = 500,
) -> list[int]:
    """Undecided reports the stream should have decided by now: urgent ones first, then oldest.

    Reports of the categories *urgent* count as overlooked after *urgent_after_s* already. A report
    whose decision failed waits twice as long after each attempt. One from the future came while
    the database's clock was ahead; it has waited long enough.
    """
    found = await conn.execute(
        """
        SELECT id
          FROM inbox
         WHERE state = 'accepted'
           AND received_at NOT BETWEEN
               clock_timestamp() - make_interval(
                   secs => CASE WHEN category = ANY(%(urgent)s) THEN %(soon)s ELSE %(age)s END
                           * 2 ^ attempts)
               AND clock_timestamp()
         ORDER BY category = ANY(%(urgent)s) DESC, id
         LIMIT %(limit)s
        """,
        {"age": older_than_s, "soon": urgent_after_s, "urgent": list(urgent), "limit": limit},
    )
    return [row[0] for row in await found.fetchall()]


async def due_now(
    conn: AsyncConnection, moment: datetime, limit: int = 500
) -> list[tuple[int, str, datetime]]:
    """Milestones that have passed at *moment*: (case, milestone, due at); both are locked.

    Cases that somebody else holds are left for the next look. The deadlines are locked as well:
    a case that another clock has just let go would else be given with the deadline as it was.
    """
    found = await conn.execute(
        """
        SELECT d.case_id, d.kind, d.due_at
          FROM deadline d
          JOIN cases c ON c.id = d.case_id
         WHERE d.state = 'pending'
           AND d.due_at <= %s
         ORDER BY d.due_at, d.case_id
         LIMIT %s
           FOR UPDATE OF c, d SKIP LOCKED
        """,
        [moment, limit],
    )
    return [(case_id, kind, due_at) for case_id, kind, due_at in await found.fetchall()]
