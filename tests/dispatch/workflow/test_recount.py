"""Deadlines by another calendar: the history reckoned anew against the same life lived by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dispatch import events as e
from dispatch.calendar import WorkingCalendar
from dispatch.case import Case, Move, Order, evolve, obey
from dispatch.deadlines import Limits
from dispatch.decide import Opened, decide
from dispatch.kinds import event_of
from dispatch.workflow.clocks import Deadline, Ending, ended
from dispatch.workflow.errors import MoveRefused
from dispatch.workflow.facts import CaseSuspended, DeadlinesRecounted
from dispatch.workflow.recount import Recount, recount
from dispatch.workflow.variant import Terms
from tests.dispatch.test_deadlines import row
from tests.makers import NOON, PARTS, label, report, rulebook, spot

MINUTE = timedelta(minutes=1)
OPENED = NOON - timedelta(hours=2)
"""Monday 23 November, 10:00 in the city."""

ROUND_THE_CLOCK = {**PARTS["calendar"], "weekend": [], "periods": [["00:00", "24:00"]]}
LIMITS = Limits.of(
    [
        row(1, "*", milestone="stop", amount=4, unit="work_hour", name=label("Any")),
        row(2, "*", milestone="resolve", amount=5, unit="work_day", name=label("Any")),
        row(3, "*", milestone="call", amount=9, unit="urgent_day", name=label("Any")),
    ]
)

RULES = rulebook(limits=LIMITS)
SLOW = [HealthCheck.filter_too_much, HealthCheck.too_slow]
PLACE = RULES.grid.place(*spot())


def calendar(
    *days: tuple[str, str], own: dict[str, Any] | None = None, **changed: Any
) -> WorkingCalendar:
    """That of the city with single days; *own* are those of departments, all but the brigade's."""
    rows = [{"date": day, "kind": kind} for day, kind in days]
    content = {**PARTS["calendar"], "days": rows, **changed}
    own = {code: {**content, **told} for code, told in (own or {}).items()}
    return WorkingCalendar.of({**content, "departments": {"fire": ROUND_THE_CLOCK, **own}})


PLAIN = calendar()
WEDNESDAY_OFF = calendar(("2026-11-25", "holiday"))
SATURDAY_WORKED = calendar(("2026-11-28", "workday"))

EARLY = {"sanitation": {"periods": [["05:00", "12:30"]]}}
"""The department that gets the case first begins early."""

FIRST = calendar(own=EARLY)
OTHERS = [
    calendar(("2026-11-24", "holiday"), own=EARLY),
    calendar(("2026-11-24", "holiday"), ("2026-11-28", "workday"), own=EARLY),
    calendar(own=EARLY, periods=[["10:30", "12:00"], ["14:00", "20:00"]]),
    calendar(own={"sanitation": {"periods": [["06:30", "14:30"]], "weekend": [7]}}),
    calendar(own={"water": EARLY["sanitation"]}),
]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PLAIN.timezone)


@dataclass
class Life:
    """A case lived by one calendar, with its deadlines as the store would keep them."""

    calendar: WorkingCalendar
    limits: Limits = LIMITS
    case: Case = field(init=False)
    history: list[e.Event] = field(init=False)
    book: dict[str, Deadline] = field(init=False)

    def __post_init__(self) -> None:
        rules = replace(RULES, calendar=self.calendar, limits=self.limits)
        decision = decide(report(), PLACE, [], rules, case_id=1, now=OPENED)
        assert isinstance(decision, Opened)
        self.case = decision.case
        self.history = [entry.event for entry in decision.entries]
        self.book = {kind: Deadline(kind, due) for kind, due in decision.due.items()}

    def order(self, move: Move, at: datetime, **more: Any) -> bool:
        """Whether the order could be carried out."""
        order = Order(move, "因", more.pop("department", None), **more)
        deadlines = list(self.book.values())
        terms = Terms(calendar=self.calendar)
        try:
            event = obey(self.case, order, actor="li", now=at, terms=terms, deadlines=deadlines)
        except MoveRefused:
            return False
        self.happen(event)
        return True

    def happen(self, event: e.Event) -> None:
        left = event.left_s if isinstance(event, CaseSuspended | DeadlinesRecounted) else {}
        for kind, ending in ended(event, list(self.book.values())):
            self.book[kind] = replace(self.book[kind], ending=ending)
        for kind, seconds in left.items():
            self.book[kind] = replace(self.book[kind], left=timedelta(seconds=seconds))
        self.book |= {kind: Deadline(kind, due) for kind, due in event.began.items()}
        self.case = evolve(self.case, event)
        self.history.append(event)

    def recounted(self, other: WorkingCalendar, now: datetime) -> Recount:
        return recount(
            self.case, self.history, list(self.book.values()), other,
            version=2, actor="admin", now=now,
        )  # fmt: skip

    def due(self) -> dict[str, datetime]:
        return {one.kind: one.due_at for one in self.book.values() if one.ending is None}


