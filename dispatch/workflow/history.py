"""How each event changes the case, and the chain of its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from dispatch import events as e
from dispatch.escalation.facts import CaseEscalated, EscalationAcknowledged
from dispatch.sensing.facts import AlarmNoted
from dispatch.workflow import facts as f
from dispatch.workflow import merging as m
from dispatch.workflow.case import Case, Part
from dispatch.workflow.clocks import is_stage
from dispatch.workflow.state import Appeal, Check, PartState, State

Changed = Mapping[str, object]
"""The fields of a case that an event changes, with what they are after it."""


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
    if event.at < case.changed_at:
        event = replace(event, at=case.changed_at)
    return _chained(case, event, **_changed(case, event), **_timed(case, event))


def evolve(case: Case, event: e.Event) -> Case:
    """The case after the event, its version and hash chain one further."""
    return continued(case, event).case


def _timed(case: Case, event: e.Event) -> Changed:
    return {"changed_at": event.at, "due_at": _due_at(case, event)}


def _due_at(case: Case, event: e.Event) -> datetime | None:
    """When the first milestone that runs is due; none while the case is suspended."""
    if isinstance(event, m.CaseSeparated):
        return case.due_at
    if isinstance(event, f.CaseSuspended) and any(not is_stage(kind) for kind in event.left_s):
        return None
    began = [at for kind, at in event.began.items() if not is_stage(kind)]
    return min(began, default=case.due_at)


def _changed(case: Case, event: e.Event) -> Changed:
    match event:
        case e.CaseFiled():
            why = {**case.why, **({"proposal": event.proposal} if event.proposal else {})}
            return {"state": State.FILED, "why": why}
        case e.CaseAssigned():
            why = {**_without_proposal(case), "routing": dict(event.why)}
            return {**_handed_to(event.department), "why": why}
        case e.CaseSentBack():
            return _sent_back(case)
        case e.CaseHandled():
            return {"state": State.HANDLED, "handled_by": event.actor, **_ANSWERED}
        case e.CaseReworked():
            return _begun_again(case)
        case e.CaseVerified():
            return {"state": State.VERIFIED}
        case e.CaseClosed():
            return {"state": State.CLOSED, "closed_at": event.at}
        case e.CaseVoided() | f.CaseRejected():
            return {"state": State.VOID, "closed_at": event.at}
        case e.ReportMerged():
            return {"reports": case.reports + 1}
        case e.ReportUnmerged():
            return {"reports": case.reports - 1}
        case e.CaseOverdue():
            # Another lateness is another matter, whatever was said of the one before.
            return {"overdue": True, "appeal": None, "appeal_by": None}
        case f.CaseReopened():
            return {**_begun_again(case), "closed_at": None}
        case _:
            return _changed_aside(case, event)


_ANSWERED: Final[Changed] = {"extension_until": None, "extension_by": None}
_LEFT: Final[Changed] = {"taken_by": None, **_ANSWERED}


def _sent_back(case: Case) -> Changed:
    returned = (*case.returned_by, *filter(None, [case.department]))
    once = tuple(dict.fromkeys(returned))
    return {"state": State.FILED, "department": None, "returned_by": once, **_LEFT}


def _corrected(case: Case, event: f.CaseCorrected) -> Changed:
    return {
        "category": event.category,
        "severity": event.severity,
        "cell": event.cell,
        "grid_version": event.grid_version,
        "areas": event.areas,
        "lon": event.lon,
        "lat": event.lat,
        "why": {**_without_proposal(case), **event.why},
        "rerouted_at": event.at if event.routed else case.rerouted_at,
    }


def _without_proposal(case: Case) -> Mapping[str, object]:
    """The reasons as they are once a proposal is taken up or overtaken."""
    return {name: told for name, told in case.why.items() if name != "proposal"}


def _handed_to(department: str) -> Changed:
    return {"state": State.ASSIGNED, "department": department, **_LEFT}


def _begun_again(case: Case) -> Changed:
    return {"state": State.ASSIGNED, "round": case.round + 1, "taken_by": None}


def _changed_aside(case: Case, event: e.Event) -> Changed:
    match event:
        case f.CaseAccepted():
            return {"accepted_by": event.actor}
        case f.CheckAsked():
            return {"check": Check.ASKED}
        case f.ReportConfirmed():
            return {"check": Check.CONFIRMED}
        case f.ReportRefuted():
            return {"check": Check.REFUTED}
        case f.CaseReturned():
            return {"state": State.REPORTED, "accepted_by": None, "check": None}
        case f.CaseCorrected():
            return _corrected(case, event)
        case f.CaseTransferred():
            return _handed_to(event.department)
        case f.CaseSelfHandled():
            owned = {"department": event.department, "handled_by": event.actor}
            return {"state": State.HANDLED, **owned, **_ANSWERED}
        case f.CaseSuspended():
            return {"suspended_at": event.at}
        case f.CaseResumed():
            return {"suspended_at": None}
        case f.ExtensionAsked():
            return {"extension_until": event.until, "extension_by": event.actor}
        case f.DeadlineExtended() | f.ExtensionRefused():
            return _ANSWERED
        case f.CaseSupervised():
            return {"supervised_at": event.at}
        case f.LatenessAppealed():
            return {"appeal": Appeal.ASKED, "appeal_by": event.actor}
        case f.LatenessExcused():
            return {"appeal": Appeal.EXCUSED}
        case f.AppealRefused():
            return {"appeal": Appeal.REFUSED}
        case f.StageOverdue() | f.WorkProgressed() | f.DeadlinesRecounted():
            return {}
        case CaseEscalated() | EscalationAcknowledged() | AlarmNoted():
            return {}
        case _:
            return _changed_parts(case, event)


def _changed_parts(case: Case, event: e.Event) -> Changed:
    match event:
        case f.TaskTaken():
            part = case.find_part(event.department)
            if part is None:
                return {"taken_by": event.actor}
            return _with(case, replace(part, state=PartState.TAKEN, taken_by=event.actor))
        case f.PartnerInvolved():
            return _with(case, Part(event.part, event.department, PartState.OPEN, event.at))
        case f.PartFinished():
            return _ended(case, event.part, PartState.FINISHED, event)
        case f.PartReleased():
            return _ended(case, event.part, PartState.RELEASED, event)
        case _:
            return _changed_weight(case, event)


def _changed_weight(case: Case, event: e.Event) -> Changed:
    match event:
        case f.SeverityGraded():
            return {"severity": event.severity}
        case m.MergedInto():
            gone = {"state": State.VOID, "closed_at": event.at}
            return {**gone, "merged_into": event.other, "state_before": case.state}
        case m.CaseSeparated():
            stands = {"state": case.state_before or case.state, "closed_at": None}
            return {**stands, "merged_into": None, "state_before": None}
        case m.CaseMerged():
            return _with_reports(case, event.reports)
        case m.CaseUnmerged():
            return _with_reports(case, -event.reports)
        case _:
            raise TypeError(f"{event.kind} does not happen to a case that is open already")


def _with_reports(case: Case, more: int) -> Changed:
    return {"reports": case.reports + more, "merged_reports": case.merged_reports + more}


def _ended(case: Case, number: int, state: PartState, event: e.Event) -> Changed:
    part = next(part for part in case.parts if part.number == number)
    return _with(case, replace(part, state=state, ended_by=event.actor, ended_at=event.at))


def _with(case: Case, part: Part) -> Changed:
    parts = {one.number: one for one in case.parts} | {part.number: part}
    return {"parts": tuple(parts.values())}


def _chained(case: Case, event: e.Event, **changed: Any) -> Entry:
    seq = case.version + 1
    canon = e.canonical(case.id, seq, event)
    told = replace(case, **changed, version=seq, head=e.link(case.head, canon))
    return Entry(event, canon, told)
