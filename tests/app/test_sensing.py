"""From samples to alarms in the inbox: each once, whatever is delivered again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import AsyncConnection

from app.database import Database
from app.sensing import Watch
from app.worker_metrics import WorkerMetrics
from dispatch import actions
from dispatch.postgres.book import PostgresBook
from dispatch.rulebook import Rulebook
from dispatch.sensing.sensors import Samples
from tests.makers import NOON, rulebook

HOUR_MS = 3_600_000
NOON_MS = int(NOON.timestamp() * 1000)
RULES = rulebook()


async def rules() -> Rulebook:
    return RULES


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


def a_watch(database: Database) -> Watch:
    return Watch(database, rules, WorkerMetrics())


def high_water(*hours: int, device: str = "W1") -> Samples:
    at_ms = np.array([NOON_MS + hour * HOUR_MS for hour in hours], dtype=np.int64)
    return Samples([device] * len(hours), at_ms, np.full(len(hours), 9.0))


async def inbox(conn: AsyncConnection) -> list[tuple[Any, ...]]:
    found = await conn.execute("SELECT source, channel, happened_at FROM inbox ORDER BY id")
    return await found.fetchall()


async def test_a_crossing_becomes_a_report_of_the_sensor_channel(
    database: Database, conn: AsyncConnection
):
    new = await a_watch(database).judge([high_water(0)])

    assert new == 1
    assert await inbox(conn) == [("sensor:river-high", "sensor", NOON)]


async def test_the_same_samples_again_raise_nothing(database: Database, conn: AsyncConnection):
    watch = a_watch(database)

    raised = [await watch.judge([high_water(0, 1)]), await watch.judge([high_water(1, 0)])]

    assert raised == [2, 0]
    assert len(await inbox(conn)) == 2


async def test_another_worker_raises_nothing_twice(database: Database, conn: AsyncConnection):
    raised = [await a_watch(database).judge([high_water(0)]) for _ in range(3)]

    assert raised == [1, 0, 0]
    assert len(await inbox(conn)) == 1


async def test_what_was_forgotten_is_raised_once_all_the_same(
    database: Database, conn: AsyncConnection
):
    watch = Watch(database, rules, WorkerMetrics(), remembered=2)

    raised = [await watch.judge([high_water(*range(3 * n, 3 * n + 3))]) for n in (0, 1, 0, 1)]

    assert raised == [3, 3, 0, 0]
    assert len(await inbox(conn)) == 6


async def test_an_alarm_that_was_not_stored_is_raised_again(
    database: Database, conn: AsyncConnection
):
    watch = a_watch(database)
    await conn.execute("ALTER TABLE inbox RENAME TO inbox_away")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await watch.judge([high_water(0)])
    await conn.execute("ALTER TABLE inbox_away RENAME TO inbox")

    assert await watch.judge([high_water(0)]) == 1
    assert len(await inbox(conn)) == 1


async def test_samples_below_every_threshold_leave_the_database_alone():
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    calm = Samples(["W1"], np.array([NOON_MS], dtype=np.int64), np.array([0.2]))

    assert await a_watch(nowhere).judge([calm]) == 0


async def test_an_alarm_is_decided_like_any_report(database: Database, conn: AsyncConnection):
    await a_watch(database).judge([high_water(0)])
    async with conn.transaction():
        await actions.decide(PostgresBook(conn), [1], RULES, now=NOON)

    found = await conn.execute("SELECT category, department, description FROM cases")

    assert await found.fetchall() == [("01001", "water", "The river is high（中）")]


async def test_samples_are_counted_also_those_of_unknown_devices(database: Database):
    metrics = WorkerMetrics()
    await Watch(database, rules, metrics).judge([high_water(0, 0, 1), high_water(0, device="gone")])

    figure = metrics.registry.get_sample_value
    assert figure("city_samples_judged_total") == 4
    assert figure("city_samples_unknown_total") == 1
    assert figure("city_alarms_raised_total", {"rule": "river-high"}) == 2


async def test_samples_of_known_sensors_are_kept_to_be_read(
    database: Database, conn: AsyncConnection
):
    watch = Watch(database, rules, WorkerMetrics(), kept=timedelta(days=4000))

    await watch.judge([high_water(0, 1), high_water(0, device="gone")])

    found = await conn.execute(
        "SELECT code, value FROM observation JOIN observing_device ON number = device"
    )
    assert await found.fetchall() == [("W1", 9.0), ("W1", 9.0)]
