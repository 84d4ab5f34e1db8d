"""The clock process: lets deadlines fall due, escalates, and ends what its time has ended."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from datetime import timedelta
from typing import Final

import structlog

from app.database import Database, wake_ups
from app.escalating import Escalator
from app.identity.postgres import write_audit
from app.machine import this_machine
from app.rulebook import read_parts
from app.settings import Settings
from dispatch import actions
from dispatch.clock_trust import Trust, judge, may_judge
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.clock import Machine, lock_trust, read_clock, save_judgement
from dispatch.postgres.log import due_now
from streams.embedded.postgres import trim
from streams.loops import keep_at
from streams.topics import OBSERVATIONS

ACTOR: Final = "clock"
_WATCH_EVERY_S: Final = 1.0
_TRIM_EVERY_S: Final = 3600.0
_KEPT: Final = timedelta(days=14)
"""How long the embedded log keeps what everybody has read."""

_SAMPLES_KEPT: Final = timedelta(days=1)
"""The same for samples: a thousand a second make about three gigabytes a day."""

_log: Final = structlog.get_logger("citygrid.clock")


class Clock:
    """One clock process; a second one does no harm, the claims are locked."""

    def __init__(self, settings: Settings, machine: Machine | None = None) -> None:
        self._settings = settings
        self._database = Database(settings.database_url, 4)
        self._machine = machine or this_machine()
        self.escalator = Escalator(self._database, self._machine)

    async def run(self) -> int:
        """Work until SIGTERM or SIGINT; returns the exit code.

        Raises DatabaseAway, SchemaBehind or NoCity at the start.
        """
        await self._database.require_schema()
        async with self._database.connection() as conn:
            parts, _ = await read_parts(conn)
        city: str = parts["city"]["code"]
        url = self._settings.database_url
        seconds = wake_ups(url, every_s=_WATCH_EVERY_S)
        ticks = wake_ups(url, every_s=self._settings.clock_every_s)
        looks = wake_ups(url, every_s=self._settings.clock_every_s)
        hours = wake_ups(url, every_s=_TRIM_EVERY_S)
        loop = asyncio.get_running_loop()
        work = asyncio.gather(
            keep_at("watch", self.watch, seconds),
            keep_at("clock", lambda: self.turn(city), ticks),
            keep_at("escalate", self.escalator.turn, looks),
            keep_at("trim", self._trim, hours),
            return_exceptions=True,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await work
        await self.close()
        return 0

    async def close(self) -> None:
        """Close the connections."""
        await self._database.close()

    async def watch(self) -> int:
        """Hold the database's clock against the one that nobody can set; once a look."""
        async with self._database.connection() as conn:
            await lock_trust(conn)
            known, reading = await read_clock(conn, self._machine)
            judged = judge(known, reading)
            changed = await save_judgement(conn, judged, known=known, machine=self._machine)
            said = {
                "drift_s": round(judged.drift_s, 3),
                "database_at": reading.database_at.isoformat(),
            }
            if changed:
                await write_audit(conn, ACTOR, "clock.judge", judged.trust, "done", said)
        if changed and judged.trust is Trust.FROZEN and known.anchor is None:
            _log.error("clock is far from what is known, no deadline falls due", **said)
        elif changed and judged.trust is Trust.FROZEN:
            _log.error("clock jumped, no deadline falls due", **said)
        elif changed:
            _log.warning("clock is right again, deadlines fall due", **said)
        return 0

    async def _trim(self) -> int:
        """Forget records of the embedded log that every group has read long ago; once a look."""
        async with self._database.session() as conn:
            forgotten = await trim(conn, _SAMPLES_KEPT, topic=OBSERVATIONS)
            forgotten += await trim(conn, _KEPT)
        if forgotten:
            _log.info("stream log trimmed", records=forgotten)
        return 0

    async def turn(self, city: str) -> int:
        """Let fall due what has passed by a reading that is right, and by no later one; how many.

        So nothing can fall due between a jump of the clock and its discovery.
        """
        async with self._database.connection() as conn:
            known, reading = await read_clock(conn, self._machine)
            if not may_judge(known, reading):
                return 0
            moment = reading.database_at
            due = await due_now(conn, moment)
            if not due:
                return 0
            fired = await actions.fall_due(PostgresBook(conn), due, city=city, now=moment)
        _log.info("deadlines passed", count=fired)
        return fired
