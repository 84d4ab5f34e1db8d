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
from dispatch.workflow.state import Appeal, Check, PartState
from tests.makers import NOON, report, rulebook

HELPER = Part(1, "fire", PartState.OPEN, NOON)
SECOND = Part(2, "water", PartState.OPEN, NOON)

# What makes each condition true of a case of which nothing else is known.
_MAKES: dict[Given, dict[str, Any]] = {
    Given.CHECK_ASKED: {"check": Check.ASKED},
    Given.SUSPENDED: {"suspended_at": NOON},
    Given.EXTENSION_ASKED: {"extension_until": NOON, "extension_by": "li"},
    Given.PARTS_OPEN: {"parts": (HELPER, SECOND)},
    Given.LATE: {"overdue": True},
    Given.APPEALED: {"overdue": True, "appeal": Appeal.ASKED, "appeal_by": "li"},
}


_RULES = rulebook()


def obeyed(
    case: Case, order: Order, *, actor: str, now: datetime, deadlines: Sequence[Deadline] = ()
) -> Event:
    """What happens by an order; by a correction, which the city's rules decide, the first of it."""
    if order.move is not Move.CORRECT:
        return obey(case, order, actor=actor, now=now, deadlines=deadlines)
    other = "06010" if case.category == "01001" else "01001"
    told = replace(order, correction=Correction(category=other))
    background = Background(report(), Course(NOON), _RULES)
    return correct(case, told, background, actor=actor, now=now)[0]


def ready(case: Case, move: Move) -> Case:
    """The case as it must be for a move, besides its state."""
    for given in MOVES[move].given:
        case = replace(case, **_MAKES.get(given, {}))
    return case
