"""A few hundred deadlines through kills and jumps; and the judge itself, held against forgeries."""

from __future__ import annotations

import pytest

from tests.chaos.deadlines import drill, options, plan
from tests.chaos.lateness import Event, judge

DUE = {(1, "resolve"): 100.0, (2, "stop"): 100.0, (2, "resolve"): 100.0}


@pytest.mark.long
def test_every_deadline_falls_due_once_and_never_early() -> None:
    told = drill(options(["--deadlines", "360", "--seconds", "14", "--kills", "4", "--jumps", "2"]))

    assert told["ok"], told
    assert told["fired"] == told["deadlines"] == 360
    assert told["struck"]["right"] == 2


@pytest.mark.long
def test_deadlines_that_are_due_at_once_fall_due_once_though_a_clock_is_killed() -> None:
    told = drill(options(["--deadlines", "400", "--seconds", "16", "--at-once"]))

    assert told["ok"], told
    assert told["fired"] == told["deadlines"] == 400
    assert told["struck"] == {
        "jump 2:00:00": 1, "jump -5 days, 0:00:00": 1, "right": 2, "one-clock": 2
    }  # fmt: skip


def test_the_same_seed_makes_the_same_plan() -> None:
    once, again, other = (plan(seed, seconds=60, kills=20, jumps=4) for seed in (1, 1, 2))

    assert once == again != other
    assert [one.kind for one in once if one.kind in ("jump", "right")] == ["jump", "right"] * 4


@pytest.fixture
def events() -> list[Event]:
    return [Event(deadline, f"case-{n}", 100.5) for n, deadline in enumerate(DUE)]


def told(events: list[Event], **seen: float) -> dict[str, object]:
    sights = {event.dedup: 101.0 for event in events} | {
        name.replace("_", "-"): at for name, at in seen.items()
    }
    return judge(DUE, events, sights, [(100.2, 100.6)])


def test_true_books_have_no_fault(events: list[Event]) -> None:
    found = told(events)

    assert found["ok"]
    assert found["late_while_up_s"] == {"n": 0}
    assert found["late_after_outage_s"] == {"n": 3, "p50": 0.4, "p99": 0.4, "max": 0.4}


def test_an_event_that_is_missing_is_lost(events: list[Event]) -> None:
    assert told(events[1:])["lost"] == 1


def test_an_event_twice_is_doubled(events: list[Event]) -> None:
    assert told([*events, events[0]])["twice"] == 1


def test_an_event_of_no_deadline_is_invented(events: list[Event]) -> None:
    assert told([*events, Event((9, "resolve"), "case-9", 100.5)])["invented"] == 1


def test_an_event_seen_before_it_was_due_is_early_whatever_it_says(events: list[Event]) -> None:
    assert told(events, case_1=99.9)["early"] == 1


def test_an_event_that_says_it_was_before_it_was_due_is_early(events: list[Event]) -> None:
    events[0] = events[0]._replace(at=99.9)

    assert told(events)["early"] == 1
