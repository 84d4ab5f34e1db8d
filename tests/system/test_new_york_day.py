"""The first hours of the New York day, on real data: embedded engine, and Kafka with faults.

The whole day, with its figures, is `python -m benchmarks.nyc_day`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from app.city.newyork.making import make_newyork
from benchmarks.nyc_day import Day, agreement, differing, incidents, play_day, report

pytestmark = pytest.mark.realdata

MOST = 1200


@pytest.fixture(scope="module")
def pack(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packs") / "newyork"
    make_newyork(folder, shared_data)
    return folder


@pytest.fixture(scope="module")
def plain(shared_data: Path, pack: Path, test_home: Path) -> Day:
    return play_day(incidents(shared_data, MOST), home=test_home, pack=pack)


def test_every_request_has_exactly_one_outcome(plain: Day, shared_data: Path) -> None:
    told = report(plain, shared_data)

    assert told["accepted"] == told["total"] == MOST
    assert told["refused_at_the_door"] == {}
    assert sum(told[state] for state in ("cased", "merged", "rejected", "dead")) == MOST  # type: ignore[misc]
    assert told["dead"] == 0
    assert told["balanced"]


def test_only_requests_without_a_usable_position_are_rejected(
    plain: Day, shared_data: Path
) -> None:
    without = {one.name for one in incidents(shared_data, MOST) if one.lon is None}

    rejected = {name for name, outcome in plain.outcomes.items() if outcome.state == "rejected"}

    assert without <= rejected
    assert len(rejected - without) <= MOST // 500


def test_departments_and_districts_agree_with_the_data(plain: Day, shared_data: Path) -> None:
    departments, districts = agreement(shared_data, plain.outcomes)

    assert departments >= 0.99
    assert districts >= 0.98


@pytest.mark.kafka
def test_on_kafka_with_a_worker_killed_and_the_broker_restarted_nothing_differs(
    plain: Day, shared_data: Path, pack: Path, test_home: Path, kafka_url: str
) -> None:
    disturbed = play_day(
        incidents(shared_data, MOST),
        home=test_home,
        pack=pack,
        kafka=True,
        workers=2,
        faults=True,
    )

    assert list(disturbed.faults) == ["worker-1 killed", "worker-1 started", "broker restarted"]
    assert disturbed.books["balanced"]
    assert differing(plain, disturbed) == 0
