"""One outlet: a few letters claimed, sent all at once, and settled by what was answered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final, Protocol

import structlog
from psycopg import AsyncConnection

from app.database import TRANSIENT, Database, DatabaseAway
from app.notifier_metrics import NotifierMetrics
from dispatch.delivery import Letter, pause
from dispatch.postgres.leases import Failure
from streams.loops import keep_at

_LOOK_EVERY_S: Final = 0.5
"""How often deliveries are looked for whose pause is over; new ones are told of."""
_LONGEST_REST: Final = timedelta(seconds=5)
"""How long a destination that takes nothing is left in peace; so late it may be noticed again."""
_SETTLING_S: Final = 20.0
"""How long an outage of the database is waited out with answers in hand: less than the lease."""

_log: Final = structlog.get_logger("citygrid.notifier")


class Outlet(Protocol):
    """What one receiver has to get, and the way to it; *at_once* letters are under way at most."""

    name: str
    at_once: int

    async def claim(self, conn: AsyncConnection, limit: int) -> list[Letter]:
        """The next letters, leased."""
        ...

    async def settle(
        self, conn: AsyncConnection, sent: Sequence[int], failed: Sequence[Failure], *, most: int
    ) -> None:
        """Write what became of letters; a failure at the attempt *most* is the last."""
        ...

    async def send(self, letter: Letter) -> str | None:
        """None when the other side has it, else what was wrong, in a few words."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Courier:
    """Serves one outlet until stopped. A receiver that hangs keeps only its own courier."""

    def __init__(
        self, outlet: Outlet, database: Database, metrics: NotifierMetrics, most: int
    ) -> None:
        self._outlet, self._database, self._metrics = outlet, database, metrics
        self._most = most
        self._woken, self._stopping = asyncio.Event(), asyncio.Event()
        self._fruitless = 0

    def wake(self) -> None:
        """Something may be there to send."""
        self._woken.set()

    def stop(self) -> None:
        """Claim nothing more; what is claimed is sent and settled before `run` ends."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Deliver until stopped."""
        try:
            await keep_at(f"courier {self._outlet.name}", self._turn, self._ticks())
        finally:
            await self._outlet.close()

    async def _ticks(self) -> AsyncIterator[None]:
        while not self._stopping.is_set():
            yield
            if self._fruitless:
                rest = pause(self._fruitless, random.random(), longest=_LONGEST_REST)
                await _set_within(self._stopping, rest.total_seconds())
            await _set_within(self._woken, _LOOK_EVERY_S)
            self._woken.clear()

    async def _turn(self) -> int:
        """Send what is there, a single one while the last were in vain; how many were taken."""
        if self._stopping.is_set():
            return 0
        async with self._database.connection() as conn:
            most = 1 if self._fruitless else self._outlet.at_once
            letters = await self._outlet.claim(conn, most)
        if not letters:
            return 0
        answers = await asyncio.gather(*map(self._timed, letters), return_exceptions=True)
        problems = [_words(answer) for answer in answers]
        sent = [one.id for one, problem in zip(letters, problems, strict=True) if problem is None]
        await self._settled(sent, self._failures(letters, problems))
        self._fruitless = 0 if sent else self._fruitless + 1
        return len(sent)

    async def _timed(self, letter: Letter) -> str | None:
        with self._metrics.timed():
            return await self._outlet.send(letter)

    def _failures(self, letters: Sequence[Letter], problems: Sequence[str | None]) -> list[Failure]:
        failed = [
            Failure(one.id, problem, pause(one.attempts, random.random()))
            for one, problem in zip(letters, problems, strict=True)
            if problem is not None
        ]
        if failed:
            _log.warning(
                "deliveries failed",
                destination=self._outlet.name,
                count=len(failed),
                problem=failed[0].problem,
            )
        return failed

    async def _settled(self, sent: Sequence[int], failed: Sequence[Failure]) -> None:
        """Write what became of them; waits for a database that is away, so as not to send again."""
        give_up = asyncio.get_running_loop().time() + _SETTLING_S
        while True:
            try:
                async with self._database.connection() as conn:
                    await self._outlet.settle(conn, sent, failed, most=self._most)
                break
            except (DatabaseAway, *TRANSIENT):
                if asyncio.get_running_loop().time() > give_up or self._stopping.is_set():
                    raise
                await asyncio.sleep(0.2)
        self._metrics.count(self._outlet.name, sent=len(sent), failed=len(failed))


def _words(answer: str | BaseException | None) -> str | None:
    return f"{type(answer).__name__}: {answer}" if isinstance(answer, BaseException) else answer


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
