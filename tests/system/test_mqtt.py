"""Samples published with QoS 1 while broker and subscriber are restarted and killed: none is lost.

The publisher is mosquitto_pub, the broker a real mosquitto that persists, the subscriber the
process `citygrid mqtt`. What mosquitto_pub says was confirmed must be in the log.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from app.migrating import prepare
from app.processes import Processes
from app.settings import Settings
from streams.observations import read_envelope
from tests.broker import Broker
from tests.littletown import settle
from tests.system.conftest import until

TOPIC = "v1.1/Datastreams(W1)/Observations"
PATIENCE_S = 300
"""Until whoever was killed has started again and brought everything, on a busy machine."""
BEGAN = datetime.now(UTC) - timedelta(hours=20)


@dataclass
class Road:
    """Broker, subscriber and log. *confirmed* are the numbers whose publishing was confirmed."""

    broker: Broker
    processes: Processes
    database_url: str
    confirmed: set[int]

    def publish(self, numbers: range, *, meanwhile: str = "") -> None:
        """Publish until confirmed; restart the broker or kill the subscriber in the middle."""
        middle = len(numbers) // 2
        self._until_confirmed(numbers[:middle])
        self.disturb(meanwhile)
        self._until_confirmed(numbers[middle:])

    def disturb(self, what: str) -> None:
        match what:
            case "broker restarted":
                self.broker.restart()
            case "broker killed":
                # It confirms before it has saved: what it could not pass on before, it would lose.
                assert until(lambda: not self.missing(), PATIENCE_S), self.missing()
                self.broker.restart(signal.SIGKILL)
            case "subscriber killed":
                self.processes.kill("mqtt")
                self.processes.start("mqtt")
            case "both":
                self.processes.kill("mqtt")
                self.broker.restart()
                self.processes.start("mqtt")
            case _:
                pass

    def missing(self) -> list[int]:
        """What was confirmed and is not in the log."""
        return sorted(self.confirmed - self.logged())

    def logged(self) -> set[int]:
        with psycopg.connect(self.database_url) as conn:
            found = conn.execute(
                "SELECT value FROM streamlog.record WHERE topic = 'observations.v1'"
            ).fetchall()
        return {int(v) for row in found for v in read_envelope(bytes(row[0])).values.tolist()}

    def _until_confirmed(self, numbers: range) -> None:
        for _ in range(20):
            if self.broker.publish(TOPIC, [observation(number) for number in numbers]):
                self.confirmed |= set(numbers)
                return
        raise AssertionError("the broker confirmed nothing in twenty tries")


def observation(number: int) -> bytes:
    at = BEGAN + timedelta(seconds=number)
    return json.dumps({"result": float(number), "phenomenonTime": at.isoformat()}).encode()


@pytest.fixture
def road(database_url: str, tmp_path: Path) -> Iterator[Road]:
    broker = Broker(tmp_path / "broker")
    broker.start()
    settings = Settings(database_url=database_url, mqtt_url=broker.url, home=tmp_path)

    async def load() -> None:
        await prepare(settings)
        async with await psycopg.AsyncConnection.connect(database_url) as conn:
            await settle(conn)

    asyncio.run(load())
    environment = {
        "CITY_DATABASE_URL": database_url,
        "CITY_MQTT_URL": broker.url,
        "CITY_HOME": str(tmp_path),
    }
    with Processes(environment, tmp_path / "logs") as processes:
        processes.start("mqtt")
        log = tmp_path / "logs" / "mqtt.log"
        assert until(lambda: "broker is there" in log.read_text())
        yield Road(broker, processes, database_url, set())
    broker.stop()


def test_a_restart_of_the_broker_and_a_kill_of_the_subscriber_lose_nothing(road: Road):
    for turn, meanwhile in enumerate(("broker restarted", "subscriber killed", "both")):
        road.publish(range(turn * 100, turn * 100 + 100), meanwhile=meanwhile)

    assert until(lambda: not road.missing(), PATIENCE_S), road.missing()
    assert road.logged() == set(range(300))


@pytest.mark.long
def test_twenty_restarts_and_kills_lose_nothing_of_twenty_thousand(road: Road):
    troubles = ("broker restarted", "subscriber killed", "both", "broker killed", "")
    for turn in range(20):
        begin = turn * 1000
        road.publish(range(begin, begin + 1000), meanwhile=troubles[turn % len(troubles)])

    assert until(lambda: not road.missing(), PATIENCE_S), road.missing()
    assert road.logged() == set(range(20_000))
