"""The first hours of the New York day, on real data: embedded engine, and Kafka with faults.

The whole day, with its figures, is `python -m benchmarks.nyc_day`; with --life every request is
closed when it was, and what-if is held against the raw file.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from app.city.newyork.making import make_newyork
from app.city.newyork.requests import learn
from benchmarks.nyc_day import FILE, Day, agreement, differing, incidents, play_day, report
from benchmarks.nyc_life import (
    LIMIT,
    PARKING,
    SHORT_LIMIT,
    LivedDay,
    Request,
    live_day,
    loaded_city,
    raw_requests,
)

pytestmark = pytest.mark.realdata

MOST = 1200
EVERY = 36
"""One request in so many is lived again, from midnight to midnight."""


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


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> dict[str, Request]:
    return raw_requests(shared_data / FILE)


@pytest.fixture(scope="module")
def lived(shared_data: Path, raw: dict[str, Request], pack: Path, test_home: Path) -> LivedDay:
    """Some of the requests, and the one that was closed before it was made."""
    some = [
        one
        for number, one in enumerate(incidents(shared_data))
        if number % EVERY == 0 or closed_before_made(raw[one.name])
    ]
    with loaded_city(test_home, pack, f"citygrid_nyc_life_{os.getpid()}") as url:
        return asyncio.run(live_day(url, some, raw, pack))


def closed_before_made(request: Request) -> bool:
    return request.closed is not None and request.closed < request.created


def opened(day: LivedDay, raw: dict[str, Request]) -> list[Request]:
    """The requests that became a case."""
    return [raw[key] for key, state in day.outcomes.items() if state == "cased"]


def test_what_was_closed_is_closed_and_what_was_not_is_open(
    lived: LivedDay, raw: dict[str, Request]
) -> None:
    closed = [one for one in opened(lived, raw) if one.closed and not closed_before_made(one)]

    assert lived.lived.impossible == 1
    assert 200 < lived.lived.closed == len(closed) < len(opened(lived, raw))


def test_the_lateness_of_a_department_is_that_of_the_dates(
    lived: LivedDay, raw: dict[str, Request], shared_data: Path
) -> None:
    types = {one.name for one in learn(shared_data / FILE).types if one.agency == "NYPD"}
    until = max(one.closed or one.created for one in (raw[key] for key in lived.outcomes))

    police = next(row for row in lived.departments if row["department"] == "NYPD")

    theirs = [one for one in opened(lived, raw) if one.category in types]
    assert police["cases"] == len(theirs)
    assert police["late"] == sum(one.late(LIMIT, until) for one in theirs) > 0
    assert sum(row["late"] for row in lived.departments) == lived.lived.late


def test_one_rule_changed_lists_exactly_the_requests_of_the_raw_file(
    lived: LivedDay, raw: dict[str, Request]
) -> None:
    parked = {one.key for one in opened(lived, raw) if one.category == PARKING}

    assert lived.rule.listed == lived.rule.expected
    assert set() < lived.rule.listed < parked
    assert lived.rule.told["changed"] == len(lived.rule.listed)


def test_one_limit_changed_lists_exactly_what_would_have_been_late(lived: LivedDay) -> None:
    assert SHORT_LIMIT < LIMIT
    assert lived.limit.listed == lived.limit.expected
    assert lived.limit.listed
    late = (lived.limit.told[side]["late"] for side in ("before", "after"))
    assert -next(late) + next(late) == len(lived.limit.listed)
