"""The clock process: lets deadlines fall due, and ends what its time has ended."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from datetime import timedelta
from typing import Final

import structlog

from app.database import Database, wake_ups
from app.rulebook import read_parts
from app.settings import Settings
from dispatch import actions
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.clock import now
from dispatch.postgres.log import due_now
from streams.embedded.postgres import trim
from streams.loops import keep_at

_TRIM_EVERY_S: Final = 3600.0
_KEPT: Final = timedelta(days=14)
"""How long the embedded log keeps what everybody has read."""

_log: Final = structlog.get_logger("citygrid.clock")


class Clock:
    """One clock process; a second one does no harm, the claims are locked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(settings.database_url, 2)

    async def run(self) -> int:
        """Work until SIGTERM or SIGINT; returns the exit code. Raises DatabaseAway or NoCity."""
        async with self._database.connection() as conn:
            parts, _ = await read_parts(conn)
        city: str = parts["city"]["code"]
        ticks = wake_ups(self._settings.database_url, every_s=self._settings.clock_every_s)
        hours = wake_ups(self._settings.database_url, every_s=_TRIM_EVERY_S)
        loop = asyncio.get_running_loop()
        work = asyncio.gather(
            keep_at("clock", lambda: self._turn(city), ticks),
            keep_at("trim", self._trim, hours),
            return_exceptions=True,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await work
        await self._database.close()
        return 0

    async def _trim(self) -> int:
        """Forget records of the embedded log that every group has read long ago; once a look."""
        async with self._database.session() as conn:
            forgotten = await trim(conn, _KEPT)
        if forgotten:
            _log.info("stream log trimmed", records=forgotten)
        return 0

    async def _turn(self, city: str) -> int:
        async with self._database.connection() as conn:
            due = await due_now(conn)
            if not due:
                return 0
            moment = await now(conn)
            fired = await actions.fall_due(PostgresBook(conn), due, city=city, now=moment)
        _log.info("deadlines passed", count=fired)
        return fired
