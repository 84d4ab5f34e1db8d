"""The relay: numbers what happened, and carries it and the accepted reports to the streams.

Numbering is a loop of its own, so that the live map goes on while a broker is away.
"""

from __future__ import annotations

from psycopg import AsyncConnection

from app.database import Database, connect, wake_ups
from app.settings import Settings
from app.worker_metrics import WorkerMetrics
from dispatch.postgres.inbox import INBOX_CHANNEL
from dispatch.postgres.log import LOG_CHANNEL, OUTBOX_CHANNEL
from streams.herald import RedisHerald
from streams.loops import keep_at
from streams.ports import Carrier
from streams.postgres import LogCarrier, carry_turn, lead, number_turn


class Relay:
    """The relay of one worker process. *kafka* is None where the log in PostgreSQL carries."""

    def __init__(
        self, settings: Settings, database: Database, kafka: Carrier | None, metrics: WorkerMetrics
    ) -> None:
        self._settings, self._database = settings, database
        self._kafka, self._metrics = kafka, metrics
        self._herald = RedisHerald(settings.redis_url)
        self._conn: AsyncConnection | None = None
        self._leads = False

    async def number(self) -> None:
        """Number until cancelled; every worker does, the head of the log makes them a queue."""
        ticks = wake_ups(
            self._settings.database_url, OUTBOX_CHANNEL, every_s=self._settings.relay_every_s
        )
        try:
            await keep_at("number", self._number, ticks)
        finally:
            await self._herald.close()

    async def carry(self) -> None:
        """Carry until cancelled, at work only while no other process leads."""
        ticks = wake_ups(
            self._settings.database_url,
            INBOX_CHANNEL,
            LOG_CHANNEL,
            every_s=self._settings.relay_every_s,
        )
        try:
            await keep_at("carry", self._carry, ticks)
        finally:
            if self._conn:
                await self._conn.close()

    async def _number(self) -> int:
        async with self._database.session() as conn:
            return await number_turn(conn, self._herald)

    async def _carry(self) -> int:
        """One turn; the lead lives and dies with the connection that does the work."""
        if self._conn is None or self._conn.closed:
            self._conn, self._leads = await connect(self._settings.database_url), False
        self._leads = self._leads or await lead(self._conn)
        if not self._leads:
            return 0
        moved = await carry_turn(self._conn, self._kafka or LogCarrier(self._conn))
        self._metrics.relayed.inc(moved)
        return moved
