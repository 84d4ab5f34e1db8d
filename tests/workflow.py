"""Cases and orders for tests of the workflow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dispatch.case import MOVES, Case, Move, Part
from dispatch.workflow.given import Given
from dispatch.workflow.state import Appeal, Check, PartState
from tests.makers import NOON

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


def ready(case: Case, move: Move) -> Case:
    """The case as it must be for a move, besides its state."""
    for given in MOVES[move].given:
        case = replace(case, **_MAKES.get(given, {}))
    return case
