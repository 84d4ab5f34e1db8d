"""What must hold of a case besides its state for a move to be made, in words and as a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from dispatch.workflow.case import Case
from dispatch.workflow.state import Appeal, Check


class Given(StrEnum):
    """A condition beside the state, as it is said of a case."""

    NOT_ACCEPTED = "not accepted yet"
    CHECK_ASKED = "being checked"
    NO_CHECK_ASKED = "not being checked"
    NOT_IN_DOUBT = "neither being checked nor refuted"
    NOT_TAKEN = "not taken by all its departments"
    RUNNING = "not suspended"
    SUSPENDED = "suspended"
    EXTENSION_ASKED = "waiting for an answer about more time"
    NO_EXTENSION_ASKED = "not waiting for an answer about more time"
    PARTS_ENDED = "not waiting for departments that help"
    PARTS_OPEN = "waiting for departments that help"
    LATE = "late, and this lateness was not appealed against"
    APPEALED = "waiting for an answer to an appeal"
    MERGED = "merged into another case"


HOLDS: Final[Mapping[Given, Callable[[Case], bool]]] = {
    Given.NOT_ACCEPTED: lambda case: case.accepted_by is None,
    Given.CHECK_ASKED: lambda case: case.check is Check.ASKED,
    Given.NO_CHECK_ASKED: lambda case: case.check is not Check.ASKED,
    Given.NOT_IN_DOUBT: lambda case: case.check in (None, Check.CONFIRMED),
    Given.NOT_TAKEN: lambda case: (
        case.taken_by is None
        or any(part.taken_by is None for part in case.parts if not part.state.ended)
    ),
    Given.RUNNING: lambda case: case.suspended_at is None,
    Given.SUSPENDED: lambda case: case.suspended_at is not None,
    Given.EXTENSION_ASKED: lambda case: case.extension_until is not None,
    Given.NO_EXTENSION_ASKED: lambda case: case.extension_until is None,
    Given.PARTS_ENDED: lambda case: not case.partners,
    Given.PARTS_OPEN: lambda case: bool(case.partners),
    Given.LATE: lambda case: case.overdue and case.appeal is None,
    Given.APPEALED: lambda case: case.appeal is Appeal.ASKED,
    Given.MERGED: lambda case: case.merged_into is not None,
}


def unmet(case: Case, needed: frozenset[Given]) -> list[Given]:
    """Those of the conditions that do not hold, in the order in which they are listed here."""
    return [given for given in HOLDS if given in needed and not HOLDS[given](case)]