def moved(found: Recount) -> dict[str, datetime | None]:
    return {move.kind: move.moved_to for move in found.moves}


def test_by_a_holiday_a_deadline_in_working_days_is_a_day_later() -> None:
    life = Life(PLAIN)

    found = life.recounted(WEDNESDAY_OFF, OPENED + MINUTE)

    assert moved(found) == {"resolve": local("2026-12-01 10:00")}


def test_the_event_names_all_that_run_and_the_case_knows_which_is_first() -> None:
    life = Life(PLAIN)
    stop, call = life.book["stop"].due_at, life.book["call"].due_at

    found = life.recounted(WEDNESDAY_OFF, OPENED + MINUTE)

    assert found.event is not None
    assert found.event.began == {"stop": stop, "resolve": local("2026-12-01 10:00"), "call": call}
    life.happen(found.event)
    assert life.case.due_at == stop
    assert life.recounted(WEDNESDAY_OFF, OPENED + MINUTE) == Recount((), None)


def test_what_fired_stays_fired() -> None:
    life = Life(PLAIN)
    stop = life.book["stop"].due_at
    life.happen(e.CaseOverdue(at=stop, actor="clock", milestone="stop", due_at=stop))

    found = life.recounted(WEDNESDAY_OFF, stop + MINUTE)

    assert set(moved(found)) == {"resolve"}
    assert life.book["stop"].ending is Ending.FIRED


def test_nobody_is_made_late_for_a_day_that_is_over() -> None:
    life = Life(PLAIN)  # due on Monday 30 November at 10:00

    found = life.recounted(SATURDAY_WORKED, local("2026-11-29 12:00"))

    assert moved(found) == {"resolve": None}
    assert found.event is None


def test_a_make_up_day_ahead_makes_a_deadline_earlier() -> None:
    found = Life(PLAIN).recounted(SATURDAY_WORKED, local("2026-11-26 12:00"))

    assert moved(found)["resolve"] == local("2026-11-28 10:00")


def test_what_is_left_of_a_suspended_case_is_told_anew() -> None:
    life = Life(PLAIN)
    life.order(Move.SUSPEND, local("2026-11-26 10:00"))

    found = life.recounted(WEDNESDAY_OFF, local("2026-11-27 10:00"))

    assert found.event is not None
    assert found.event.left_s["resolve"] == 3 * 7.5 * 3600  # instead of two days of 7.5 hours
    life.happen(found.event)
    assert life.case.due_at is None
    assert life.recounted(WEDNESDAY_OFF, local("2026-11-27 10:00")).event is None
    life.order(Move.RESUME, local("2026-11-30 10:00"))
    assert life.due()["resolve"] == local("2026-12-03 10:00")


def test_a_granted_time_stays_granted() -> None:
    life = Life(PLAIN)
    until = local("2026-12-02 17:00")
    life.order(Move.ASK_EXTENSION, OPENED, until=until)
    asked = Order(Move.EXTEND, "因")
    event = obey(
        life.case, asked, actor="sun", now=OPENED + MINUTE, terms=Terms(calendar=PLAIN),
        deadlines=list(life.book.values()),
    )  # fmt: skip
    life.happen(event)

    found = life.recounted(WEDNESDAY_OFF, OPENED + 2 * MINUTE)

    assert life.due()["stop"] == until
    assert "stop" not in moved(found)


