"""The way of samples into the log: whoever waits while one append runs goes together into the next.

Samples are accepted when the log has them. They are sent again when it may not have them; an alarm
does not come twice from that.
"""

from __future__ import annotations

import asyncio
from asyncio import Future, Queue
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
import structlog
from aiokafka.errors import KafkaError

from app.database import TRANSIENT, DatabaseAway
from app.problems import Problem
from streams.embedded.errors import LogError
from streams.ports import Carrier, Record
from streams.topics import OBSERVATIONS

WAITING: Final = 200
"""Batches that may wait for the next append; more are answered 503."""

_TOGETHER: Final = 50
"""Most batches of one append."""

_PATIENCE_S: Final = 10.0

_TRIES: Final = 3
"""After a restart of PostgreSQL the first connections lent may still be the broken ones."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Waiting:
    records: Sequence[Record]
    done: Future[None]


class Sampling:
    """Collects batches of envelopes and appends them together; run one per process."""

    def __init__(self, carrier: Carrier, *, waiting: int = WAITING) -> None:
        self._carrier = carrier
        self._queue: Queue[_Waiting] = Queue(waiting)

    async def take(self, records: Sequence[Record]) -> None:
        """Return once the log has the records. Problem 503 when it is not known to have them."""
        one = _Waiting(records, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(one)
        except asyncio.QueueFull:
            raise Problem(503, "too many samples at once", retry_after_s=2) from None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await one.done
        except TimeoutError:
            raise Problem(503, "the samples were not stored in time", retry_after_s=5) from None

    async def run(self) -> None:
        """Append what waits, again and again, until cancelled."""
        while True:
            waiting = [await self._queue.get()]
            while len(waiting) < _TOGETHER and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            # Whoever hung up or lost patience will send again: what nobody waits for can go.
            await self._settle([one for one in waiting if not one.done.done()])

    async def _settle(self, waiting: Sequence[_Waiting]) -> None:
        try:
            await self._carry([record for one in waiting for record in one.records])
        except (DatabaseAway, psycopg.Error, LogError, KafkaError) as err:
            _log.warning("samples not stored", batches=len(waiting), error=str(err))
            problem = Problem(503, "the samples could not be stored", retry_after_s=5)
            for one in waiting:
                if not one.done.done():
                    one.done.set_exception(problem)
        else:
            for one in waiting:
                if not one.done.done():
                    one.done.set_result(None)

    async def _carry(self, records: Sequence[Record]) -> None:
        for _ in range(_TRIES - 1):
            try:
                return await self._carrier.carry(OBSERVATIONS, records)
            except TRANSIENT as err:
                _log.info("append tried again", records=len(records), error=str(err))
        return await self._carrier.carry(OBSERVATIONS, records)
