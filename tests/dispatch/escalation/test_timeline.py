"""When a share of a limit is used up, against a reckoning minute by minute."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dispatch.case import Move, Order, State
from dispatch.escalation.ladder import At
from dispatch.escalation.runs import Run, reached_at
from dispatch.workflow.errors import MoveRefused
from tests.dispatch.escalation.lives import MINUTE, OWN_TIMES, ZONE, Life, Line, own_times
from tests.makers import NOON, PARTS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HORIZON = 60 * 24 * 60
SHARES = (0.25, 0.5, 0.8, 1.0, 1.2, 1.5)
Minutes = NDArray[np.float64]


def _worked() -> Minutes:
    """Of each minute from NOON on whether the city works in it; by the text of its calendar."""
    periods = PARTS["calendar"]["periods"]
    found: list[float] = []
    for number in range(HORIZON):
        local = (NOON + number * MINUTE).astimezone(ZONE)
        inside = any(begin <= f"{local:%H:%M}" < end for begin, end in periods)
        found.append(float(local.isoweekday() < 6 and inside))
    return np.array(found)


WORKED = _worked()
_ANY = np.ones(HORIZON)
LIMITS = {
    "06010": {"stop": (300.0, _ANY), "resolve": (2 * 450.0, WORKED)},
    "09009": {"stop": (2 * 60.0, WORKED), "remove": (3 * 450.0, WORKED)},
}
"""Of each category how many minutes each milestone has, and which minutes count for it."""
USUAL = ["suspend", "resume", "extend", "handle", "rework", "reopen", "wait", "06010", "09009"]
MOVED = [*USUAL, "fire", "water", "street-office", "send_back", "recount"]


def orders(*names: str) -> st.SearchStrategy[list[tuple[str, int]]]:
    return st.lists(st.tuples(st.sampled_from(names), st.integers(1, 900)), max_size=8)


ORDERS, ALL_ORDERS = orders(*USUAL), orders(*MOVED)


HOLIDAYS = ["2026-11-24", "2026-11-25", "2026-11-26"]


def minute(at: datetime) -> float:
    return (at - NOON) / MINUTE


def live(life: Life, orders: list[tuple[str, int]]) -> None:
    """Give the orders one after the other; those the case cannot follow are left out."""
    at = NOON
    for what, gap in orders:
        at += gap * MINUTE
        with suppress(MoveRefused):
            _order(life, what, gap, at)


def _order(life: Life, what: str, gap: int, at: datetime) -> None:
    match what:
        case "extend":
            runs = [one for one in life.deadlines.values() if not one.ending and one.due_at > at]
            until = min((one.due_at for one in runs), default=at) + gap * MINUTE
            life.order(Order(Move.ASK_EXTENSION, "rain", until=until), at)
            life.order(Order(Move.EXTEND), at, actor="chen")
        case "reopen":
            life.order(Order(Move.HANDLE), at)
            life.order(Order(Move.VERIFY), at, actor="wang")
            life.order(Order(Move.CLOSE), at, actor="wang")
            life.order(Order(Move.REOPEN, "again"), at, actor="wang")
        case "wait":
            pass
        case "06010" | "09009":
            life.correct(what, at)
        case "fire" | "water" | "street-office":
            move = Move.TRANSFER if life.case.department else Move.ASSIGN
            life.order(Order(move, "theirs", what), at)
        case "recount":
            life.recount(own_times(*HOLIDAYS[gap % 3 :]), at)
        case _:
            life.order(Order(Move(what), "because"), at, actor="wang" if what == "rework" else "li")


def used(lines: list[Line], kind: str) -> tuple[Minutes, float]:
    """Minutes used up of a milestone before each minute, and how many it has, by plain counting."""
    runs, limits = np.ones(HORIZON), LIMITS["06010"]
    limit = limits[kind][0] if kind in limits else 0.0
    due, handled = 0.0, 0
    for line in lines:
        at = int(minute(line.at))
        told = line.fields.get("due", {}) | line.fields.get("began", {})
        match line.kind:
            case "suspended" | "handled":
                runs[at:] = 0
                handled = at
            case "resumed":
                runs[at:] = 1
            case "reworked":
                runs[handled:] = 1
            case "reopened":
                runs[:at], runs[at:], limit = 0, 1, limits[kind][0] if kind in limits else 0.0
            case "corrected" if told:
                limits = LIMITS[line.fields["category"]]
                limit = limits[kind][0] if kind in limits else 0.0
            case "extended" if kind in told:
                later = int(minute(datetime.fromisoformat(told[kind])))
                limit += limits[kind][1][int(due) : later].sum()
            case _:
                pass
        if kind in told:
            due = minute(datetime.fromisoformat(told[kind]))
    return np.concatenate([[0.0], np.cumsum(runs * limits[kind][1])]), limit


@settings(max_examples=100, deadline=None)
@given(ORDERS)
def test_a_share_is_reached_when_so_much_of_the_limits_own_time_is_used_up(
    orders: list[tuple[str, int]],
) -> None:
    life = Life.begun()
    live(life, orders)

    for kind, run in life.runs.items():
        if run.due_at is None:
            continue
        so_far, limit = used(life.lines, kind)
        for share in SHARES:
            at = reached_at(run, At.of(f"{share * 100:g}%"), life.counting)
            if at is None:
                assert life.case.state is not State.ASSIGNED or life.case.suspended_at
                continue
            reached = np.interp(minute(at), np.arange(HORIZON + 1), so_far)
            assert reached == pytest.approx(share * limit, abs=1e-4)


@settings(max_examples=200, deadline=None)
@given(ALL_ORDERS)
@example([("09009", 60)])
@example([("fire", 600), ("recount", 1)])
@example([("09009", 1), ("suspend", 1), ("resume", 1)])
def test_the_whole_limit_is_used_up_exactly_when_the_deadline_is_due(
    orders: list[tuple[str, int]],
) -> None:
    life = Life.begun(rules=OWN_TIMES)
    live(life, orders)

    if life.case.state is State.ASSIGNED and life.case.suspended_at is None:
        pending = {one.kind: one.due_at for one in life.deadlines.values() if not one.ending}
        assert {run.kind: whole(life, run) for run in life.runs.values() if run.due_at} == pending


def whole(life: Life, run: Run) -> datetime | None:
    return reached_at(run, At.of("100%"), life.counting)


@settings(max_examples=60, deadline=None)
@given(ALL_ORDERS)
def test_a_later_share_is_never_reached_before_an_earlier_one(
    orders: list[tuple[str, int]],
) -> None:
    life = Life.begun(rules=OWN_TIMES)
    live(life, orders)

    for run in life.runs.values():
        if run.due_at is not None:
            found = [reached_at(run, At.of(f"{100 * s:g}%"), life.counting) for s in SHARES]
            times = [at for at in found if at is not None]
            assert times == sorted(times)
            assert found == times + [None] * (len(found) - len(times))


def test_the_time_of_a_suspension_is_no_time_of_the_limit() -> None:
    life = Life.begun()

    life.order(Order(Move.SUSPEND, "rain"), NOON + 60 * MINUTE)
    stands = reached_at(life.runs["stop"], At.of("50%"), life.counting)
    life.order(Order(Move.RESUME), NOON + 1060 * MINUTE)

    assert stands is None
    assert reached_at(life.runs["stop"], At.of("50%"), life.counting) == NOON + 1150 * MINUTE


def test_more_time_moves_the_shares_that_are_still_to_come() -> None:
    life = Life.begun()
    until = NOON + 500 * MINUTE

    life.order(Order(Move.ASK_EXTENSION, "rain", until=until), NOON + 10 * MINUTE)
    life.order(Order(Move.EXTEND), NOON + 10 * MINUTE, actor="chen")

    assert reached_at(life.runs["stop"], At.of("80%"), life.counting) == NOON + 400 * MINUTE
    assert reached_at(life.runs["stop"], At.of("150%"), life.counting) == until + 250 * MINUTE


def test_who_has_not_taken_it_is_waited_for_minute_by_minute_and_anew_with_the_next_one() -> None:
    life = Life.begun()
    wait = At.of("15 min not taken")

    first = reached_at(life.runs["not taken"], wait, life.counting)
    life.order(Order(Move.TAKE), NOON + 3 * MINUTE)
    taken = reached_at(life.runs["not taken"], wait, life.counting)
    life.order(Order(Move.TRANSFER, "not ours", "water"), NOON + 30 * MINUTE)
    handed_on = reached_at(life.runs["not taken"], wait, life.counting)

    assert (first, taken) == (NOON + 15 * MINUTE, None)
    assert handed_on == NOON + 45 * MINUTE


def test_what_a_helper_takes_is_not_taken_by_the_lead() -> None:
    life = Life.begun()
    life.order(Order(Move.INVOLVE, department="water"), NOON, actor="chen")

    life.order(Order(Move.TAKE, by="water"), NOON + MINUTE, actor="shui")

    assert not life.runs["not taken"].over


def test_a_reopened_case_has_its_whole_limit_before_it() -> None:
    life = Life.begun()
    before = life.runs["stop"].since

    live(life, [("reopen", 200)])

    again = life.runs["stop"]
    assert again.since > before
    assert reached_at(again, At.of("50%"), life.counting) == NOON + 350 * MINUTE


def test_by_another_limit_the_steps_are_those_of_that_limit_from_the_start() -> None:
    life = Life.begun(at=NOON - timedelta(hours=3))  # 9:00, five hours to stop it
    before = life.runs["stop"].since

    life.correct("09009", NOON - timedelta(hours=2))  # at 10:00, two working hours

    assert {kind for kind, run in life.runs.items() if run.due_at} == {"stop", "remove"}
    assert life.runs["stop"].since > before
    assert reached_at(life.runs["stop"], At.of("50%"), life.counting) == NOON - 2 * HOUR
    assert reached_at(life.runs["stop"], At.of("100%"), life.counting) == NOON - HOUR
    assert reached_at(life.runs["remove"], At.of("50%"), life.counting) == NOON + 26.75 * HOUR


def test_who_gets_it_by_a_correction_has_its_limit_by_their_own_time_from_the_start() -> None:
    life = Life.begun(at=NOON - timedelta(hours=3), rules=OWN_TIMES)

    life.correct("09009", NOON - HOUR)  # the street office works from 8:00 to 11:00

    assert life.case.department == "street-office"
    assert reached_at(life.runs["stop"], At.of("50%"), life.counting) == NOON - 2 * HOUR
    # Half of the nine hours of three mornings: two of this one, and of the next one the rest.
    assert reached_at(life.runs["remove"], At.of("50%"), life.counting) == NOON + 22.5 * HOUR


def test_in_other_hands_as_large_a_part_of_the_limit_is_used_up_as_before() -> None:
    """Of two working days one is used up; the other is 24 hours for who works round the clock."""
    life = Life.begun(rules=OWN_TIMES)
    handed_on = life.deadlines["resolve"].due_at - DAY

    life.order(Order(Move.TRANSFER, "theirs", "fire"), handed_on)

    run = life.runs["resolve"]
    assert life.deadlines["resolve"].due_at == handed_on + DAY
    assert reached_at(run, At.of("50%"), life.counting) == NOON + DAY  # as the city counts
    assert reached_at(run, At.of("75%"), life.counting) == handed_on + 12 * HOUR
    assert reached_at(run, At.of("150%"), life.counting) == handed_on + 48 * HOUR


def test_who_took_a_case_of_the_city_itself_and_has_to_do_it_again_is_waited_for() -> None:
    life = Life.begun()
    life.order(Order(Move.SEND_BACK, "not ours"), NOON + MINUTE)
    life.order(Order(Move.SELF_HANDLE, "done", "water"), NOON + 2 * MINUTE, actor="ou")
    life.order(Order(Move.REWORK, "not done"), NOON + 3 * MINUTE, actor="wang")

    life.order(Order(Move.TAKE), NOON + 4 * MINUTE)

    assert life.runs["not taken"].over
