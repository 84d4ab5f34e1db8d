"""The server behind an engine goes away and comes back while workers are at work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from app.services import down, restart, running
from tests.contract.conftest import new_place
from tests.contract.engines import Engine, Kafka, Postgres
from tests.contract.ledger import Ledger
from tests.contract.sent import all_done, reports
from tests.contract.workers import Workers, terminate


async def survive(
    engine: Engine, ledger: Ledger, folder: Path, fault: Callable[[], Awaitable[None]]
) -> None:
    """Two workers go on after *fault* without being started again."""
    place = await new_place(engine)
    async with Workers(place, ledger, folder) as workers:
        processes = [await workers.start(), await workers.start()]
        sent = reports(0, 200)
        await engine.produce(place.topic, sent)
        await all_done(ledger, sent)

        await fault()
        more = reports(200, 200)
        await engine.produce(place.topic, more)
        await all_done(ledger, sent + more)

        assert [process.returncode for process in processes] == [None, None]


@pytest.mark.parametrize("crash", [False, True])
async def test_workers_on_the_log_go_on_when_the_database_comes_back(
    crash: bool, private_home: Path, tmp_path: Path
) -> None:
    with running(private_home, redis=False) as services:
        async with await Ledger.open(services.database_url) as ledger:

            async def fault() -> None:
                restart(private_home, "postgres", crash=crash)
                await ledger.reconnect()

            await survive(Postgres(services.database_url), ledger, tmp_path, fault)


async def test_workers_on_the_log_go_on_when_all_their_connections_are_cut(
    plain_database_url: str, ledger: Ledger, tmp_path: Path
) -> None:
    async def fault() -> None:
        async with await psycopg.AsyncConnection.connect(plain_database_url) as conn:
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await ledger.reconnect()

    await survive(Postgres(plain_database_url), ledger, tmp_path, fault)


async def test_a_worker_on_the_log_can_be_stopped_while_the_database_is_away(
    private_home: Path, tmp_path: Path
) -> None:
    with running(private_home, redis=False) as services:
        engine = Postgres(services.database_url)
        place = await new_place(engine)
        async with (
            await Ledger.open(services.database_url) as ledger,
            Workers(place, ledger, tmp_path) as workers,
        ):
            worker = await workers.start()
            sent = reports(0, 50)
            await engine.produce(place.topic, sent)
            await all_done(ledger, sent)

            down(private_home)

            assert await terminate(worker) == 0


@pytest.mark.kafka
async def test_workers_on_kafka_go_on_when_the_broker_comes_back(
    kafka_url: str, private_home: Path, ledger: Ledger, tmp_path: Path
) -> None:
    with running(private_home, database=False, redis=False, kafka=True) as services:
        assert services.kafka_url is not None

        async def fault() -> None:
            restart(private_home, "kafka", crash=True)

        await survive(Kafka(services.kafka_url), ledger, tmp_path, fault)
