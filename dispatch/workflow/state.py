"""Where a case stands."""

from enum import StrEnum


class State(StrEnum):
    """Where a case stands on its way from report to closing."""

    REPORTED = "reported"
    FILED = "filed"
    ASSIGNED = "assigned"
    HANDLED = "handled"
    VERIFIED = "verified"
    CLOSED = "closed"
    VOID = "void"

    @property
    def ended(self) -> bool:
        """Whether nobody works on the case; a closed one can still be reopened or appealed."""
        return self in (State.CLOSED, State.VOID)


class Check(StrEnum):
    """How the check before filing (核实) stands: is the report true?"""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"


class Appeal(StrEnum):
    """How the appeal (申诉) against a lateness stands."""

    ASKED = "asked"
    EXCUSED = "excused"
    REFUSED = "refused"


class PartState(StrEnum):
    """How the task of a department that helps (协办) stands."""

    OPEN = "open"
    TAKEN = "taken"
    FINISHED = "finished"
    RELEASED = "released"

    @property
    def ended(self) -> bool:
        """Whether nothing is waited for any more."""
        return self in (PartState.FINISHED, PartState.RELEASED)
