"""A broker that is gone: reports are decided, the map goes on, workers stop when asked."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest

from app.demo.stage import Stage, on_stage
from app.services import restart, status
from tests.system.conftest import load_littletown, until
from tests.system.test_one_report import report

pytestmark = pytest.mark.kafka

CARRIED = "SELECT position FROM log_carried"
UNCARRIED = f"SELECT count(*) FROM outbox WHERE position > ({CARRIED})"


def one(stage: Stage, query: str) -> int:
    with psycopg.connect(stage.settings.database_url) as conn:
        row = conn.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def test_while_the_broker_is_away_only_publishing_waits(private_home: Path, kafka_url: str) -> None:
    # kafka_url says whether a broker can be had here; this test kills one of its own.
    with on_stage(
        private_home, database="citygrid_away", load=load_littletown, fresh=True, kafka=True
    ) as stage:
        key = stage.key_for("device:9", "inspector")
        assert report(stage, key).status_code == 201
        assert until(lambda: one(stage, CARRIED) == 3)
        [broker] = [standing for standing in status(private_home) if standing.name == "kafka"]
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)

        assert report(stage, key, category="01001").status_code == 201

        assert until(lambda: one(stage, "SELECT count(*) FROM cases") == 2)
        assert until(lambda: one(stage, "SELECT count(*) FROM outbox WHERE position IS NULL") == 0)
        assert one(stage, UNCARRIED) == 3

        restart(private_home, "kafka")
        assert until(lambda: one(stage, UNCARRIED) == 0)


def test_a_worker_stops_when_asked_while_the_broker_is_away(
    private_home: Path, kafka_url: str
) -> None:
    with on_stage(
        private_home, database="citygrid_away", load=load_littletown, fresh=True, kafka=True
    ) as stage:
        key = stage.key_for("device:9", "inspector")
        report(stage, key)
        assert until(lambda: one(stage, "SELECT count(*) FROM cases") == 1)
        [broker] = [standing for standing in status(private_home) if standing.name == "kafka"]
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)
        report(stage, key, category="01001")

        code = stage.processes.stop("worker-1")

        assert code != -signal.SIGKILL


@pytest.mark.long
def test_a_worker_started_without_a_broker_decides_and_takes_up_the_stream_later(
    private_home: Path, kafka_url: str
) -> None:
    with on_stage(
        private_home, database="citygrid_away", load=load_littletown, fresh=True, kafka=True
    ) as stage:
        key = stage.key_for("device:9", "inspector")
        [broker] = [standing for standing in status(private_home) if standing.name == "kafka"]
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)
        stage.processes.kill("worker-1")
        first = stage.processes.start("worker-1", "worker")

        assert report(stage, key).status_code == 201
        assert until(lambda: one(stage, "SELECT count(*) FROM cases") == 1)

        restart(private_home, "kafka")
        assert until(lambda: one(stage, UNCARRIED) == 0)
        stage.processes.check()
        assert Path(f"/proc/{first}").exists()
