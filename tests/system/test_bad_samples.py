"""Thousands of samples that are wrong: counted by reason, and the good ones beside them go through.

Through the HTTP door, over MQTT, and straight into the topic; the processes are the real ones, and
do not grow.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from app.migrating import prepare
from app.processes import Processes, free_port
from app.settings import Settings
from streams.embedded import postgres as embedded
from streams.observations import Columns, envelopes, read_envelope
from tests.broker import Broker
from tests.littletown import settle
from tests.system.bad_samples import Bad, bad_envelopes, bad_samples, reasons
from tests.system.conftest import until

SEED = 20261127
GROWTH_MB = 60
"""Caches fill up and allocators keep what they had; what leaks in the long run is far more."""
KEY = "device:meter-1"


@dataclass
class Doors:
    """Web, worker and MQTT at work on a database of their own."""

    url: str
    key: str
    broker: Broker
    database_url: str
    pids: dict[str, int]
    good: int = 0

    def by_http(self, bad: Sequence[Bad]) -> Counter[str]:
        """Send samples as JSON lines, a good one in every hundred; refusals by reason."""
        refused: Counter[str] = Counter()
        headers = {"x-api-key": self.key, "content-type": "application/x-ndjson"}
        for begin in range(0, len(bad), 1000):
            lines = [one.line for one in bad[begin : begin + 1000]]
            for place in range(0, len(lines), 100):
                lines[place] = lines[place] + b"\n" + self.a_good_one()
            answer = httpx.post(
                f"{self.url}/api/observations",
                content=b"\n".join(lines),
                headers=headers,
                timeout=120,
            )
            assert answer.status_code == 202, answer.text
            refused.update(answer.json()["refused"])
        return refused

    def by_mqtt(self, bad: Sequence[Bad]) -> None:
        for begin in range(0, len(bad), 1000):
            lines = [one.line for one in bad[begin : begin + 1000]]
            assert self.broker.publish("citygrid/observations/x", [*lines, self.a_good_one()])

    def by_topic(self, bad: Sequence[bytes]) -> None:
        async def produce() -> None:
            at_ms = int(datetime.now(UTC).timestamp() * 1000)
            good = envelopes("test", Columns(["W1"], [at_ms], [2.5]), datetime.now(UTC))
            async with await psycopg.AsyncConnection.connect(self.database_url) as conn:
                for begin in range(0, len(bad), 1000):
                    values = [*bad[begin : begin + 1000], *good]
                    records = [(b"990199001", value) for value in values]
                    await embedded.append(conn, "observations.v1", records)
                    await conn.commit()

        asyncio.run(produce())

    def a_good_one(self) -> bytes:
        self.good += 1
        at = datetime.now(UTC) - timedelta(milliseconds=self.good)
        return json.dumps({"device": "W1", "at": at.isoformat(), "value": 1.5}).encode()

    def tallied(self, door: str) -> Counter[str]:
        """What stands in the table of counts."""
        rows = self.rows(
            "SELECT reason, sum(count)::int FROM sample_tally WHERE door = %s GROUP BY reason", door
        )
        return Counter(dict(rows))

    def good_in_log(self) -> int:
        rows = self.rows("SELECT value FROM streamlog.record WHERE topic = %s", "observations.v1")
        return sum(_good(bytes(value)) for (value,) in rows)

    def letters(self) -> int:
        [(count,)] = self.rows(
            "SELECT count(*) FROM streamlog.record WHERE topic = %s", "dead-letters.v1"
        )
        return count

    def rows(self, query: str, *values: object) -> list[tuple]:
        with psycopg.connect(self.database_url) as conn:
            return conn.execute(query.encode(), values).fetchall()

    def megabytes(self) -> dict[str, float]:
        return {name: _rss_mb(pid) for name, pid in self.pids.items()}


def _good(value: bytes) -> int:
    try:
        samples = read_envelope(value)
    except ValueError:
        return 0
    return int((samples.values == 1.5).sum())


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


@pytest.fixture
def doors(database_url: str, tmp_path: Path) -> Iterator[Doors]:
    broker = Broker(tmp_path / "broker")
    broker.start()
    port = free_port()
    environment = {
        "CITY_DATABASE_URL": database_url,
        "CITY_MQTT_URL": broker.url,
        "CITY_HOME": str(tmp_path),
        "CITY_PORT": str(port),
        "CITY_SAMPLES_PER_MINUTE": "1000000",
    }
    settings = Settings(database_url=database_url, home=tmp_path, port=port)
    key = asyncio.run(_prepared(settings))
    with Processes(environment, tmp_path / "logs") as processes:
        pids = {name: processes.start(name) for name in ("web", "worker", "mqtt")}
        processes.wait_ready(f"http://127.0.0.1:{port}")
        log = tmp_path / "logs" / "mqtt.log"
        assert until(lambda: "broker is there" in log.read_text())
        yield Doors(f"http://127.0.0.1:{port}", key, broker, database_url, pids)
        processes.check()
    broker.stop()


async def _prepared(settings: Settings) -> str:
    from app.identity.postgres import add_key

    await prepare(settings)
    async with await psycopg.AsyncConnection.connect(settings.database_url) as conn:
        await settle(conn)
        return await add_key(conn, KEY, ["sensor"], "a meter")


def go_through(doors: Doors, count: int, rounds: int) -> list[dict[str, float]]:
    """All three doors, so many samples in so many rounds; the memory after each of them."""
    expected, letters = Counter[str](), 0
    memory: list[dict[str, float]] = []
    for turn in range(rounds):
        bad = list(bad_samples(count // rounds // 3, SEED + turn))
        counts = reasons(bad)
        expected += counts
        letters += len(bad)
        assert doors.by_http(bad) == counts
        doors.by_mqtt(bad)
        doors.by_topic(list(bad_envelopes(len(bad), SEED + turn)))
        _wait_for_counts(doors, expected, letters)
        memory.append(doors.megabytes())
    assert until(lambda: doors.tallied("http") == expected)
    assert until(lambda: doors.good_in_log() == doors.good)
    return memory


def _wait_for_counts(doors: Doors, expected: Counter[str], letters: int) -> None:
    assert until(lambda: doors.tallied("mqtt") == expected, 300), expected - doors.tallied("mqtt")
    assert until(lambda: doors.letters() == letters, 900), doors.letters()


def test_bad_samples_are_counted_by_reason_and_good_ones_go_through(doors: Doors):
    memory = go_through(doors, 2_100, 2)

    assert len(memory) == 2


@pytest.mark.long
def test_a_hundred_thousand_bad_samples_are_counted_and_nothing_grows(doors: Doors):
    memory = go_through(doors, 102_000, 10)

    grown = {name: memory[-1][name] - memory[1][name] for name in memory[0]}
    assert {name: mb for name, mb in grown.items() if mb > GROWTH_MB} == {}
