"""Which step comes when: once, never early, again until somebody has taken notice."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.case import Move, Order
from dispatch.escalation.errors import BrokenStep
from dispatch.escalation.ladder import At, Ladders
from dispatch.escalation.rule import Call, Key, Outlook, Taken, outlook
from dispatch.workflow.errors import MoveRefused
from tests.dispatch.escalation.lives import MINUTE, ZONE, Life, a_ladder, a_part, a_step, ladders
from tests.makers import CITY, NOON

LONG_AGO = NOON - timedelta(days=1)


def look(life: Life, climbed: Ladders, now: datetime, *taken: Taken, **more: Any) -> Outlook:
    since = more.pop("since", LONG_AGO)
    runs = tuple(life.runs.values())
    return outlook(life.case, runs, taken, climbed, life.counting, since=since, now=now)


def called(found: Outlook) -> Call:
    assert found.call is not None
    return found.call


def test_nothing_is_called_before_its_time_and_it_is_known_when_to_look_again() -> None:
    steps = ladders(a_step("50%"), a_step("80%"))

    found = look(Life.begun(), steps, NOON + 150 * MINUTE - timedelta(microseconds=1))

    assert found == Outlook(None, NOON + 150 * MINUTE)
    assert called(look(Life.begun(), steps, NOON + 150 * MINUTE)).step.name == "50%"


def test_of_several_that_are_late_the_first_is_called_first_and_each_once() -> None:
    steps, life, names = ladders(a_step("80%"), a_step("50%"), a_step("100%")), Life.begun(), []
    taken: list[Taken] = []

    while (call := look(life, steps, NOON + 301 * MINUTE, *taken).call) is not None:
        names.append(call.step.name)
        taken.append(Taken(call.key, 1, NOON + 301 * MINUTE, acknowledged=False))

    assert names == ["50%", "80%", "100%"]


@pytest.mark.parametrize("move", [Move.SUSPEND, Move.HANDLE])
def test_a_case_that_stands_or_is_done_climbs_no_further(move: Move) -> None:
    life = Life.begun()
    life.order(Order(move, "because"), NOON + 10 * MINUTE)

    assert look(life, ladders(a_step("50%")), NOON + timedelta(days=9)) == Outlook()


def test_a_step_is_told_again_until_it_is_acknowledged_or_was_told_often_enough() -> None:
    steps, life = ladders(a_step("50%", repeat_minutes=20, most=3)), Life.begun()
    first = called(look(life, steps, NOON + 150 * MINUTE))
    once = Taken(first.key, 1, NOON + 151 * MINUTE, acknowledged=False)

    between = look(life, steps, NOON + 170 * MINUTE, once)
    again = called(look(life, steps, NOON + 171 * MINUTE, once))

    assert between == Outlook(None, NOON + 171 * MINUTE)
    assert (again.key, again.times) == (first.key, 2)
    late = NOON + timedelta(hours=23)
    assert look(life, steps, late, replace(once, acknowledged=True)).call is None
    assert look(life, steps, late, replace(once, times=3)).call is None


def test_more_time_ends_the_telling_until_the_share_is_reached_again() -> None:
    steps, life = ladders(a_step("80%", repeat_minutes=5, most=9)), Life.begun()
    once = Taken(called(look(life, steps, NOON + 240 * MINUTE)).key, 1, NOON + 240 * MINUTE, False)

    life.order(Order(Move.ASK_EXTENSION, "rain", until=NOON + 600 * MINUTE), NOON + 241 * MINUTE)
    life.order(Order(Move.EXTEND), NOON + 241 * MINUTE, actor="chen")

    assert look(life, steps, NOON + 250 * MINUTE, once).look_at == NOON + 480 * MINUTE


QUIET = {"begin": "22:00", "end": "07:00", "through": [1]}


def test_in_quiet_hours_nobody_is_told_but_of_the_most_severe() -> None:
    evening = NOON + timedelta(hours=8)  # 20:00; half of the five hours are over at 22:30
    steps = ladders(a_step("50%"), quiet=QUIET)
    minor, severe = Life.begun(at=evening), Life.begun("01001", at=evening)

    assert look(minor, steps, evening + 150 * MINUTE).look_at == NOON + timedelta(hours=19)
    assert called(look(severe, steps, evening + 150 * MINUTE)).due_at == evening + 150 * MINUTE


@pytest.mark.parametrize("begun", [timedelta(hours=-2), timedelta(hours=9)])
def test_who_looks_late_and_in_quiet_hours_waits_for_their_end(begun: timedelta) -> None:
    """What was reached in the day, or in the quiet hours themselves, is told in the morning."""
    night = NOON + timedelta(hours=11)  # 23:00
    life, steps = Life.begun(at=NOON + begun), ladders(a_step("10%"), quiet=QUIET)

    found = look(life, steps, night)

    assert found == Outlook(None, NOON + timedelta(hours=19))
    assert called(look(life, steps, NOON + timedelta(hours=19))).step.name == "10%"


def test_what_was_late_before_the_city_had_ladders_is_passed_over() -> None:
    steps, life = ladders(a_step("50%"), a_step("80%")), Life.begun()

    found = look(life, steps, NOON + 200 * MINUTE, since=NOON + 160 * MINUTE)

    assert found == Outlook(None, NOON + 240 * MINUTE)


def test_a_step_that_was_added_is_passed_over_where_a_later_one_was_taken() -> None:
    life = Life.begun()
    key = called(look(life, ladders(a_step("80%")), NOON + 240 * MINUTE)).key

    found = look(
        life,
        ladders(a_step("50%"), a_step("80%"), a_step("100%")),
        NOON + 250 * MINUTE,
        Taken(key, 1, NOON + 240 * MINUTE, acknowledged=True),
    )

    assert found == Outlook(None, NOON + 300 * MINUTE)


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({"category": "06010"}, True),
        ({"category": "06"}, True),
        ({"category": "01"}, False),
        ({"severity": [3]}, True),
        ({"severity": [1, 2]}, False),
        ({"area": CITY}, True),
        ({"area": "990199009"}, False),
    ],
)
def test_a_ladder_is_for_a_category_a_severity_and_an_area(
    changes: dict[str, Any], fits: bool
) -> None:
    part = a_part(a_ladder(a_step("50%"), **changes))

    assert (Ladders.of(part, ZONE).find(Life.begun().case) is not None) == fits


def test_of_the_ladders_that_fit_the_first_one_is_climbed() -> None:
    part = a_part(a_ladder(a_step("50%"), name="a"), a_ladder(a_step("10%"), name="b"))

    assert (
        called(look(Life.begun(), Ladders.of(part, ZONE), NOON + 150 * MINUTE)).ladder.name == "a"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [("80%", "80%"), ("80 %", "80%"), ("12.50%", "12.5%"), ("07 min not taken", "7 min not taken")],
)
def test_a_moment_has_one_name(text: str, name: str) -> None:
    assert At.of(text).name == name


@pytest.mark.parametrize(
    "text",
    ["", "80", "0%", "1001%", "-5%", "0 min not taken", "99999 min not taken", "5 min", "８0%"],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(BrokenStep):
        At.of(text)


STEPS = ladders(
    a_step("20%"),
    a_step("50%", repeat_minutes=30, most=3),
    a_step("100%", repeat_minutes=45, most=2),
    a_step("150%"),
    a_step("20 min not taken", repeat_minutes=10, most=4),
    quiet={"begin": "22:00", "end": "06:00", "through": []},
)
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(["look", "look", "look", "take", "suspend", "resume", "handle", "rework"]),
        st.integers(1, 400),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(HAPPENINGS)
def test_whatever_happens_each_step_comes_once_in_its_run_and_none_early_or_in_quiet_hours(
    happenings: list[tuple[str, int]],
) -> None:
    life, taken, at = Life.begun(), dict[Key, Taken](), NOON
    calls: Counter[tuple[Key, int]] = Counter()

    for what, gap in happenings:
        at += gap * MINUTE
        if what == "look":
            while (call := look(life, STEPS, at, *taken.values()).call) is not None:
                calls[call.key, call.times] += 1
                assert call.due_at <= at
                assert 6 <= at.astimezone(ZONE).hour < 22
                before = taken.get(call.key)
                assert call.times == (before.times if before else 0) + 1
                if before and call.step.repeat:
                    assert call.due_at >= before.told_at + call.step.repeat
                taken[call.key] = Taken(call.key, call.times, at, acknowledged=False)
            continue
        with suppress(MoveRefused):
            life.order(Order(Move(what), "because"), at, "wang" if what == "rework" else "li")

    assert not [key for key, count in calls.items() if count > 1]
