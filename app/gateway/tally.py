"""Counts of samples that were not taken as they came: by device and reason, never silently dropped.

Counted in memory, written to the database every few seconds; what a process counted in the last of
them is lost with it when it is killed. The figures of `/metrics` are the same counts by reason.
"""

from __future__ import annotations

import asyncio
from collections import Counter as Counts
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final

import psycopg
import structlog
from prometheus_client import Counter

from app.database import Database, DatabaseAway
from app.gateway.samples import Refusal
from dispatch.postgres import tallies
from dispatch.postgres.tallies import Tallied
from dispatch.sensing.reasons import Reason

EVERY_S: Final = 5.0
KEPT: Final = timedelta(days=30)
_FORGET_EVERY: Final = timedelta(hours=1)
MOST_STRANGERS: Final = 500
"""Unknown devices that are counted by name in a day; whoever makes names up fills no table."""

_log: Final = structlog.get_logger("citygrid.tally")


class Tally:
    """Counts for one process. *figure* is the metric that counts the same by reason."""

    def __init__(self, door: str, figure: Counter) -> None:
        self._door, self._figure = door, figure
        self._counts: Counts[tuple[str, Reason]] = Counts()
        self._words: dict[tuple[str, Reason], str] = {}
        self._strangers: set[str] = set()
        self._day = date.min

    def refuse(self, refusal: Refusal, *, known: bool) -> None:
        """Count a sample that is not taken; *known* says whether the city has its device."""
        device = refusal.device if known else self._stranger(refusal.device)
        told = f"{refusal.field} {refusal.problem}".strip()
        self.count(device, refusal.reason, words=told)

    def count(self, device: str, reason: Reason, n: int = 1, *, words: str = "") -> None:
        """Count *n* samples; *words* say what was wrong with the last of them."""
        self._counts[device, reason] += n
        self._words[device, reason] = words[:200]
        self._figure.labels(reason).inc(n)

    async def write(self, database: Database, now: datetime) -> int:
        """Add what was counted since the last time to the table; how many rows that were.

        Whatever cannot be written is counted with the next.
        """
        if now.date() != self._day:
            self._day = now.date()
            self._strangers.clear()
        counts, self._counts = self._counts, Counts[tuple[str, Reason]]()
        words, self._words = self._words, {}
        rows = [
            Tallied(device, reason, self._door, count, words[device, reason])
            for (device, reason), count in counts.items()
        ]
        if not rows:
            return 0
        try:
            async with database.connection() as conn:
                await tallies.add(conn, rows, now=now)
        except BaseException:
            self._counts.update(counts)
            self._words = words | self._words
            raise
        return len(rows)

    async def run(self, database: Database) -> None:
        """Write every few seconds until cancelled; outlives any outage of PostgreSQL."""
        forgot_at: datetime | None = None
        while True:
            await asyncio.sleep(EVERY_S)
            now = datetime.now(UTC)
            try:
                await self.write(database, now)
                if forgot_at is None or now - forgot_at > _FORGET_EVERY:
                    await self._forget(database, now)
                    forgot_at = now
            except (DatabaseAway, psycopg.Error) as err:
                # Counts wait: a door that lives on an older schema, or none, goes on without them.
                _log.warning("counts of samples not written", error=str(err))

    async def close(self, database: Database) -> None:
        """Write what was counted last, if the database is there."""
        with suppress(DatabaseAway, psycopg.Error):
            await self.write(database, datetime.now(UTC))

    async def _forget(self, database: Database, now: datetime) -> None:
        async with database.connection() as conn:
            await tallies.forget(conn, now - KEPT)

    def _stranger(self, device: str) -> str:
        if device in self._strangers:
            return device
        if len(self._strangers) >= MOST_STRANGERS:
            return ""
        self._strangers.add(device)
        return device
