"""Samples from the door to the case, through real processes: one case per window."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from app.demo.stage import Stage, on_stage
from app.services import restart, status
from app.services.postgres import drop_database, with_database
from tests.app.town import a_report
from tests.littletown import settle
from tests.system.conftest import until

HOURS = 3
END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
ALARMS = "SELECT count(*) FROM inbox WHERE channel = 'sensor'"
DAY_MS = 86_400_000
KEPT = "SELECT count(*) FROM observation"
Sample = dict[str, object]


def load_patient_town(database_url: str) -> None:
    """Littletown, where a sample may be a day late."""

    async def load() -> None:
        async with await psycopg.AsyncConnection.connect(database_url) as conn:
            await settle(conn, sensing={"lateness_ms": DAY_MS})

    asyncio.run(load())


@pytest.fixture(scope="module")
def stage(test_home: Path) -> Iterator[Stage]:
    """Littletown at work on the embedded engine with two workers."""
    name = f"citygrid_samples_{os.getpid()}"
    with on_stage(
        test_home, database=name, load=load_patient_town, fresh=True, workers=2
    ) as running:
        yield running
        server = with_database(running.settings.database_url, "postgres")
        running.processes.stop_all()
        drop_database(server, name)


@pytest.fixture(scope="module")
def key(stage: Stage) -> str:
    return stage.key_for("device:meter-1", "sensor")


def high_water() -> list[Sample]:
    """A sample a minute over whole hours that have passed, most of them above the threshold."""
    return [
        {
            "device": "W1",
            "at": (END - timedelta(minutes=minute)).isoformat(),
            "value": 3.0 if minute % 5 == 0 else 4.0,
        }
        for minute in range(1, HOURS * 60)
    ]


def send(stage: Stage, key: str, samples: list[Sample]) -> httpx.Response:
    return httpx.post(
        f"{stage.url}/api/observations",
        json={"samples": samples},
        headers={"X-Api-Key": key},
        timeout=30,
    )


def count(stage: Stage, query: str) -> int:
    with psycopg.connect(stage.settings.database_url) as conn:
        row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def unread(stage: Stage) -> int:
    """Messages that no checkpoint holds; clock marks are among them, and come now and then."""
    return count(
        stage,
        """
        SELECT sum(h.next_offset - coalesce(c.next_offset, 0))::int
          FROM streamlog.head h
          LEFT JOIN sensing_checkpoint c
            ON c.topic = h.topic AND c.partition = h.partition
           AND c.group_name = 'citygrid-observations'
         WHERE h.topic = 'observations.v1'
        """,
    )


def test_a_batch_sent_three_times_becomes_one_case_for_each_window(stage: Stage, key: str) -> None:
    samples = high_water()

    answers = [send(stage, key, samples) for _ in range(3)]

    assert [(one.status_code, one.json()["accepted"]) for one in answers] == [(202, 179)] * 3
    assert until(lambda: unread(stage) == 0)
    assert until(lambda: count(stage, "SELECT count(*) FROM inbox WHERE state = 'accepted'") == 0)
    assert count(stage, ALARMS) == HOURS
    assert count(stage, "SELECT count(*) FROM cases") == HOURS
    assert count(stage, KEPT) == len(samples)
    assert count(stage, "SELECT count(*) FROM alarm WHERE state <> 'withdrawn'") == HOURS


def test_killed_workers_lose_no_window_and_double_none(stage: Stage, key: str) -> None:
    before, kept = count(stage, ALARMS), count(stage, KEPT)
    earlier = [
        sample | {"at": str(datetime.fromisoformat(str(sample["at"])) - timedelta(hours=HOURS))}
        for sample in high_water()
    ]

    for begin in range(0, len(earlier), 30):
        assert send(stage, key, earlier[begin : begin + 30]).status_code == 202
        stage.processes.kill("worker-1")
        stage.processes.start("worker-1", "worker")

    assert until(lambda: unread(stage) == 0)
    assert count(stage, ALARMS) - before == HOURS
    assert count(stage, KEPT) - kept == len(earlier)
    doubled = (
        "SELECT count(*) FROM alarm_event WHERE kind = 'raised' GROUP BY alarm HAVING count(*) > 1"
    )
    assert count(stage, f"SELECT count(*) FROM ({doubled}) twice") == 0


def test_while_checkpoints_are_blocked_reports_are_decided(stage: Stage, key: str) -> None:
    before = count(stage, "SELECT coalesce(max(next_offset), 0) FROM sensing_checkpoint")
    reporter = stage.key_for("device:phone-1", "inspector")
    with psycopg.connect(stage.settings.database_url) as blocking:
        blocking.execute("LOCK TABLE sensing_checkpoint IN ACCESS EXCLUSIVE MODE")
        assert send(stage, key, high_water()[:50]).status_code == 202

        taken = httpx.post(
            f"{stage.url}/api/reports",
            json=a_report(),
            headers={
                "X-Api-Key": reporter,
                "Idempotency-Key": "b0c7d9a2-58de-4a7e-9d3c-2f0f5f4c9c11",
            },
            timeout=30,
        )

        own = "SELECT count(*) FROM inbox WHERE source = 'device:phone-1' AND state = 'cased'"
        assert taken.status_code == 201
        assert until(lambda: count(stage, own) == 1)

    grown = f"SELECT (coalesce(max(next_offset), 0) > {before})::int FROM sensing_checkpoint"
    assert until(lambda: count(stage, grown) == 1)


def test_a_worker_told_to_stop_leaves_nothing_that_is_judged_twice(stage: Stage, key: str) -> None:
    for name in ("worker-1", "worker-2"):
        stage.processes.stop(name)
    assert send(stage, key, high_water()[:50]).status_code == 202
    seen = "SELECT sum((counts->>'samples')::bigint)::int FROM sensing_checkpoint"
    before = count(stage, seen)

    for name in ("worker-1", "worker-2"):
        stage.processes.start(name, "worker")

    assert until(lambda: unread(stage) == 0)
    assert count(stage, seen) - before == 50


@pytest.mark.kafka
@pytest.mark.long
def test_while_the_broker_is_away_samples_are_sent_again(
    private_home: Path, kafka_url: str
) -> None:
    # kafka_url says whether a broker can be had here; this test kills one of its own.
    with on_stage(
        private_home, database="citygrid_away", load=load_patient_town, fresh=True, kafka=True
    ) as stage:
        key = stage.key_for("device:meter-1", "sensor")
        assert send(stage, key, high_water()[:1]).status_code == 202
        assert until(lambda: count(stage, ALARMS) == 1)
        [broker] = [standing for standing in status(private_home) if standing.name == "kafka"]
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)

        refused = send(stage, key, high_water())

        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        restart(private_home, "kafka")
        assert until(lambda: send(stage, key, high_water()).status_code == 202)
        assert until(lambda: count(stage, ALARMS) == HOURS)
