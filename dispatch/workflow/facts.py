"""What happens in a case's life beside the straight way, as facts in the past tense.

The straight way (reported, filed, assigned, handled, verified, closed) is in `dispatch.events`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from dispatch.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAccepted(Event):
    """Somebody at the door took it up (受理)."""

    kind: ClassVar[str] = "accepted"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRejected(Event):
    """It was not taken up (不予受理): it is none of the city's matters."""

    kind: ClassVar[str] = "rejected"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAsked(Event):
    """An inspector is to see whether the report is true (核实)."""

    kind: ClassVar[str] = "check_asked"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportConfirmed(Event):
    """The report is true."""

    kind: ClassVar[str] = "confirmed"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRefuted(Event):
    """The report is not true."""

    kind: ClassVar[str] = "refuted"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReturned(Event):
    """The dispatcher gave it back to the door: it should not have been filed as it was."""

    kind: ClassVar[str] = "returned"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCorrected(Event):
    """Its category or place was told wrongly; these are the ones it has from now on (更正).

    `began` holds the milestones of its limit, counted from the start, when that is another.
    *why* is what of the reasons is different: the limit, and a proposal for a dispatcher. *routed*
    says that the case is handed over by rule because of it, which happens once.
    """

    kind: ClassVar[str] = "corrected"
    category: str
    severity: int
    cell: str
    grid_version: int
    areas: tuple[str, ...]
    lon: float
    lat: float
    reason: str
    why: Mapping[str, object] = field(default_factory=dict[str, object])
    routed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTaken(Event):
    """A department that has the case, or helps with it, has taken notice of its task (签收)."""

    kind: ClassVar[str] = "taken"
    department: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkProgressed(Event):
    """A department told how far it is; *reason* is what it told."""

    kind: ClassVar[str] = "progressed"
    department: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTransferred(Event):
    """The department handed the case on to another (移交); the time it has is no other."""

    kind: ClassVar[str] = "transferred"
    department: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerInvolved(Event):
    """Another department is to help the one that has the case (协办)."""

    kind: ClassVar[str] = "involved"
    department: str
    part: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFinished(Event):
    """A department that helps has done its part."""

    kind: ClassVar[str] = "part_finished"
    department: str
    part: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReleased(Event):
    """The help of a department is not waited for any more."""

    kind: ClassVar[str] = "part_released"
    department: str
    part: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionAsked(Event):
    """The department asks for more time, until when (延期)."""

    kind: ClassVar[str] = "extension_asked"
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineExtended(Event):
    """More time was given; `began` holds the new deadlines."""

    kind: ClassVar[str] = "extended"
    until: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRefused(Event):
    """No more time was given."""

    kind: ClassVar[str] = "extension_refused"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSuspended(Event):
    """The clocks stand (挂账); *left_s* are the seconds that were left of each, as it counts."""

    kind: ClassVar[str] = "suspended"
    reason: str
    left_s: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResumed(Event):
    """The clocks go on; `began` holds the deadlines by what was left of each."""

    kind: ClassVar[str] = "resumed"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSelfHandled(Event):
    """The inspector set it right on the spot (自行处置), in place of *department*."""

    kind: ClassVar[str] = "self_handled"
    department: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSupervised(Event):
    """Somebody above ordered that it be done (督办)."""

    kind: ClassVar[str] = "supervised"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LatenessAppealed(Event):
    """The department says that it is not to blame for the lateness (申诉)."""

    kind: ClassVar[str] = "appealed"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LatenessExcused(Event):
    """The appeal was granted; that it is late stays a fact."""

    kind: ClassVar[str] = "excused"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealRefused(Event):
    """The appeal was not granted."""

    kind: ClassVar[str] = "appeal_refused"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReopened(Event):
    """It was closed and is not solved: the department has it again, with its whole limit."""

    kind: ClassVar[str] = "reopened"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityGraded(Event):
    """A person made the case more or less severe than it was (定级)."""

    kind: ClassVar[str] = "graded"
    severity: int
    was: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOverdue(Event):
    """A post took longer than it may for its step; the department is not late by that."""

    kind: ClassVar[str] = "stage_overdue"
    stage: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlinesRecounted(Event):
    """What is left of the limit was reckoned anew by version *calendar* of the calendar (期限重算).

    `began` holds every milestone that runs. *left_s* are the seconds that are left of each while
    the case is suspended, as they count.
    """

    kind: ClassVar[str] = "recounted"
    calendar: int
    left_s: Mapping[str, int] = field(default_factory=dict[str, int])
