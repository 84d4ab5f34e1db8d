"""How each event changes the case, and the chain of its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from dispatch import events as e
from dispatch.escalation.facts import CaseEscalated, EscalationAcknowledged
from dispatch.sensing.facts import AlarmNoted
from dispatch.workflow import facts as f
from dispatch.workflow import merging as m
from dispatch.workflow.case import Case, Part
from dispatch.workflow.clocks import is_stage
from dispatch.workflow.state import Appeal, Check, PartState, State


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a history: an event, its text that is hashed, the case as it leaves it."""

    event: e.Event
    canon: str
    case: Case


def opened(case_id: int, event: e.CaseReported, *, address: str, description: str) -> Entry:
    """The first line of a history."""
    case = Case(
        id=case_id,
        number=event.number,
        state=State.REPORTED,
        category=event.category,
        severity=event.severity,
        cell=event.cell,
        grid_version=event.grid_version,
        areas=event.areas,
        lon=event.lon,
        lat=event.lat,
        reported_at=event.reported_at,
        opened_at=event.at,
        changed_at=event.at,
        why=event.why,
        due_at=min(event.due.values(), default=None),
        address=address,
        description=description,
        component=event.component,
    )
    return _chained(case, event)


def continued(case: Case, event: e.Event) -> Entry:
    """The next line of the history of a case.

    No event is earlier than the one before it: when the city's clock was set back, it gets the time
    of that one.
    """
    event = replace(event, at=max(event.at, case.changed_at))
    changed = replace(_changed(case, event), changed_at=event.at)
    return _chained(replace(changed, due_at=_due_at(changed, event)), event)


def evolve(case: Case, event: e.Event) -> Case:
    """The case after the event, its version and hash chain one further."""
    return continued(case, event).case


def _due_at(case: Case, event: e.Event) -> datetime | None:
    """When the first milestone that runs is due; none while the case is suspended."""
    if isinstance(event, m.CaseSeparated):
        return case.due_at
    if isinstance(event, f.CaseSuspended) and any(not is_stage(kind) for kind in event.left_s):
        return None
    began = [at for kind, at in event.began.items() if not is_stage(kind)]
    return min(began, default=case.due_at)


def _changed(case: Case, event: e.Event) -> Case:
    match event:
        case e.CaseFiled():
            why = {**case.why, **({"proposal": event.proposal} if event.proposal else {})}
            return replace(case, state=State.FILED, why=why)
        case e.CaseAssigned():
            why = {**_without_proposal(case), "routing": dict(event.why)}
            return _handed_to(event.department, replace(case, why=why))
        case e.CaseSentBack():
            return _sent_back(case)
        case e.CaseHandled():
            return replace(case, state=State.HANDLED, handled_by=event.actor, **_ANSWERED)
        case e.CaseReworked():
            return _begun_again(case)
        case e.CaseVerified():
            return replace(case, state=State.VERIFIED)
        case e.CaseClosed():
            return replace(case, state=State.CLOSED, closed_at=event.at)
        case e.CaseVoided() | f.CaseRejected():
            return replace(case, state=State.VOID, closed_at=event.at)
        case e.ReportMerged():
            return replace(case, reports=case.reports + 1)
        case e.ReportUnmerged():
            return replace(case, reports=case.reports - 1)
        case e.CaseOverdue():
            # Another lateness is another matter, whatever was said of the one before.
            return replace(case, overdue=True, appeal=None, appeal_by=None)
        case f.CaseReopened():
            return replace(_begun_again(case), closed_at=None)
        case _:
            return _changed_aside(case, event)


_ANSWERED: Final[Mapping[str, None]] = {"extension_until": None, "extension_by": None}
_LEFT: Final[Mapping[str, None]] = {"taken_by": None, **_ANSWERED}


def _sent_back(case: Case) -> Case:
    returned = (*case.returned_by, *filter(None, [case.department]))
    left = replace(case, state=State.FILED, department=None, **_LEFT)
    return replace(left, returned_by=tuple(dict.fromkeys(returned)))


def _corrected(case: Case, event: f.CaseCorrected) -> Case:
    return replace(
        case,
        category=event.category,
        severity=event.severity,
        cell=event.cell,
        grid_version=event.grid_version,
        areas=event.areas,
        lon=event.lon,
        lat=event.lat,
        why={**_without_proposal(case), **event.why},
        rerouted_at=event.at if event.routed else case.rerouted_at,
    )


