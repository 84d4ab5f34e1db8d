"""What is counted, and the marks that a history leaves of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Count(StrEnum):
    """Something that is counted, or summed in seconds."""

    REPORTED = "reported"
    UNCLOSED = "unclosed"
    VOIDED = "voided"
    ACCEPT_IN_TIME = "accept_in_time"
    ACCEPT_LATE = "accept_late"
    ACCEPT_LATE_OPEN = "accept_late_open"
    ACCEPT_S = "accept_s"
    ACCEPTED = "accepted"
    ACCEPTED_RIGHT = "accepted_right"
    FILED = "filed"
    FILED_RIGHT = "filed_right"
    FILED_IN_TIME = "filed_in_time"
    FILED_LATE = "filed_late"
    DISPATCH_IN_TIME = "dispatch_in_time"
    DISPATCH_LATE = "dispatch_late"
    DISPATCH_LATE_OPEN = "dispatch_late_open"
    DISPATCHED = "dispatched"
    DISPATCHED_RIGHT = "dispatched_right"
    NEED = "need"
    IN_TIME = "in_time"
    LATE = "late"
    LATE_OPEN = "late_open"
    LATE_EXCUSED = "late_excused"
    LATE_OPEN_EXCUSED = "late_open_excused"
    INSIDE = "inside"
    STANDING = "standing"
    EXTENDED = "extended"
    SUSPENDED = "suspended"
    DISPOSE_S = "dispose_s"
    HANDLED = "handled"
    CLOSED_IN_TIME = "closed_in_time"
    CLOSED_LATE = "closed_late"
    REWORKED = "reworked"
    TO_CLOSE = "to_close"
    REOPENED = "reopened"
    RATED = "rated"
    SATISFIED = "satisfied"
    CHECK_IN_TIME = "check_in_time"
    CHECK_LATE = "check_late"
    CHECK_LATE_OPEN = "check_late_open"
    VERIFY_IN_TIME = "verify_in_time"
    VERIFY_LATE = "verify_late"
    VERIFY_LATE_OPEN = "verify_late_open"
    SENT = "sent"
    SENT_VALID = "sent_valid"


class Mark(NamedTuple):
    """Something of a case that is counted once, or *n* seconds of it.

    *at* puts it into a period; None is how things stand at the end of what is known, and belongs
    to every period. *department* and *person* are whose it is, None while it is nobody's.
    """

    what: Count
    at: datetime | None
    department: str | None = None
    person: str | None = None
    n: float = 1


@dataclass(frozen=True, slots=True)
class Period:
    """Marks from *begin* on and before *until*, by what was known at a moment not before *until*.

    Nothing that happened at *known_at* or later is looked at, so a period that is over gives the
    same figures whenever it is asked for.
    """

    begin: datetime
    until: datetime
    known_at: datetime

    def holds(self, mark: Mark) -> bool:
        """Whether the mark counts in this period."""
        return mark.at is None or self.begin <= mark.at < self.until
