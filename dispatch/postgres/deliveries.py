"""Deliveries: claimed under a lease, settled by what the receiver answered, replayed when dead.

A lease or a pause that ends later than any can have been set was made by a clock that has been put
back since; it does not count. To send twice under one key does no harm, to send days late does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

from dispatch.delivery import LEASE, LONGEST_PAUSE, Letter
from dispatch.postgres.destinations import DESTINATION_CHANNEL

_CLAIM: Final = """
    WITH free AS (
           SELECT d.id
             FROM delivery d
             JOIN destination t ON t.name = d.destination AND t.ended_at IS NULL
            WHERE d.destination = %(destination)s
              AND d.state = 'pending'
              AND (d.next_at IS NULL
                   OR d.next_at NOT BETWEEN clock_timestamp()
                                        AND clock_timestamp() + %(longest_pause)s)
              AND (d.leased_until IS NULL
                   OR d.leased_until NOT BETWEEN clock_timestamp()
                                             AND clock_timestamp() + %(lease)s)
            ORDER BY d.next_at NULLS FIRST, d.id
            LIMIT %(limit)s
              FOR UPDATE OF d SKIP LOCKED)
    UPDATE delivery d
       SET leased_until = clock_timestamp() + %(lease)s, attempts = d.attempts + 1
      FROM free, outbox o
     WHERE d.id = free.id AND o.id = d.event
    RETURNING d.id, d.dedup, o.payload, d.attempts
"""

# Said yes after the lease had ended or the destination too: it has it, and the books say so.
_SENT: Final = """
    UPDATE delivery
       SET state = 'sent', sent_at = clock_timestamp(), leased_until = NULL, next_at = NULL
     WHERE id = ANY(%(ids)s) AND state <> 'sent'
"""

_FAILED: Final = """
    UPDATE delivery d
       SET state = CASE WHEN d.attempts >= %(most)s THEN 'dead' ELSE 'pending' END,
           next_at = CASE WHEN d.attempts < %(most)s
                          THEN clock_timestamp() + make_interval(secs => r.pause_s) END,
           last_error = r.problem,
           leased_until = NULL
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, problem text, pause_s float8)
     WHERE d.id = r.id AND d.state = 'pending'
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt without a yes: *problem* in a few words, and how long to wait for the next."""

    id: int
    problem: str
    pause: timedelta


@dataclass(frozen=True, slots=True)
class DeadDelivery:
    """An event a destination has not got and will not get unless somebody replays it."""

    id: int
    destination: str
    dedup: str
    attempts: int
    last_error: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one destination in force has still to get; *oldest_s* is 0 when there is nothing."""

    destination: str
    pending: int
    oldest_s: float


async def claim(conn: AsyncConnection, destination: str, limit: int) -> list[Letter]:
    """Lease the next deliveries to this destination, oldest first; those of others are skipped."""
    async with conn.cursor(row_factory=class_row(Letter)) as cur:
        await cur.execute(
            _CLAIM,
            {
                "destination": destination,
                "limit": limit,
                "lease": LEASE,
                "longest_pause": LONGEST_PAUSE,
            },
        )
        return sorted(await cur.fetchall(), key=lambda letter: letter.id)


async def settle(
    conn: AsyncConnection, sent: Sequence[int], failed: Sequence[Failure], *, most: int
) -> None:
    """Write what became of claimed deliveries; a failure at the attempt *most* makes one dead.

    Saying it again changes nothing, so that it can be repeated when the answer was lost.
    """
    if sent:
        await conn.execute(_SENT, {"ids": list(sent)})
    if failed:
        rows = [
            {"id": one.id, "problem": one.problem, "pause_s": one.pause.total_seconds()}
            for one in failed
        ]
        told = msgspec.json.encode(rows).decode()
        await conn.execute(_FAILED, {"rows": told, "most": most})


async def list_dead(conn: AsyncConnection) -> list[DeadDelivery]:
    """All dead deliveries, oldest first."""
    async with conn.cursor(row_factory=class_row(DeadDelivery)) as cur:
        await cur.execute(
            """
            SELECT id, destination, dedup, attempts, last_error
              FROM delivery
             WHERE state = 'dead'
             ORDER BY id
            """
        )
        return await cur.fetchall()


async def replay(conn: AsyncConnection, delivery_ids: Sequence[int]) -> list[int]:
    """Owe dead deliveries again, at once; the ids of those that were dead.

    Left alone are those to a destination that has ended.
    """
    found = await conn.execute(
        """
        UPDATE delivery d
           SET state = 'pending', attempts = 0
          FROM destination t
         WHERE d.id = ANY(%s) AND d.state = 'dead'
           AND t.name = d.destination AND t.ended_at IS NULL
        RETURNING d.id
        """,
        [list(delivery_ids)],
    )
    replayed = sorted(row[0] for row in await found.fetchall())
    if replayed:
        await conn.execute("SELECT pg_notify(%s, '')", [DESTINATION_CHANNEL])
    return replayed


async def backlogs(conn: AsyncConnection) -> list[Backlog]:
    """What every destination in force has still to get."""
    async with conn.cursor(row_factory=class_row(Backlog)) as cur:
        await cur.execute(
            """
            SELECT t.name AS destination, count(d.id) AS pending,
                   coalesce(extract(epoch FROM clock_timestamp() - min(o.created_at)), 0)::float8
                       AS oldest_s
              FROM destination t
              LEFT JOIN delivery d ON d.destination = t.name AND d.state = 'pending'
              LEFT JOIN outbox o ON o.id = d.event
             WHERE t.ended_at IS NULL
             GROUP BY t.name
             ORDER BY t.name
            """
        )
        return await cur.fetchall()


async def tally(conn: AsyncConnection) -> dict[str, dict[str, int]]:
    """By destination and state, how many deliveries there are."""
    found = await conn.execute(
        "SELECT destination, state, count(*) FROM delivery GROUP BY destination, state"
    )
    counts: dict[str, dict[str, int]] = {}
    for destination, state, count in await found.fetchall():
        counts.setdefault(destination, {})[state] = count
    return counts


async def count_dead(conn: AsyncConnection) -> int:
    """How many deliveries are dead."""
    found = await conn.execute("SELECT count(*) FROM delivery WHERE state = 'dead'")
    [count] = await found.fetchone() or (0,)
    return count
