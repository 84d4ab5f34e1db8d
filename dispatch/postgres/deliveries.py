"""Deliveries: events of the log, each owed to a destination in force; sent as `leases` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dispatch.postgres.destinations import DESTINATION_CHANNEL
from dispatch.postgres.leases import Backlog, Leases

_IN_FORCE: Final[LiteralString] = """
    EXISTS (SELECT FROM destination t WHERE t.name = w.destination AND t.ended_at IS NULL)
"""

DELIVERIES: Final = Leases(
    table="delivery",
    receiver="destination",
    channel=DESTINATION_CHANNEL,
    payload="(SELECT o.payload FROM outbox o WHERE o.id = w.event)",
    may_go=_IN_FORCE,
    may_go_again=_IN_FORCE,
)
"""By destination; nothing goes to one that has ended."""


@dataclass(frozen=True, slots=True)
class DeadDelivery:
    """An event a destination has not got and will not get unless somebody replays it."""

    id: int
    destination: str
    dedup: str
    attempts: int
    last_error: str


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
