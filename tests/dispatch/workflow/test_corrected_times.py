"""Corrections, and departments that keep a working time of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch import events as e
from dispatch.calendar import Unit, WorkingCalendar
from dispatch.case import Move, Order, evolve
from dispatch.correcting import Background, correct
from dispatch.deadlines import Limits
from dispatch.decide import Opened, open_case
from dispatch.rulebook import Rulebook
from dispatch.workflow.clocks import Counting, Deadline, Ending, resumed
from dispatch.workflow.correction import Correction, Course
from dispatch.workflow.recount import reckoned
from tests.dispatch.test_deadlines import row
from tests.makers import NOON, PARTS, label, report, rulebook, spot

ALWAYS = {**PARTS["calendar"], "weekend": [], "periods": [["00:00", "24:00"]]}
CALENDAR = WorkingCalendar.of({**PARTS["calendar"], "departments": {"water": ALWAYS}})
"""The water bureau works around the clock, everybody else as the city does."""
MAINS = Correction(category="01001")
"""What the water bureau answers for; before, sanitation had it."""
STOP = {"milestone": "stop"}
LATER = NOON + timedelta(hours=3)
"""15:00: one hour of the afternoon has been worked."""


def under(*rows: Mapping[str, Any]) -> Rulebook:
    return rulebook(calendar=CALENDAR, limits=Limits.of(list(rows)))


def a_row(number: int, category: str, hours: float) -> Mapping[str, Any]:
    return row(number, category, amount=hours, unit="work_hour", name=label("Any"))


def corrected(rules: Rulebook) -> tuple[Opened, tuple[e.Event, ...]]:
    place = rules.grid.place(*spot())
    assert place is not None
    made = open_case(report(), place, rules, case_id=1, now=NOON)
    running = [Deadline(kind, due_at) for kind, due_at in made.due.items()]
    background = Background(report(), Course(NOON), rules, running)
    order = Order(Move.CORRECT, "it was a main", correction=MAINS)
    return made, correct(made.case, order, background, actor="ou", now=LATER)


def test_another_limit_counts_by_the_time_of_whoever_gets_the_case() -> None:
    rules = under(a_row(1, "*", 4), a_row(2, "01001", 6))

    _, (told, assigned) = corrected(rules)

    assert dict(told.began) == {"resolve": NOON + timedelta(hours=6)}
    assert assigned.began == {}


def test_under_the_same_limit_they_take_over_what_is_left_of_it() -> None:
    _, (told, assigned) = corrected(under(a_row(1, "*", 4)))

    assert told.began == {}
    assert dict(assigned.began) == {"resolve": LATER + timedelta(hours=3)}


@pytest.mark.parametrize("more", [(), (a_row(2, "01001", 6),)])
def test_counted_again_by_the_same_calendar_nothing_moves(more: tuple[Any, ...]) -> None:
    rules = under(a_row(1, "*", 4), *more)
    made, events = corrected(rules)

    book = reckoned(made.case, [*(one.event for one in made.entries), *events], CALENDAR)

    assert due(book) == {kind: at for one in events for kind, at in one.began.items()}
    assert CALENDAR.kept_by("water").add(NOON, 4, Unit.WORK_HOUR) != made.due["resolve"]


def test_resumed_after_a_correction_only_the_limit_of_now_runs_again() -> None:
    made, (told, *_) = corrected(under(a_row(1, "*", 4), {**a_row(2, "01001", 6), **STOP}))
    case = replace(evolve(made.case, told), suspended_at=LATER)
    stood = [Deadline(kind, due_at, Ending.CANCELLED) for kind, due_at in told.began.items()]
    before = [Deadline(kind, due_at, Ending.CANCELLED) for kind, due_at in made.due.items()]

    again = resumed(Counting(case, CALENDAR), [*before, *stood], LATER + timedelta(hours=1))

    assert again.keys() == told.began.keys() == {"stop"}


def due(book: Mapping[str, Deadline]) -> dict[str, datetime]:
    return {kind: one.due_at for kind, one in book.items()}
