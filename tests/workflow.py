"""Cases and orders for tests of the workflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dispatch.case import MOVES, Case, Move, Order, Part, obey
from dispatch.correcting import Background, correct
from dispatch.events import Event
from dispatch.workflow.clocks import Deadline
from dispatch.workflow.correction import Correction, Course
from dispatch.workflow.given import Given
from dispatch.workflow.state import Appeal, Check, PartState, State
from tests.makers import NOON, report, rulebook

HELPER = Part(1, "fire", PartState.OPEN, NOON)
SECOND = Part(2, "water", PartState.OPEN, NOON)

OTHER = 2
"""The id of the case to merge into."""

# What makes each condition true of a case of which nothing else is known.
_MAKES: dict[Given, dict[str, Any]] = {
    Given.CHECK_ASKED: {"check": Check.ASKED},
    Given.SUSPENDED: {"suspended_at": NOON},
    Given.EXTENSION_ASKED: {"extension_until": NOON, "extension_by": "li"},
    Given.PARTS_OPEN: {"parts": (HELPER, SECOND)},
    Given.LATE: {"overdue": True},
    Given.APPEALED: {"overdue": True, "appeal": Appeal.ASKED, "appeal_by": "li"},
    Given.MERGED: {"merged_into": OTHER, "state_before": State.FILED},
}


_RULES = rulebook()


def obeyed(
    case: Case, order: Order, *, actor: str, now: datetime, deadlines: Sequence[Deadline] = ()
) -> Event:
    """What happens by an order, with what a move of its kind must be told.

    By a correction, which the city's rules decide, it is the first event.
    """
    if order.move is Move.CORRECT:
        category = "06010" if case.category == "01001" else "01001"
        told = replace(order, correction=Correction(category=category))
        background = Background(report(), Course(NOON), _RULES)
        return correct(case, told, background, actor=actor, now=now)[0]
    told = replace(order, severity=4 if case.severity < 4 else 3, case=OTHER)
    other = replace(case, id=OTHER, state=State.FILED, merged_into=None)
    return obey(case, told, actor=actor, now=now, deadlines=deadlines, other=other)


def ready(case: Case, move: Move) -> Case:
    """The case as it must be for a move, besides its state."""
    for given in MOVES[move].given:
        case = replace(case, **_MAKES.get(given, {}))
    return case
