"""What waits while one commit runs goes together into the next; nobody is answered too early."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from psycopg import AsyncConnection

from app.database import Database, DatabaseAway
from app.http.intake import Intake
from app.problems import Problem
from tests.makers import submission


class HeldDatabase(Database):
    """A database whose connections are lent only while the gate is open; counts the loans."""

    def __init__(self, url: str) -> None:
        super().__init__(url, 2)
        self.gate = asyncio.Event()
        self.loans = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        await self.gate.wait()
        self.loans += 1
        async with super().connection() as conn:
            yield conn


class AwayDatabase(Database):
    """A database that cannot be reached."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        raise DatabaseAway("no answer")
        yield


@asynccontextmanager
async def running(intake: Intake) -> AsyncIterator[None]:
    task = asyncio.create_task(intake.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def everybody_has_begun() -> None:
    """Let every task run until it waits for something."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_whoever_waits_during_a_commit_goes_into_the_next_one(database_url: str):
    database = HeldDatabase(database_url)
    intake = Intake(database, waiting=100, batch=100)
    async with running(intake):
        first = asyncio.create_task(intake.accept(submission()))
        await everybody_has_begun()
        rest = [asyncio.create_task(intake.accept(submission())) for _ in range(20)]
        await everybody_has_begun()
        assert not any(task.done() for task in [first, *rest])
        database.gate.set()

        answers = await asyncio.gather(first, *rest)

    assert len({answer.receipt for answer in answers}) == 21
    assert database.loans <= 2
    await database.close()


async def test_a_queue_that_is_full_tells_the_next_one_to_come_again(database_url: str):
    intake = Intake(HeldDatabase(database_url), waiting=1, batch=1)
    waiting = asyncio.create_task(intake.accept(submission()))
    await everybody_has_begun()

    with pytest.raises(Problem) as refused:
        await intake.accept(submission())

    assert (refused.value.status, refused.value.retry_after_s) == (503, 2)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_nobody_is_told_accepted_while_the_database_is_away():
    intake = Intake(AwayDatabase("postgresql://nowhere"), waiting=10, batch=10)
    async with running(intake):
        answers = await asyncio.gather(
            *(intake.accept(submission()) for _ in range(5)), return_exceptions=True
        )

    assert [getattr(answer, "status", None) for answer in answers] == [503] * 5


async def test_one_report_that_cannot_be_stored_takes_no_other_with_it(database_url: str):
    database = HeldDatabase(database_url)
    intake = Intake(database, waiting=10, batch=10)
    unfit = submission(description="\x00")
    async with running(intake):
        waiting = [
            asyncio.create_task(intake.accept(one)) for one in (submission(), unfit, submission())
        ]
        await everybody_has_begun()
        database.gate.set()
        good, bad, other = await asyncio.gather(*waiting, return_exceptions=True)

    assert getattr(bad, "status", None) == 422
    assert not isinstance(good, BaseException)
    assert not isinstance(other, BaseException)
    await database.close()


async def test_a_fault_of_ours_is_no_reason_for_a_phone_to_give_up_its_report(
    database_url: str, conn: AsyncConnection
):
    await conn.execute("ALTER TABLE inbox RENAME COLUMN accuracy_m TO accuracy")
    intake = Intake(Database(database_url), waiting=10, batch=10)
    async with running(intake):
        with pytest.raises(Problem) as refused:
            await intake.accept(submission())
        await conn.execute("ALTER TABLE inbox RENAME COLUMN accuracy TO accuracy_m")

        acceptance = await intake.accept(submission())

    assert (refused.value.status, refused.value.retry_after_s) == (503, 5)
    assert acceptance.fresh


async def test_a_sender_that_went_away_does_not_hold_up_the_others(database_url: str):
    database = HeldDatabase(database_url)
    intake = Intake(database, waiting=10, batch=10)
    async with running(intake):
        gone, stays = [asyncio.create_task(intake.accept(submission())) for _ in range(2)]
        await everybody_has_begun()
        gone.cancel()
        database.gate.set()

        acceptance = await stays

    assert acceptance.fresh
    await database.close()
