"""Many deadlines due at once, two clocks, one of which is stopped with its hands full."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from psycopg import AsyncConnection

from app.clock import Clock
from app.settings import Settings
from dispatch import actions
from dispatch.deadlines import Limits
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.clock import now
from dispatch.postgres.inbox import accept_many
from tests.app.test_clock import HOURS_S, Boot
from tests.makers import CITY, label, rulebook, submission

CASES = 520
"""With two deadlines each more than two turns of a clock."""

LIMITS = Limits.of(
    [
        {"row": row, "category": "*", "condition": "usual", "name": label("Usual"),
         "milestone": milestone, "amount": 1, "unit": "urgent_hour", "default": True}
        for row, milestone in enumerate(("stop", "resolve"), 1)
    ]
)  # fmt: skip


@pytest.fixture
async def crowd(conn: AsyncConnection) -> AsyncConnection:
    """The database with all the cases, an hour past their time."""
    moment = await now(conn)
    rules, opened_at = rulebook(limits=LIMITS), moment - timedelta(hours=2)
    told = [submission(happened_at=moment - timedelta(hours=n)) for n in range(CASES)]
    async with conn.transaction():
        ids = [one.report_id for one in await accept_many(conn, told)]
        while (await actions.decide(PostgresBook(conn), ids, rules, now=opened_at)).more:
            pass
    return conn


async def emptied(clock: Clock) -> int:
    """Turn until nothing is due; how many fell due."""
    fired = 0
    while count := await clock.turn(CITY):
        fired += count
    return fired


async def test_each_falls_due_once_though_the_time_jumps_and_a_clock_is_stopped(
    crowd: AsyncConnection, database_url: str
) -> None:
    boot = Boot()
    first, second = (Clock(Settings(database_url=database_url), boot.machine) for _ in range(2))
    await first.watch()
    for jump_s in (HOURS_S, -60 * HOURS_S):
        boot.moved_s -= jump_s
        assert [await first.turn(CITY), await second.turn(CITY)] == [0, 0]
        boot.moved_s += jump_s

    async with await AsyncConnection.connect(database_url) as reader:
        await reader.execute("LOCK TABLE case_event IN SHARE MODE")  # nobody writes a history now
        stopped = asyncio.create_task(first.turn(CITY))
        while not await waits(crowd):
            await asyncio.sleep(0)
        stopped.cancel()
        await asyncio.gather(stopped, return_exceptions=True)
    await asyncio.gather(emptied(first), emptied(second))

    found = await crowd.execute(
        """
        SELECT count(*), count(DISTINCT (case_id, canon::jsonb ->> 'milestone'))
          FROM case_event
         WHERE kind = 'overdue'
        """
    )
    assert stopped.cancelled()
    assert await found.fetchone() == (2 * CASES, 2 * CASES)
    found = await crowd.execute("SELECT DISTINCT state FROM deadline")
    assert await found.fetchall() == [("fired",)]
    await asyncio.gather(first.close(), second.close())


async def waits(conn: AsyncConnection) -> bool:
    """Whether somebody waits for a lock in this database."""
    found = await conn.execute(
        """
        SELECT EXISTS (SELECT FROM pg_locks
                        WHERE NOT granted
                          AND database = (SELECT oid FROM pg_database
                                           WHERE datname = current_database()))
        """
    )
    [is_waiting] = await found.fetchone() or (False,)
    return is_waiting
