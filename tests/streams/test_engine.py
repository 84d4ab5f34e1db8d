"""Making an app, and running several in one process."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import faust
import pytest
from mode import CrashingSupervisor

from streams.embedded.errors import NotSupported, UnknownTopic
from streams.embedded.memory import memory_log
from streams.engine import StreamApp, UnknownEngine, alive, make_app, run_worker
from streams.kafka import KafkaTransport
from tests.contract.waiting import until


@pytest.fixture
def name() -> str:
    """Of a memory log with one topic, t."""
    return uuid4().hex


def app_on(name: str, folder: Path, *, group: str = "g", **overrides: object) -> StreamApp:
    return make_app(group, f"memlog://{name}", datadir=folder / "a" / "b", **overrides)


def with_agent(app: StreamApp, body: Callable[[faust.Stream[bytes]], Awaitable[None]]) -> None:
    app.agent(app.topic("t", value_type=bytes))(body)


async def idle(stream: faust.Stream[bytes]) -> None:
    async for _ in stream:
        pass


@pytest.mark.parametrize("url", ["amqp://host", "postgresql://host/db", "nonsense", ""])
def test_a_url_of_no_engine_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownEngine):
        make_app("g", url, datadir=tmp_path)


def test_a_kafka_url_gets_our_stricter_consumer(tmp_path: Path) -> None:
    app = make_app("g", "kafka://one:9092,two:9092", datadir=tmp_path)

    assert isinstance(app.transport, KafkaTransport)
    assert [str(url) for url in app.transport.url] == ["kafka://one:9092", "kafka://two:9092"]


def test_an_app_may_be_made_before_its_folder_is_there(name: str, tmp_path: Path) -> None:
    app = app_on(name, tmp_path)

    assert app.conf.datadir.parent.is_dir()
    assert app.conf.agent_supervisor is CrashingSupervisor


@pytest.mark.parametrize("scheme", ["memlog", "pglog"])
def test_exactly_once_is_refused(scheme: str, tmp_path: Path) -> None:
    app = make_app(
        "g", f"{scheme}://name/db", datadir=tmp_path, processing_guarantee="exactly_once"
    )

    with pytest.raises(NotSupported, match="idempotent"):
        app.transport  # noqa: B018


async def test_faust_tables_are_refused(name: str, tmp_path: Path) -> None:
    app = app_on(name, tmp_path)
    app.Table("counts", default=int)
    with_agent(app, idle)

    assert await run_worker([app]) == 1


async def test_several_apps_run_in_one_process_until_it_is_told_to_stop(
    name: str, tmp_path: Path
) -> None:
    await memory_log(name).create_topics({"t": 2})
    apps = [app_on(name, tmp_path / group, group=group) for group in ("one", "two")]
    for app in apps:
        with_agent(app, idle)
    worker = asyncio.create_task(run_worker(apps))
    await until(lambda: all(alive(app) and not app.rebalancing for app in apps), what="all alive")

    os.kill(os.getpid(), signal.SIGTERM)

    assert await worker == 0
    assert not any(alive(app) for app in apps)


async def test_an_app_told_to_stop_while_it_waits_for_its_group_leaves_nobody_behind(
    name: str, tmp_path: Path
) -> None:
    log = memory_log(name)
    await log.create_topics({"t": 2})
    await log.join("g", "deaf", ["t"], 60)
    app = app_on(name, tmp_path)
    with_agent(app, idle)
    worker = asyncio.create_task(run_worker([app]))

    async def members() -> int:
        return len((await log.take_note("g", "deaf", 0)).members)

    async def joined() -> bool:
        return await members() == 2

    await until(joined, what="the app to join")
    os.kill(os.getpid(), signal.SIGTERM)

    assert await worker == 0
    assert await members() == 1


async def test_when_one_app_crashes_the_others_stop_and_the_exit_code_says_so(
    name: str, tmp_path: Path
) -> None:
    async def broken(stream: faust.Stream[bytes]) -> None:
        async for _ in stream:
            raise RuntimeError("a bug")

    await memory_log(name).create_topics({"t": 2})
    good, bad = (app_on(name, tmp_path / group, group=group) for group in ("good", "bad"))
    with_agent(good, idle)
    with_agent(bad, broken)
    worker = asyncio.create_task(run_worker([good, bad]))
    await until(lambda: alive(good) and alive(bad), what="both alive")
    await bad.producer.send_and_wait("t", None, b"x", None, None, None)

    assert await worker == 1
    assert not alive(good)


async def test_a_topic_that_does_not_exist_ends_the_worker(name: str, tmp_path: Path) -> None:
    app = app_on(name, tmp_path)
    with_agent(app, idle)

    assert await run_worker([app]) == 1


async def test_sending_to_a_topic_that_does_not_exist_fails(name: str, tmp_path: Path) -> None:
    await memory_log(name).create_topics({"t": 2})
    app = app_on(name, tmp_path)
    with_agent(app, idle)
    worker = asyncio.create_task(run_worker([app]))
    await until(lambda: alive(app), what="the app to be alive")

    with pytest.raises(faust.exceptions.ProducerSendError) as failure:
        await app.producer.send_and_wait("nowhere.v1", None, b"x", None, None, None)
    with pytest.raises(NotSupported):
        await app.producer.send("t", None, b"x", None, None, {"a": b"b"})
    with pytest.raises(NotSupported):
        await app.producer.send("t", None, None, None, None, None)

    assert isinstance(failure.value.__cause__, UnknownTopic)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await worker == 0
