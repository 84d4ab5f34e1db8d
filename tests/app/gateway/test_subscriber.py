"""The subscriber on a real broker: what it acknowledges is in the log, nothing else."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from app.database import DatabaseAway
from app.gateway.client import UnusableCredentials, make_client
from app.gateway.door import Door
from app.gateway.mapping import TopicMap
from app.gateway.metrics import MqttMetrics
from app.gateway.subscriber import Subscriber
from app.gateway.tally import Tally
from app.http.city import City
from app.settings import Settings
from streams.observations import read_envelope
from streams.ports import Record
from tests.broker import Broker
from tests.makers import PARTS

TOPIC = "v1.1/Datastreams(W1)/Observations"
CITY = City.of(PARTS, {"city": 1})
BEGAN = datetime.now(UTC) - timedelta(hours=1)


class FakeLog:
    """A log that takes records only while it is *open*."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.asked = asyncio.Event()
        self.records: list[Record] = []

    async def carry(self, topic: str, records: Sequence[Record]) -> None:
        self.asked.set()
        if not self.open.is_set():
            raise DatabaseAway("closed")
        self.records += records

    @property
    def values(self) -> list[float]:
        return [v for _, one in self.records for v in read_envelope(one).values.tolist()]


class Watched:
    """A subscriber at work, with its log and its figures."""

    def __init__(self, settings: Settings, log: FakeLog) -> None:
        self.log, self.metrics = log, MqttMetrics()
        refused = Counter("refused", "x", ["reason"], registry=CollectorRegistry())
        self.refused = refused
        door = Door(lambda: CITY, settings, Tally("mqtt", refused))
        topics = TopicMap.of(settings.mqtt_map_file, settings.sample_bytes)
        self._subscriber = Subscriber(settings, topics, door, log, self.metrics)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._subscriber.run())
        try:
            await until(lambda: self.metrics.connected._value.get() == 1)
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


async def until(holds: Any, patience_s: float = 120.0) -> None:
    async with asyncio.timeout(patience_s):
        while not holds():
            await asyncio.sleep(0.02)


def observations(*numbers: int) -> list[bytes]:
    return [
        json.dumps(
            {
                "result": float(number),
                "phenomenonTime": (BEGAN + timedelta(seconds=number)).isoformat(),
            }
        ).encode()
        for number in numbers
    ]


async def publish(broker: Broker, topic: str, payloads: Sequence[bytes]) -> None:
    assert await asyncio.to_thread(broker.publish, topic, payloads)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


def settings_for(broker: Broker, **more: Any) -> Settings:
    return Settings(database_url="postgresql://nowhere", mqtt_url=broker.url, **more)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_samples_reach_the_log_and_bad_ones_are_counted(broker: Broker, version: str):
    watched = Watched(settings_for(broker, mqtt_version=version), FakeLog())

    async with watched.at_work():
        await publish(broker, TOPIC, observations(*range(120)))
        await publish(broker, "v1.1/Datastreams(W9)/Observations", observations(1))
        await publish(broker, TOPIC, [b"nonsense", b'{"result": "NaN"}'])
        await until(lambda: watched.metrics.messages._value.get() == 123)

    assert sorted(watched.log.values) == [float(number) for number in range(120)]
    assert watched.refused.labels("unknown")._value.get() == 1
    assert watched.refused.labels("malformed")._value.get() == 2


async def test_what_the_log_has_not_got_is_not_acknowledged_and_comes_again(broker: Broker):
    settings, closed = settings_for(broker), FakeLog()
    closed.open.clear()
    first = Watched(settings, closed)
    async with first.at_work():
        await publish(broker, TOPIC, observations(1, 2, 3))
        await closed.asked.wait()

    second = Watched(settings, FakeLog())
    async with second.at_work():
        await until(lambda: len(second.log.values) >= 3)

    assert (closed.records, sorted(second.log.values)) == ([], [1.0, 2.0, 3.0])


async def test_what_waits_for_the_log_goes_there_when_it_is_back(broker: Broker):
    log = FakeLog()
    log.open.clear()
    watched = Watched(settings_for(broker, mqtt_in_hand=5), log)

    async with watched.at_work():
        await publish(broker, TOPIC, observations(*range(50)))
        await log.asked.wait()
        log.open.set()
        await until(lambda: len(log.values) >= 50)

    assert sorted(log.values) == [float(number) for number in range(50)]


async def test_a_broker_that_is_restarted_is_found_again_and_what_came_meanwhile_is_there(
    broker: Broker,
):
    watched = Watched(settings_for(broker), FakeLog())
    async with watched.at_work():
        await publish(broker, TOPIC, observations(1))
        await until(lambda: len(watched.log.values) == 1)
    await publish(broker, TOPIC, observations(2))
    await asyncio.to_thread(broker.restart)

    async with watched.at_work():
        await asyncio.to_thread(broker.restart)
        await until(lambda: watched.metrics.connections._value.get() >= 2)
        await publish(broker, TOPIC, observations(3))
        await until(lambda: len(watched.log.values) >= 3)

    assert sorted(set(watched.log.values)) == [1.0, 2.0, 3.0]


async def test_whoever_asks_the_broker_sees_whether_we_are_there(broker: Broker):
    watched = Watched(settings_for(broker), FakeLog())

    async with watched.at_work():
        there = await state(broker)
    gone = await state(broker)

    assert (there, gone) == (b"online\n", b"offline\n")


async def state(broker: Broker) -> bytes:
    command = ["mosquitto_sub", "-p", str(broker.port), "-C", "1", "-W", "10"]
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, "-t", "citygrid/gateways/citygrid/state"],
        capture_output=True,
        check=False,
    )
    return done.stdout


def certificates(folder: Path) -> None:
    """A certificate for 127.0.0.1 that signs itself, in *folder*."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(folder / "server.key"), "-out", str(folder / "server.pem")],
        check=True,
        capture_output=True,
    )  # fmt: skip


def a_password_file(folder: Path) -> Path:
    file = folder / "passwords"
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", str(file), "gateway", "secret word"], check=True
    )
    return file


async def test_over_tls_with_a_password_from_a_file(tmp_path: Path):
    certificates(tmp_path)
    passwords = a_password_file(tmp_path)
    more = f"certfile {tmp_path}/server.pem\nkeyfile {tmp_path}/server.key\n"
    broker = Broker(tmp_path / "broker", anonymous=False, more=f"{more}password_file {passwords}\n")
    broker.start()
    credentials = tmp_path / "credentials"
    credentials.write_text("gateway\nsecret word\n")
    settings = Settings(
        database_url="postgresql://nowhere",
        mqtt_url=broker.url.replace("mqtt://", "mqtts://"),
        mqtt_credentials_file=credentials,
        mqtt_ca_file=tmp_path / "server.pem",
    )
    watched = Watched(settings, FakeLog())

    try:
        async with watched.at_work():
            connected = watched.metrics.connections._value.get()
    finally:
        broker.stop()

    assert connected == 1


@pytest.mark.parametrize("text", [None, "only-a-name", "\nword"])
async def test_credentials_that_are_none_are_told(tmp_path: Path, text: str | None):
    file = tmp_path / "credentials"
    if text is not None:
        file.write_text(text)
    settings = Settings(
        database_url="postgresql://nowhere",
        mqtt_url="mqtt://127.0.0.1:1",
        mqtt_credentials_file=file,
    )

    with pytest.raises(UnusableCredentials, match=str(file)):
        make_client(settings)
