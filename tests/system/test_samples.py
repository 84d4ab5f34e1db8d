"""Samples from the door to the case, through real processes: one case per window."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from app.demo.stage import Stage, on_stage
from app.services import restart, status
from tests.system.conftest import load_littletown, until

HOURS = 3
END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
ALARMS = "SELECT count(*) FROM inbox WHERE channel = 'sensor'"
Sample = dict[str, object]


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
    return count(
        stage,
        """
        SELECT sum(h.next_offset - coalesce(c.next_offset, 0))::int
          FROM streamlog.head h
          LEFT JOIN streamlog.committed c
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


def test_killed_workers_lose_no_window_and_double_none(stage: Stage, key: str) -> None:
    before = count(stage, ALARMS)
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


@pytest.mark.kafka
def test_while_the_broker_is_away_samples_are_sent_again(
    private_home: Path, kafka_url: str
) -> None:
    # kafka_url says whether a broker can be had here; this test kills one of its own.
    with on_stage(
        private_home, database="citygrid_away", load=load_littletown, fresh=True, kafka=True
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
