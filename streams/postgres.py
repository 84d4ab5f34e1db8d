"""The turns of the relay, over the outbox and the inbox in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from psycopg import AsyncConnection

from dispatch.postgres import log
from streams import wire
from streams.embedded import postgres as embedded
from streams.ports import Carrier, Herald, Record
from streams.topics import REPORTS

_RELAY: Final = 1919249505
"""Advisory lock of the one relay at work; the number has no meaning."""


class LogCarrier:
    """Carries to the embedded log, in the transaction of the connection."""

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def carry(self, topic: str, records: Sequence[Record]) -> None:
        """Append the records; durable when the transaction commits."""
        await embedded.append(self._conn, topic, records)


async def lead(conn: AsyncConnection) -> bool:
    """Whether this connection is the relay's leader; it stays so until it is closed."""
    found = await conn.execute("SELECT pg_try_advisory_lock(%s)", [_RELAY])
    return await found.fetchone() == (True,)


async def number_turn(conn: AsyncConnection, herald: Herald) -> int:
    """Number what happened and tell *herald*; how many rows got their number.

    Apart from carrying, because the live map follows the numbers whether or not a carrier answers.
    """
    async with conn.transaction():
        name, numbered = await log.number(conn)
    if numbered:
        await herald.announce(name, [(one.position, one.topic, one.payload) for one in numbered])
    return len(numbered)


async def carry_turn(conn: AsyncConnection, carrier: Carrier) -> int:
    """Carry accepted reports and numbered events to their topics; how many rows were carried.

    At least once: what was carried and not marked is carried again.
    """
    return await _announce(conn, carrier) + await _publish(conn, carrier)


async def _announce(conn: AsyncConnection, carrier: Carrier) -> int:
    async with conn.transaction():
        waiting = await log.unannounced(conn)
        if waiting:
            records = [(one.category.encode(), wire.report_accepted(one.id)) for one in waiting]
            await carrier.carry(REPORTS, records)
            await log.mark_announced(conn, [one.id for one in waiting])
    return len(waiting)


async def _publish(conn: AsyncConnection, carrier: Carrier) -> int:
    async with conn.transaction():
        entries = await log.uncarried(conn)
        for topic in sorted({entry.topic for entry in entries}):
            mine = [entry for entry in entries if entry.topic == topic]
            await carrier.carry(topic, [(e.key.encode(), e.payload.encode()) for e in mine])
        if entries:
            await log.mark_carried(conn, entries[-1].position)
    return len(entries)
