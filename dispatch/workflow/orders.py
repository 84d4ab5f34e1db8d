"""An order of a person, checked against the table and turned into the event that carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dispatch import events as e
from dispatch.workflow import clocks
from dispatch.workflow import facts as f
from dispatch.workflow import merging as m
from dispatch.workflow.beginning import begun
from dispatch.workflow.case import Case, Part
from dispatch.workflow.clocks import Counting, Deadline, Stage
from dispatch.workflow.correction import Correction
from dispatch.workflow.errors import (
    AlreadyInvolved,
    BadDeadline,
    IllegalMove,
    MissingCase,
    MissingCorrection,
    MissingDeadline,
    MissingDepartment,
    MissingPhoto,
    MissingReason,
    MissingSeverity,
    NoPart,
    NothingRuns,
    NotNow,
    OwnRequest,
    OwnWork,
    SameSeverity,
    StaleCase,
    SwitchedOff,
)
from dispatch.workflow.given import unmet
from dispatch.workflow.moves import MOVES, Move, Need, Step
from dispatch.workflow.state import PartState
from dispatch.workflow.variant import Terms

LATEST: Final = timedelta(days=366)
"""A new deadline that is further away is a slip of the keyboard."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a person wants done with a case; *version* is the one they were looking at, if known.

    *until* is a new deadline, aware. *by* is the department of the person, which tells whose task
    is meant when departments help. *photos* are ids of photos of the case. *case* is the id of the
    case to merge into. *correction* is what a correction tells anew; `dispatch.correcting` decides
    what becomes of it.
    """

    move: Move
    reason: str = ""
    department: str | None = None
    version: int | None = None
    until: datetime | None = None
    by: str | None = None
    photos: tuple[str, ...] = ()
    correction: Correction | None = None
    severity: int | None = None
    case: int | None = None


def obey(
    case: Case,
    order: Order,
    *,
    actor: str,
    now: datetime,
    terms: Terms | None = None,
    deadlines: Sequence[Deadline] = (),
    other: Case | None = None,
) -> e.Event:
    """The event that carries out the order, with the deadlines that it begins.

    *deadlines* are the newest rounds of all that the case has. *other* is the case that it is
    merged into, or taken out of. Raises a MoveRefused that says what is missing or in the way.
    """
    terms = terms or Terms()
    check_order(case, order, actor, terms)
    at = max(now, case.changed_at)
    event = _event(case, order, actor, at, other)
    if order.photos:
        event = replace(event, photos=order.photos)
    if isinstance(event, f.CaseSuspended):
        stood = clocks.left(Counting(case, terms.calendar), deadlines, at)
        left_s = {kind: round(left.total_seconds()) for kind, left in stood.items()}
        event = replace(event, left_s=left_s)
    return replace(event, began=_begun(case, event, order, terms, deadlines))


def _begun(
    case: Case, event: e.Event, order: Order, terms: Terms, deadlines: Sequence[Deadline]
) -> Mapping[str, datetime]:
    match event:
        case f.ExtensionAsked() | f.DeadlineExtended():
            _check_deadline(order.move, event.until, deadlines, event.at)
        case f.CaseSupervised() if order.until is not None:
            check_until(order.until, event.at, event.at)
            return {Stage.SUPERVISION: order.until}
        case _:
            pass
    return begun(case, event, terms.calendar, deadlines, terms.variant.stages)


def _event(case: Case, order: Order, actor: str, at: datetime, other: Case | None) -> e.Event:
    reason, department = order.reason, order.department or ""
    match order.move:
        case Move.ASSIGN:
            why = {"step": "person", "name": actor, "reason": reason}
            return e.CaseAssigned(at=at, actor=actor, department=department, why=why)
        case Move.TRANSFER:
            return f.CaseTransferred(at=at, actor=actor, department=department, reason=reason)
        case Move.SELF_HANDLE:
            owner = case.department or department
            return f.CaseSelfHandled(at=at, actor=actor, department=owner, reason=reason)
        case Move.ASK_EXTENSION:
            until = order.until or at
            return f.ExtensionAsked(at=at, actor=actor, until=until, reason=reason)
        case Move.EXTEND:
            until = order.until or case.extension_until or at
            return f.DeadlineExtended(at=at, actor=actor, until=until, reason=reason)
        case Move.GRADE:
            return _graded(case, order, actor, at)
        case Move.MERGE:
            told = order.case or 0
            return m.merged(case, other, told=told, actor=actor, reason=reason, at=at)
        case Move.UNMERGE:
            return m.separated(case, other, actor=actor, reason=reason, at=at)
        case Move.TAKE | Move.PROGRESS | Move.INVOLVE | Move.FINISH_PART | Move.RELEASE_PART:
            return _event_of_part(case, order, actor, at)
        case Move.CORRECT:
            raise TypeError("what becomes of a correction is decided by dispatch.correcting")
        case _:
            return _PLAIN[order.move](at=at, actor=actor, reason=reason)


_PLAIN: Final[Mapping[Move, Callable[..., e.Event]]] = {
    Move.ACCEPT: f.CaseAccepted,
    Move.REJECT: f.CaseRejected,
    Move.ASK_CHECK: f.CheckAsked,
    Move.CONFIRM: f.ReportConfirmed,
    Move.REFUTE: f.ReportRefuted,
    Move.FILE: e.CaseFiled,
    Move.VOID: e.CaseVoided,
    Move.RETURN: f.CaseReturned,
    Move.SEND_BACK: e.CaseSentBack,
    Move.REFUSE_EXTENSION: f.ExtensionRefused,
    Move.SUSPEND: f.CaseSuspended,
    Move.RESUME: f.CaseResumed,
    Move.HANDLE: e.CaseHandled,
    Move.REWORK: e.CaseReworked,
    Move.VERIFY: e.CaseVerified,
    Move.CLOSE: e.CaseClosed,
    Move.SUPERVISE: f.CaseSupervised,
    Move.APPEAL: f.LatenessAppealed,
    Move.EXCUSE: f.LatenessExcused,
    Move.REFUSE_APPEAL: f.AppealRefused,
    Move.REOPEN: f.CaseReopened,
}
"""What happens by a move with which nothing but a reason is said."""


def _graded(case: Case, order: Order, actor: str, at: datetime) -> e.Event:
    severity = order.severity or case.severity
    if severity == case.severity:
        raise SameSeverity(severity)
    return f.SeverityGraded(
        at=at, actor=actor, severity=severity, was=case.severity, reason=order.reason
    )


def _event_of_part(case: Case, order: Order, actor: str, at: datetime) -> e.Event:
    reason, told = order.reason, order.department or ""
    match order.move:
        case Move.TAKE:
            return f.TaskTaken(at=at, actor=actor, department=doer(case, order), reason=reason)
        case Move.PROGRESS:
            mine = doer(case, order)
            return f.WorkProgressed(at=at, actor=actor, department=mine, reason=reason)
        case Move.INVOLVE:
            if told in (case.department, *case.partners):
                raise AlreadyInvolved(told)
            number = len(case.parts) + 1
            return f.PartnerInvolved(
                at=at, actor=actor, department=told, part=number, reason=reason
            )
        case Move.FINISH_PART:
            part = _part(case, order.by or "")
            return f.PartFinished(
                at=at, actor=actor, department=part.department, part=part.number, reason=reason
            )
        case _:
            part = _part(case, told)
            return f.PartReleased(
                at=at, actor=actor, department=part.department, part=part.number, reason=reason
            )


def _part(case: Case, department: str) -> Part:
    part = case.find_part(department)
    if part is None:
        raise NoPart(department)
    return part


def doer(case: Case, order: Order) -> str:
    """The department whose task a person speaks of: their own when it helps, else the lead."""
    part = case.find_part(order.by)
    taken = case.taken_by is not None if part is None else part.state is PartState.TAKEN
    if order.move is Move.TAKE and taken:
        raise NotNow(case.state, order.move, ["not taken by this department yet"])
    return part.department if part is not None else case.department or ""


def check_order(case: Case, order: Order, actor: str, terms: Terms) -> None:
    """Raise the MoveRefused that says what is missing or in the way; nothing when nothing is."""
    step = MOVES[order.move]
    if order.version is not None and order.version != case.version:
        raise StaleCase(case.id, order.version, case.version)
    if order.move in terms.variant.off:
        raise SwitchedOff(order.move)
    if case.state not in step.origins:
        raise IllegalMove(case.state, order.move)
    if missing := unmet(case, step.given):
        raise NotNow(case.state, order.move, missing)
    _check_given(case, order, step, terms)
    check_hands(case, order, actor)


def _check_given(case: Case, order: Order, step: Step, terms: Terms) -> None:
    if step.needs_reason and not order.reason.strip():
        raise MissingReason(order.move)
    if step.needs_department_of(case) and not order.department:
        raise MissingDepartment(order.move)
    if Need.DEADLINE in step.needs and order.until is None:
        raise MissingDeadline(order.move)
    if Need.CORRECTION in step.needs and order.correction is None:
        raise MissingCorrection(order.move)
    if Need.SEVERITY in step.needs and order.severity is None:
        raise MissingSeverity(order.move)
    if Need.CASE in step.needs and order.case is None:
        raise MissingCase(order.move)
    if order.move in terms.variant.photographed and not order.photos:
        raise MissingPhoto(order.move)
    if order.move in (Move.ASSIGN, Move.TRANSFER) and order.department in case.partners:
        raise AlreadyInvolved(order.department or "")
    if order.move is Move.TRANSFER and order.department == case.department:
        raise AlreadyInvolved(order.department or "")


def check_hands(case: Case, order: Order, actor: str) -> None:
    """Nobody verifies own work, nor grants what they asked for themselves."""
    if order.move is Move.VERIFY and has_worked(case, actor):
        raise OwnWork(actor)
    asked_by = {Move.EXTEND: case.extension_by, Move.EXCUSE: case.appeal_by}
    if asked_by.get(order.move) == actor:
        raise OwnRequest(actor, order.move)


def has_worked(case: Case, person: str) -> bool:
    """Whether the person handled the case, or a part of it."""
    return person == case.handled_by or any(
        part.ended_by == person for part in case.parts if part.state is PartState.FINISHED
    )


def _check_deadline(
    move: Move, until: datetime, deadlines: Sequence[Deadline], at: datetime
) -> None:
    first = clocks.milestone_running(deadlines, at)
    if first is None:
        raise NothingRuns(move)
    check_until(until, first.due_at, at)


def check_until(until: datetime, after: datetime, now: datetime) -> None:
    """Raise BadDeadline unless a new deadline is later than *after* and within a year."""
    if not max(after, now) < until <= now + LATEST:
        raise BadDeadline(until, max(after, now), now + LATEST)