def test_a_case_that_has_ended_has_nothing_to_move() -> None:
    life = Life(PLAIN)
    life.order(Move.HANDLE, OPENED + MINUTE)

    assert life.recounted(WEDNESDAY_OFF, OPENED + 2 * MINUTE) == Recount((), None)


STEPS = st.lists(
    st.tuples(
        st.sampled_from([
            Move.TRANSFER, Move.TRANSFER, Move.ASSIGN, Move.SEND_BACK, Move.SUSPEND, Move.RESUME,
            Move.RESUME, Move.HANDLE, Move.REWORK,
        ]),
        st.sampled_from(["fire", "sanitation", "water"]),
        st.integers(1, 20 * 60),
    ),
    min_size=2,
    max_size=9,
)  # fmt: skip
LONG = Limits.of(
    [
        row(1, "*", milestone="stop", amount=30, unit="work_hour", name=label("Any")),
        row(2, "*", milestone="resolve", amount=9, unit="work_day", name=label("Any")),
    ]
)


def lived(life: Life, steps: Sequence[tuple[Move, str, int]]) -> datetime:
    """Go through the steps for as long as nothing falls due; returns the time after them."""
    at = OPENED
    for move, department, minutes in steps:
        at += minutes * MINUTE
        life.order(move, at, department=department)
    return at


@settings(max_examples=80, suppress_health_check=SLOW)
@given(STEPS)
def test_the_calendar_that_held_moves_nothing(
    steps: list[tuple[Move, str, int]],
) -> None:
    life = Life(FIRST, LONG)

    at = lived(life, steps)

    assert life.recounted(FIRST, at) == Recount((), None)


@settings(max_examples=150, suppress_health_check=SLOW)
@given(STEPS, st.sampled_from(OTHERS))
def test_after_it_a_case_is_due_as_if_the_calendar_had_always_held(
    steps: list[tuple[Move, str, int]], other: WorkingCalendar
) -> None:
    mine, theirs = Life(FIRST, LONG), Life(other, LONG)
    at = lived(mine, steps)
    lived(theirs, steps)
    # A life in which a deadline passed by one calendar only is another life.
    assume([one.kind for one in mine.history] == [one.kind for one in theirs.history])
    assume(all(due > at for life in (mine, theirs) for due in life.due().values()))
    assume(never_late(mine) and never_late(theirs))

    found = mine.recounted(other, at)

    if found.event is not None:
        mine.happen(found.event)
    right, due = theirs.due(), mine.due()
    assert due.keys() == right.keys()
    assert [kind for kind in due if abs(due[kind] - right[kind]) > timedelta(seconds=1)] == []
    assert lefts(mine) == pytest.approx(lefts(theirs), abs=1)


def never_late(life: Life) -> bool:
    """Whether nothing was past at any event of the life."""
    first = life.history[0]
    assert isinstance(first, e.CaseReported)
    due = dict(first.due)
    for event in life.history:
        if any(at <= event.at for at in due.values()):
            return False
        if isinstance(event, CaseSuspended | e.CaseHandled):
            due = {}
        due |= event.began
    return True


def lefts(life: Life) -> dict[str, float]:
    if life.case.suspended_at is None:
        return {}
    return {k: one.left.total_seconds() for k, one in life.book.items() if one.left is not None}


def test_events_are_read_back_as_they_were_hashed() -> None:
    life = Life(PLAIN)
    life.order(Move.TRANSFER, NOON, department="fire")
    life.order(Move.SUSPEND, NOON + MINUTE)

    read = [event_of(e.canonical(1, n, one)) for n, one in enumerate(life.history, 1)]

    assert [e.canonical(1, n, one) for n, one in enumerate(read, 1)] == [
        e.canonical(1, n, one) for n, one in enumerate(life.history, 1)
    ]
