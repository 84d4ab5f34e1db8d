"""One report from the door to the case, through real processes; and what happens when they die."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from app.demo.stage import Stage
from tests.makers import spot
from tests.system.conftest import until


def report(stage: Stage, key: str, **changes: object) -> httpx.Response:
    lon, lat = spot()
    body = {"category": "06010", "lon": lon, "lat": lat, "datum": "wgs84", "description": "袋子"}
    return httpx.post(
        f"{stage.url}/api/reports",
        json=body | changes,
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": str(uuid4())},
    )


def decided(stage: Stage, receipt: str, key: str, patience_s: float = 30.0) -> dict[str, object]:
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        answer = httpx.get(
            f"{stage.url}/api/reports/{receipt}", headers={"Authorization": f"Bearer {key}"}
        )
        standing = answer.json()
        if standing["state"] != "accepted":
            return standing
        time.sleep(0.02)
    pytest.fail(f"{receipt} was not decided in {patience_s} s")


@pytest.fixture(scope="module")
def key(stage: Stage) -> str:
    return stage.key_for("device:7", "inspector")


def test_a_report_becomes_a_case_of_the_right_department(stage: Stage, key: str) -> None:
    answer = report(stage, key)

    assert answer.status_code == 201
    standing = decided(stage, answer.json()["receipt"], key)
    assert standing["state"] == "cased"
    with psycopg.connect(stage.settings.database_url) as conn:
        found = conn.execute("SELECT state::text, department, cell FROM cases").fetchone()
    assert found == ("assigned", "sanitation", "990199001001003")


def test_a_killed_worker_loses_nothing(stage: Stage, key: str) -> None:
    receipts = [report(stage, key, category="09009").json()["receipt"] for _ in range(20)]
    stage.processes.kill("worker-1")
    receipts += [report(stage, key, category="01001").json()["receipt"] for _ in range(20)]
    stage.processes.start("worker-1", "worker")

    states = [decided(stage, receipt, key)["state"] for receipt in receipts]

    assert states.count("cased") == 2
    assert states.count("merged") == 38


def test_with_no_worker_reports_wait_and_are_decided_later(stage: Stage, key: str) -> None:
    for name in ("worker-1", "worker-2"):
        stage.processes.kill(name)
    receipt = report(stage, key, attributes={"fire": "yes"}).json()["receipt"]
    with psycopg.connect(stage.settings.database_url) as conn:
        waiting = conn.execute("SELECT count(*) FROM inbox WHERE state = 'accepted'").fetchone()

    for name in ("worker-1", "worker-2"):
        stage.processes.start(name, "worker")

    assert waiting == (1,)
    assert decided(stage, receipt, key)["state"] in ("cased", "merged")


def test_a_worker_that_is_ready_stops_when_asked(stage: Stage) -> None:
    log = stage.settings.home / "logs" / "worker-3.log"
    log.unlink(missing_ok=True)
    stage.processes.start("worker-3", "worker")
    assert until(lambda: "Worker ready" in log.read_text())

    assert stage.processes.stop("worker-3") == 0


def test_a_file_is_replayed_once_however_often_it_is_played(stage: Stage, tmp_path: Path) -> None:
    lon, lat = spot(150, 150)
    lines = [
        {"category": name, "happened_at": f"2026-01-01T0{n}:00:00+08:00", "lon": lon, "lat": lat}
        for n, name in enumerate(("06010", "Parking（中）", "06010"))
    ]
    file = tmp_path / "reports.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    portal = stage.key_for("open311:portal", "citizen")

    def replay() -> dict[str, object]:
        done = citygrid("replay", str(file), "--url", stage.url, "--key", portal, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert replay() == {"sent": 3, "accepted": 3, "known": 0, "refused": {}}
    assert replay() == {"sent": 3, "accepted": 0, "known": 3, "refused": {}}
    with psycopg.connect(stage.settings.database_url) as conn:
        found = conn.execute("SELECT count(*) FROM inbox WHERE source = 'open311:portal'")
        assert found.fetchone() == (3,)


def test_the_books_balance_after_all_that(stage: Stage) -> None:
    done = citygrid("ledger", "--json", CITY_DATABASE_URL=stage.settings.database_url)

    assert done.returncode == 0, done.stdout + done.stderr


def citygrid(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
