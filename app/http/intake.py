"""The durable door: whoever waits while one commit runs goes together into the next.

No report waits for others to come. A report is answered after the commit that holds it, or told
that it was not accepted; the same key can then be sent again without being accepted twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Future, Queue
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
import structlog

from app.database import TRANSIENT, Database, DatabaseAway
from app.problems import Problem
from dispatch.postgres.inbox import accept_many
from dispatch.report import Acceptance, Submission

_PATIENCE_S: Final = 15.0
"""A sender is told to come again when its report was not committed by then."""

_TRIES: Final = 3
"""After a restart of PostgreSQL the first connections lent may still be the broken ones."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Waiting:
    submission: Submission
    answer: Future[Acceptance]


class Intake:
    """Collects submissions and commits them together; run one per process.

    *database* is its own, of one connection.
    """

    def __init__(self, database: Database, *, waiting: int, batch: int) -> None:
        self._database, self._batch = database, batch
        self._queue: Queue[_Waiting] = Queue(waiting)

    @property
    def waiting(self) -> int:
        """Submissions that no commit has taken up yet."""
        return self._queue.qsize()

    async def accept(self, submission: Submission) -> Acceptance:
        """The acceptance, once it is durable. Problem 503 when it is not known to be."""
        one = _Waiting(submission, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(one)
        except asyncio.QueueFull:
            raise Problem(503, "too many reports at once", retry_after_s=2) from None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await one.answer
        except TimeoutError:
            raise Problem(503, "the report was not stored in time", retry_after_s=5) from None

    async def run(self) -> None:
        """Commit what waits, again and again, until cancelled.

        The connection is made at the start and kept: reports go on being taken when others have
        used up all that PostgreSQL grants.
        """
        with contextlib.suppress(DatabaseAway):
            await self._database.open()
        try:
            while True:
                waiting = [await self._queue.get()]
                while len(waiting) < self._batch and not self._queue.empty():
                    waiting.append(self._queue.get_nowait())
                await self._settle(waiting)
        finally:
            await self._database.close()

    async def _settle(self, waiting: Sequence[_Waiting]) -> None:
        """Answer everybody; one submission that cannot be stored does not take others with it."""
        try:
            acceptances = await self._commit([one.submission for one in waiting])
        except (DatabaseAway, *TRANSIENT) as err:
            _log.warning("reports not stored", reports=len(waiting), error=str(err))
            problem = Problem(503, "the report could not be stored", retry_after_s=5)
            for one in waiting:
                _fail(one, problem)
        except psycopg.Error as err:
            await self._one_by_one(waiting, err)
        else:
            for one, acceptance in zip(waiting, acceptances, strict=True):
                if not one.answer.done():
                    one.answer.set_result(acceptance)

    async def _one_by_one(self, waiting: Sequence[_Waiting], err: psycopg.Error) -> None:
        if len(waiting) == 1:
            _log.error("report cannot be stored", error=str(err), kind=type(err).__name__)
            _fail(waiting[0], _problem(err))
            return
        for one in waiting:
            await self._settle([one])

    async def _commit(self, submissions: Sequence[Submission]) -> list[Acceptance]:
        for _ in range(_TRIES - 1):
            try:
                return await self._commit_once(submissions)
            except TRANSIENT as err:
                _log.info("commit tried again", reports=len(submissions), error=str(err))
        return await self._commit_once(submissions)

    async def _commit_once(self, submissions: Sequence[Submission]) -> list[Acceptance]:
        async with self._database.connection() as conn:
            acceptances = await accept_many(conn, submissions)
        self._database.disk_full_at = None
        return acceptances


def _problem(err: psycopg.Error) -> Problem:
    """422 tells a phone to give its report up: only for what lies with the report."""
    if isinstance(err, (psycopg.DataError, psycopg.IntegrityError)):
        return Problem(422, "the report holds something that cannot be stored")
    return Problem(503, "the report cannot be stored, and that lies with us", retry_after_s=5)


def _fail(one: _Waiting, problem: Problem) -> None:
    if not one.answer.done():
        one.answer.set_exception(problem)
