"""When a share of a limit is used up, against a reckoning minute by minute."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dispatch.case import Move, Order, State
from dispatch.escalation.ladder import At
from dispatch.escalation.timeline import reached_at
from dispatch.workflow.errors import MoveRefused
from tests.dispatch.escalation.lives import MINUTE, ZONE, Life, Line
from tests.makers import NOON, PARTS

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
COUNTS = {"stop": np.ones(HORIZON), "resolve": WORKED}
LIMIT = {"stop": 300.0, "resolve": 2 * 450.0}
ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["suspend", "resume", "extend", "handle", "rework", "reopen", "wait"]),
        st.integers(1, 900),
    ),
    max_size=8,
)


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
        case _:
            life.order(Order(Move(what), "because"), at, actor="wang" if what == "rework" else "li")


def used(lines: list[Line], kind: str) -> tuple[Minutes, float]:
    """Minutes used up of a milestone before each minute, and how many it has, by plain counting."""
    runs, limit = np.ones(HORIZON), LIMIT[kind]
    due = 0.0
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
                runs[:at], runs[at:], limit = 0, 1, LIMIT[kind]
            case "extended" if kind in told:
                later = int(minute(datetime.fromisoformat(told[kind])))
                limit += COUNTS[kind][int(due) : later].sum()
        if kind in told:
            due = minute(datetime.fromisoformat(told[kind]))
    return np.concatenate([[0.0], np.cumsum(runs * COUNTS[kind])]), limit


@settings(max_examples=120, deadline=None)
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


@settings(max_examples=60, deadline=None)
@given(ORDERS)
def test_the_whole_limit_is_used_up_exactly_when_the_milestone_is_due(
    orders: list[tuple[str, int]],
) -> None:
    life = Life.begun()
    live(life, orders)

    for kind, run in life.runs.items():
        at = reached_at(run, At.of("100%"), life.counting) if run.due_at else None
        if at is not None and life.case.suspended_at is None:
            assert at == life.deadlines[kind].due_at


@settings(max_examples=60, deadline=None)
@given(ORDERS)
def test_a_later_share_is_never_reached_before_an_earlier_one(
    orders: list[tuple[str, int]],
) -> None:
    life = Life.begun()
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
