"""Samples from the door to the case, through real processes: one case per window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from app.demo.stage import Stage
from tests.system.conftest import until

HOURS = 3
Sample = dict[str, object]


@pytest.fixture(scope="module")
def key(stage: Stage) -> str:
    return stage.key_for("device:meter-1", "sensor")


def high_water() -> list[Sample]:
    """A sample a minute over whole hours that have passed, most of them above the threshold."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return [
        {
            "device": "W1",
            "at": (end - timedelta(minutes=minute)).isoformat(),
            "value": 3.0 if minute % 5 == 0 else 4.0,
        }
        for minute in range(1, HOURS * 60)
    ]


def send(stage: Stage, key: str, samples: list[Sample]) -> httpx.Response:
    return httpx.post(
        f"{stage.url}/api/observations", json={"samples": samples}, headers={"X-Api-Key": key}
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
    assert count(stage, "SELECT count(*) FROM inbox WHERE channel = 'sensor'") == HOURS
    assert count(stage, "SELECT count(*) FROM cases") == HOURS


def test_killed_workers_lose_no_window_and_double_none(stage: Stage, key: str) -> None:
    before = count(stage, "SELECT count(*) FROM inbox WHERE channel = 'sensor'")
    earlier = [
        sample | {"at": str(datetime.fromisoformat(str(sample["at"])) - timedelta(hours=HOURS))}
        for sample in high_water()
    ]

    for begin in range(0, len(earlier), 30):
        assert send(stage, key, earlier[begin : begin + 30]).status_code == 202
        stage.processes.kill("worker-1")
        stage.processes.start("worker-1", "worker")

    assert until(lambda: unread(stage) == 0)
    assert count(stage, "SELECT count(*) FROM inbox WHERE channel = 'sensor'") - before == HOURS
