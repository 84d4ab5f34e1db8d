"""Stopping, going on and moving of deadlines, against a reckoning minute by minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import events as e
from dispatch.case import Case, State
from dispatch.decide import Opened, decide
from dispatch.workflow import clocks
from dispatch.workflow import facts as f
from dispatch.workflow.clocks import Counting, Deadline, Ending, Stage
from tests.makers import NOON, PARTS, report, rulebook, spot

RULES = rulebook()
MINUTE = timedelta(minutes=1)
MINUTES = st.integers(0, 4 * 24 * 60)
STEPS = st.integers(1, 2 * 24 * 60)


def a_case(**milestones: str) -> Case:
    decision = decide(report(), RULES.grid.place(*spot()), [], RULES, case_id=1, now=NOON)
    assert isinstance(decision, Opened)
    why = {**decision.case.why, "limit": {"milestones": milestones}}
    return replace(decision.case, state=State.ASSIGNED, why=why)


def worked(at: datetime) -> bool:
    """Whether the city works in the minute that begins then; by the text of its calendar alone."""
    local = at.astimezone(RULES.calendar.timezone)
    in_a_period = any(
        begin <= f"{local:%H:%M}" < end for begin, end in PARTS["calendar"]["periods"]
    )
    return local.isoweekday() < 6 and in_a_period


def always(at: datetime) -> bool:
    return True


def minutes_between(begin: datetime, end: datetime, counts: Callable[[datetime], bool]) -> int:
    """How many minutes count, one after the other."""
    total = 0
    while begin < end:
        total += counts(begin)
        begin += MINUTE
    return total


def is_over(begin: datetime, left: int, counts: Callable[[datetime], bool]) -> datetime:
    """When so many counting minutes are over, one after the other; the first moment that counts."""
    while left or not counts(begin):
        left -= counts(begin)
        begin += MINUTE
        if not left:
            break
    return begin


UNITS = st.sampled_from(
    [("2 work_day", worked), ("4 work_hour", worked), ("1 urgent_day", always),
     ("2 natural_day", always)]
)  # fmt: skip


@settings(max_examples=60)
@given(UNITS, MINUTES, STEPS, STEPS)
def test_after_it_is_resumed_as_much_time_is_left_as_when_it_was_suspended(
    unit: tuple[str, Callable[[datetime], bool]], due_in: int, before: int, stood: int
) -> None:
    told, counts = unit
    due_at = is_over(NOON, minutes_between(NOON, NOON + due_in * MINUTE, counts) + 1, counts)
    suspended_at = min(NOON + before * MINUTE, due_at - MINUTE)
    case = replace(a_case(resolve=told), suspended_at=suspended_at)
    resumed_at = suspended_at + stood * MINUTE
    counting = Counting(case, RULES.calendar)

    due = clocks.resumed(counting, [Deadline("resolve", due_at, Ending.CANCELLED)], resumed_at)[
        "resolve"
    ]

    left = minutes_between(suspended_at, due_at, counts)
    assert due == is_over(resumed_at, left, counts)
    assert minutes_between(resumed_at, due, counts) == left


@settings(max_examples=60)
@given(STEPS, STEPS, STEPS)
def test_more_time_for_the_next_milestone_is_as_much_more_for_the_later_ones(
    first_in: int, second_in: int, more: int
) -> None:
    first = is_over(NOON, first_in, always)
    second = is_over(first, second_in % 1000 + 1, worked)
    until = first + more * MINUTE
    case = a_case(stop="4 urgent_hour", resolve="2 work_day")
    deadlines = [Deadline("stop", first), Deadline("resolve", second)]

    moved = clocks.extended(Counting(case, RULES.calendar), deadlines, until, NOON)

    assert moved["stop"] == until
    longer = minutes_between(first, until, worked)
    assert minutes_between(second, moved["resolve"], worked) == longer


@given(STEPS)
def test_a_stage_counts_every_minute(stood: int) -> None:
    case = replace(a_case(), suspended_at=NOON)
    waited = Deadline(Stage.DISPATCH, NOON + 15 * MINUTE, Ending.CANCELLED)

    due = clocks.resumed(Counting(case, RULES.calendar), [waited], NOON + stood * MINUTE)

    assert due == {Stage.DISPATCH: NOON + (15 + stood) * MINUTE}


@pytest.mark.parametrize("ending", [Ending.MET, Ending.FIRED])
def test_what_was_over_before_it_was_suspended_does_not_come_back(ending: Ending) -> None:
    case = replace(a_case(resolve="1 work_day"), suspended_at=NOON)
    over = Deadline("resolve", NOON + MINUTE, ending)

    assert clocks.resumed(Counting(case, RULES.calendar), [over], NOON + MINUTE) == {}


def test_what_is_past_is_not_stopped_any_more() -> None:
    past, ahead = Deadline("stop", NOON), Deadline("resolve", NOON + MINUTE)

    left = clocks.left(Counting(a_case(), RULES.calendar), [past, ahead], NOON)

    assert left == {"resolve": MINUTE}


@pytest.mark.parametrize(
    ("done", "kind"),
    [
        (e.CaseHandled(at=NOON, actor="li"), "resolve"),
        (f.CaseSelfHandled(at=NOON, actor="li", department="water"), "resolve"),
        (f.CaseRejected(at=NOON, actor="ou", reason="none of ours"), Stage.ACCEPT),
        (e.CaseAssigned(at=NOON, actor="chen", department="water"), Stage.DISPATCH),
        (e.CaseVerified(at=NOON, actor="ying"), Stage.VERIFY),
    ],
)
def test_what_was_done_too_late_is_not_met_however_late_the_clock_process_looks(
    done: e.Event, kind: str
) -> None:
    in_time, too_late = Deadline(kind, NOON + MINUTE), Deadline(kind, NOON)

    assert clocks.ended(done, [in_time]) == [(kind, Ending.MET)]
    assert clocks.ended(done, [too_late]) == []


def test_a_reopened_case_has_its_whole_limit_again() -> None:
    case = a_case(stop="4 urgent_hour", resolve="1 work_day")

    due = clocks.anew(case, RULES.calendar, NOON)

    assert due == {"stop": NOON + timedelta(hours=4), "resolve": NOON + timedelta(hours=26)}
