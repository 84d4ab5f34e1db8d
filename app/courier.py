"""One destination: a few deliveries claimed, sent all at once, and settled by what was answered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp
import structlog

from app.database import TRANSIENT, Database, DatabaseAway
from app.notifier_metrics import NotifierMetrics
from dispatch.delivery import Destination, Letter, pause, signature
from dispatch.postgres.deliveries import Failure, claim, settle
from streams.loops import keep_at

AT_ONCE: Final = 32
"""Deliveries to one destination under way in one notifier."""

_TOTAL_S: Final = 5.0
_CONNECT_S: Final = 2.0
_ANSWER_BYTES: Final = 64 * 1024
_LOOK_EVERY_S: Final = 0.5
"""How often deliveries are looked for whose pause is over; new ones are told of."""
_LONGEST_REST: Final = timedelta(seconds=5)
"""How long a destination that takes nothing is left in peace; so late it may be noticed again."""
_SETTLING_S: Final = 20.0
"""How long an outage of the database is waited out with answers in hand: less than the lease."""

_log: Final = structlog.get_logger("citygrid.notifier")


class Courier:
    """Tells one destination until stopped. A destination that hangs keeps only its own courier."""

    def __init__(
        self, destination: Destination, database: Database, metrics: NotifierMetrics, most: int
    ) -> None:
        self._destination, self._database, self._metrics = destination, database, metrics
        self._most = most
        self._woken, self._stopping = asyncio.Event(), asyncio.Event()
        self._fruitless = 0
        # No proxy and no login from the environment, no cookies: only what was given is said.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_ONCE),
            timeout=aiohttp.ClientTimeout(total=_TOTAL_S, sock_connect=_CONNECT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    def wake(self) -> None:
        """Something may be there to send."""
        self._woken.set()

    def stop(self) -> None:
        """Claim nothing more; what is claimed is sent and settled before `run` ends."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Deliver until stopped."""
        async with self._session:
            await keep_at(f"courier {self._destination.name}", self._turn, self._ticks())

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
            letters = await claim(conn, self._destination.name, 1 if self._fruitless else AT_ONCE)
        if not letters:
            return 0
        answers = await asyncio.gather(*map(self._send, letters), return_exceptions=True)
        problems = [_words(answer) for answer in answers]
        sent = [one.id for one, problem in zip(letters, problems, strict=True) if problem is None]
        await self._settled(sent, self._failures(letters, problems))
        self._fruitless = 0 if sent else self._fruitless + 1
        return len(sent)

    def _failures(self, letters: Sequence[Letter], problems: Sequence[str | None]) -> list[Failure]:
        failed = [
            Failure(one.id, problem, pause(one.attempts, random.random()))
            for one, problem in zip(letters, problems, strict=True)
            if problem is not None
        ]
        if failed:
            _log.warning(
                "deliveries failed",
                destination=self._destination.name,
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
                    await settle(conn, sent, failed, most=self._most)
                break
            except (DatabaseAway, *TRANSIENT):
                if asyncio.get_running_loop().time() > give_up or self._stopping.is_set():
                    raise
                await asyncio.sleep(0.2)
        self._metrics.count(self._destination.name, sent=len(sent), failed=len(failed))

    async def _send(self, letter: Letter) -> str | None:
        """POST the event; None when the answer was a yes, else what was wrong, in a few words."""
        body = letter.payload.encode()
        try:
            with self._metrics.timed():
                answer = await self._session.post(
                    self._destination.url,
                    data=body,
                    headers=self._headers(letter, body),
                    allow_redirects=False,
                )
        except TimeoutError:
            return f"no answer within {_TOTAL_S:.0f} s"
        except aiohttp.ClientError as err:
            return f"{type(err).__name__}: {err}"
        async with answer:
            await _read(answer)
        return None if 200 <= answer.status < 300 else f"answered {answer.status}"

    def _headers(self, letter: Letter, body: bytes) -> dict[str, str]:
        headers = {
            "content-type": "application/cloudevents+json",
            "idempotency-key": letter.dedup,
            "accept-encoding": "identity",
            "user-agent": "citygrid",
        }
        if self._destination.secret is not None:
            now = datetime.now(UTC)
            headers["citygrid-signature"] = signature(self._destination.secret, body, now)
        return headers


async def _read(answer: aiohttp.ClientResponse) -> None:
    """Read the rest of a short answer, so that the connection can be kept; cut a long one.

    The answer is in its status: what goes wrong after it changes nothing.
    """
    read = 0
    with suppress(aiohttp.ClientError, TimeoutError):
        async for piece in answer.content.iter_any():
            read += len(piece)
            if read > _ANSWER_BYTES:
                return answer.close()


def _words(answer: str | BaseException | None) -> str | None:
    return f"{type(answer).__name__}: {answer}" if isinstance(answer, BaseException) else answer


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