def _without_proposal(case: Case) -> Mapping[str, object]:
    """The reasons as they are once a proposal is taken up or overtaken."""
    return {name: told for name, told in case.why.items() if name != "proposal"}


def _handed_to(department: str, case: Case) -> Case:
    return replace(case, state=State.ASSIGNED, department=department, **_LEFT)


def _begun_again(case: Case) -> Case:
    return replace(case, state=State.ASSIGNED, round=case.round + 1, taken_by=None)


def _changed_aside(case: Case, event: e.Event) -> Case:
    match event:
        case f.CaseAccepted():
            return replace(case, accepted_by=event.actor)
        case f.CheckAsked():
            return replace(case, check=Check.ASKED)
        case f.ReportConfirmed():
            return replace(case, check=Check.CONFIRMED)
        case f.ReportRefuted():
            return replace(case, check=Check.REFUTED)
        case f.CaseReturned():
            return replace(case, state=State.REPORTED, accepted_by=None, check=None)
        case f.CaseCorrected():
            return _corrected(case, event)
        case f.CaseTransferred():
            return _handed_to(event.department, case)
        case f.CaseSelfHandled():
            owned = replace(case, department=event.department, handled_by=event.actor)
            return replace(owned, state=State.HANDLED, **_ANSWERED)
        case f.CaseSuspended():
            return replace(case, suspended_at=event.at)
        case f.CaseResumed():
            return replace(case, suspended_at=None)
        case f.ExtensionAsked():
            return replace(case, extension_until=event.until, extension_by=event.actor)
        case f.DeadlineExtended() | f.ExtensionRefused():
            return replace(case, **_ANSWERED)
        case f.CaseSupervised():
            return replace(case, supervised_at=event.at)
        case f.LatenessAppealed():
            return replace(case, appeal=Appeal.ASKED, appeal_by=event.actor)
        case f.LatenessExcused():
            return replace(case, appeal=Appeal.EXCUSED)
        case f.AppealRefused():
            return replace(case, appeal=Appeal.REFUSED)
        case f.StageOverdue() | f.WorkProgressed() | f.DeadlinesRecounted():
            return case
        case CaseEscalated() | EscalationAcknowledged() | AlarmNoted():
            return case
        case _:
            return _changed_parts(case, event)


def _changed_parts(case: Case, event: e.Event) -> Case:
    match event:
        case f.TaskTaken():
            part = case.find_part(event.department)
            if part is None:
                return replace(case, taken_by=event.actor)
            return _with(case, replace(part, state=PartState.TAKEN, taken_by=event.actor))
        case f.PartnerInvolved():
            return _with(case, Part(event.part, event.department, PartState.OPEN, event.at))
        case f.PartFinished():
            return _ended(case, event.part, PartState.FINISHED, event)
        case f.PartReleased():
            return _ended(case, event.part, PartState.RELEASED, event)
        case _:
            return _changed_weight(case, event)


def _changed_weight(case: Case, event: e.Event) -> Case:
    match event:
        case f.SeverityGraded():
            return replace(case, severity=event.severity)
        case m.MergedInto():
            gone = replace(case, state=State.VOID, closed_at=event.at)
            return replace(gone, merged_into=event.other, state_before=case.state)
        case m.CaseSeparated():
            stands = replace(case, state=case.state_before or case.state, closed_at=None)
            return replace(stands, merged_into=None, state_before=None)
        case m.CaseMerged():
            return _with_reports(case, event.reports)
        case m.CaseUnmerged():
            return _with_reports(case, -event.reports)
        case _:
            raise TypeError(f"{event.kind} does not happen to a case that is open already")


def _with_reports(case: Case, more: int) -> Case:
    return replace(case, reports=case.reports + more, merged_reports=case.merged_reports + more)


def _ended(case: Case, number: int, state: PartState, event: e.Event) -> Case:
    part = next(part for part in case.parts if part.number == number)
    return _with(case, replace(part, state=state, ended_by=event.actor, ended_at=event.at))


def _with(case: Case, part: Part) -> Case:
    parts = {one.number: one for one in case.parts} | {part.number: part}
    return replace(case, parts=tuple(parts.values()))


def _chained(case: Case, event: e.Event) -> Entry:
    seq = case.version + 1
    canon = e.canonical(case.id, seq, event)
    return Entry(event, canon, replace(case, version=seq, head=e.link(case.head, canon)))
