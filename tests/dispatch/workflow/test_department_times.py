"""Deadlines of departments that keep a working time of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import events as e
from dispatch.calendar import Unit, WorkingCalendar
from dispatch.case import Case, Move, Order, State, obey
from dispatch.deadlines import Limits
from dispatch.decide import Opened, decide
from dispatch.workflow import clocks
from dispatch.workflow.beginning import handed_on
from dispatch.workflow.clocks import Counting, Deadline, Ending
from dispatch.workflow.variant import Terms
from tests.dispatch.test_calendar import calendars, starts
from tests.dispatch.test_deadlines import row
from tests.makers import NOON, PARTS, label, report, rulebook, spot

MICROSECOND = timedelta(microseconds=1)
ALWAYS = {**PARTS["calendar"], "weekend": [], "periods": [["00:00", "24:00"]]}
CALENDAR = WorkingCalendar.of({**PARTS["calendar"], "departments": {"fire": ALWAYS}})
LIMITS = Limits.of(
    [
        row(1, "*", milestone="stop", amount=4, unit="work_hour", name=label("Any")),
        row(2, "*", milestone="resolve", amount=5, unit="work_day", name=label("Any")),
        row(3, "*", milestone="call", amount=20, unit="urgent_hour", name=label("Any")),
    ]
)
RULES = rulebook(calendar=CALENDAR, limits=LIMITS)
TERMS = Terms(calendar=CALENDAR)
MORNING = NOON - timedelta(hours=2)
"""Monday, 10:00."""


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CALENDAR.timezone)


def opened(**changes: object) -> Opened:
    decision = decide(
        report(**changes), RULES.grid.place(*spot()), [], RULES, case_id=1, now=MORNING
    )
    assert isinstance(decision, Opened)
    return decision


def deadlines(decision: Opened) -> list[Deadline]:
    return [Deadline(kind, due_at) for kind, due_at in decision.due.items()]


def handed_to(department: str, case: Case, at: datetime) -> dict[str, datetime]:
    order = Order(Move.TRANSFER, "因", department)
    return dict(obey(case, order, actor="li", now=at, terms=TERMS, deadlines=RUNNING).began)


CASE = opened().case
RUNNING = deadlines(opened())


def test_a_case_has_the_time_of_the_city_when_its_department_has_none_of_its_own() -> None:
    assert CASE.department == "sanitation"
    assert opened().due["stop"] == local("2026-11-23 16:00")
    assert "counted_by" not in CASE.why["limit"]  # pyright: ignore[reportOperatorIssue]


def test_whoever_always_works_has_the_hours_of_the_night() -> None:
    night = MORNING - timedelta(hours=8)  # 02:00, when the rule for fires holds

    decision = decide(
        report(attributes={"fire": True}), RULES.grid.place(*spot()), [], RULES,
        case_id=1, now=night,
    )  # fmt: skip

    assert isinstance(decision, Opened)
    assert decision.case.department == "fire"
    assert decision.due["stop"] == local("2026-11-23 06:00")
    assert decision.due["resolve"] == local("2026-11-28 02:00")
    assert decision.case.why["limit"]["counted_by"] == "fire"  # pyright: ignore


def test_handed_on_a_case_has_as_much_of_its_limit_left_as_before() -> None:
    at = local("2026-11-23 15:00")  # three of four hours are over

    began = handed_to("fire", CASE, at)

    assert began["stop"] == local("2026-11-23 16:00")
    assert began["call"] == RUNNING[2].due_at
    # From Monday 15:00 to the next Monday 10:00 it is four working days and 4.5 of 7.5 hours.
    assert began["resolve"] == at + 4.6 * timedelta(days=1)


def test_by_night_the_time_of_who_is_asleep_waits_and_that_of_who_wakes_runs() -> None:
    running = [Deadline("stop", local("2026-11-24 09:30"))]
    at = local("2026-11-23 20:00")
    case = replace(CASE, why={"limit": {"milestones": {"stop": "4 work_hour"}}})

    there = handed_on(Counting(case, CALENDAR), "fire", running, at)
    back = handed_on(
        Counting(replace(case, department="fire"), CALENDAR),
        "sanitation",
        [Deadline("stop", there["stop"])],
        at,
    )

    assert there == {"stop": local("2026-11-23 21:00")}
    assert back == {"stop": local("2026-11-24 09:30")}


@pytest.mark.parametrize("department", ["water", "street-office"])
def test_between_departments_of_one_time_no_deadline_moves(department: str) -> None:
    assert handed_to(department, CASE, NOON) == {}


def test_what_is_past_is_not_handed_on() -> None:
    at = local("2026-11-23 17:00")

    assert set(handed_to("fire", CASE, at)) == {"resolve", "call"}


def test_sent_back_a_case_goes_on_by_the_time_of_the_city() -> None:
    case = replace(CASE, department="fire")
    order = Order(Move.SEND_BACK, "非本部门职责")
    at = local("2026-11-23 12:00")

    event = obey(case, order, actor="huo", now=at, terms=TERMS, deadlines=RUNNING)

    assert event.began["stop"] == local("2026-11-23 18:00")  # four hours were left for the brigade


def test_what_is_suspended_stops_by_the_time_of_who_has_it() -> None:
    case = replace(CASE, department="fire", why={"limit": {"milestones": {"stop": "4 work_hour"}}})
    running = [Deadline("stop", local("2026-11-23 22:00"))]

    left = clocks.left(Counting(case, CALENDAR), running, local("2026-11-23 19:00"))

    assert left == {"stop": timedelta(hours=3)}


def test_what_was_left_is_what_was_told_when_it_was_suspended() -> None:
    case = replace(CASE, suspended_at=NOON, why={"limit": {"milestones": {"stop": "4 work_hour"}}})
    stood = Deadline("stop", local("2026-11-23 16:00"), Ending.CANCELLED, timedelta(minutes=30))

    due = clocks.resumed(Counting(case, CALENDAR), [stood], local("2026-11-24 09:00"))

    assert due == {"stop": local("2026-11-24 09:30")}


def test_reopened_a_case_has_its_whole_limit_by_the_time_of_who_has_it() -> None:
    case = replace(CASE, department="fire", state=State.CLOSED)

    due = clocks.anew(case, CALENDAR, local("2026-11-27 20:00"))

    assert due["stop"] == local("2026-11-28 00:00")


# An amount that is a hair short of whole days ends a day earlier or later than those: not asked.
AMOUNTS = st.floats(0, 20).map(lambda amount: round(amount, 6))


@settings(max_examples=150)
@given(calendars(), starts, AMOUNTS, st.sampled_from(list(Unit)))
def test_so_many_of_a_unit_as_are_counted_give_the_end_again(
    calendar: WorkingCalendar, start: datetime, amount: float, unit: Unit
) -> None:
    end = calendar.add(start, amount, unit)

    again = calendar.add(start, calendar.count(start, end, unit), unit)

    assert abs(again - end) <= 2 * MICROSECOND


@given(calendars(), starts, st.sampled_from(list(Unit)))
def test_nothing_is_counted_when_nothing_is_left(
    calendar: WorkingCalendar, start: datetime, unit: Unit
) -> None:
    assert calendar.count(start, start, unit) == 0
    assert calendar.count(start, start - MICROSECOND, unit) == 0


def test_the_events_that_hand_on_are_of_the_history_like_all_others() -> None:
    order = Order(Move.TRANSFER, "因", "fire")
    at = local("2026-11-23 15:00")
    event = obey(CASE, order, actor="li", now=at, terms=TERMS, deadlines=RUNNING)

    ended = dict(clocks.ended(event, RUNNING))

    assert ended == dict.fromkeys(("stop", "resolve", "call"), Ending.CANCELLED)
    assert '"began":{"call":' in e.canonical(1, 4, event)
