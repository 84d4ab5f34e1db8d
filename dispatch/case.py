"""A case: its states, the one table of moves between them, and how an event changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from dispatch import events as e
from dispatch.errors import IllegalMove, MissingDepartment, MissingReason, OwnWork, StaleCase


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
        """Whether nothing more can happen to the case."""
        return self in (State.CLOSED, State.VOID)


class Move(StrEnum):
    """What a person may order."""

    FILE = "file"
    VOID = "void"
    ASSIGN = "assign"
    SEND_BACK = "send_back"
    HANDLE = "handle"
    REWORK = "rework"
    VERIFY = "verify"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Step:
    """From where a move may be made, where it leads, and what must be said with it."""

    origins: frozenset[State]
    target: State
    needs_reason: bool = False
    needs_department: bool = False


def _step(*origins: State, to: State, reason: bool = False, department: bool = False) -> Step:
    return Step(frozenset(origins), to, reason, department)


MOVES: Final[Mapping[Move, Step]] = {
    Move.FILE: _step(State.REPORTED, to=State.FILED),
    Move.VOID: _step(State.REPORTED, State.FILED, to=State.VOID, reason=True),
    Move.ASSIGN: _step(State.FILED, State.ASSIGNED, to=State.ASSIGNED, department=True),
    Move.SEND_BACK: _step(State.ASSIGNED, to=State.FILED, reason=True),
    Move.HANDLE: _step(State.ASSIGNED, to=State.HANDLED),
    Move.REWORK: _step(State.HANDLED, to=State.ASSIGNED, reason=True),
    Move.VERIFY: _step(State.HANDLED, to=State.VERIFIED),
    Move.CLOSE: _step(State.VERIFIED, to=State.CLOSED),
}
"""The workflow. Who may make a move stands in the policy, not here."""


@dataclass(frozen=True, slots=True)
class Case:
    """One incident in one cell. Position in degrees WGS84; *version* counts its events.

    *areas* are the codes of the areas that hold the cell, smallest first. *head* is the hash of the
    last event, *changed_at* its time. *department* is the one that answers for it, None until it is
    assigned. *component* is the id of the component it is about, None when nobody said.
    """

    id: int
    number: str
    state: State
    category: str
    severity: int
    cell: str
    grid_version: int
    areas: tuple[str, ...]
    lon: float
    lat: float
    reported_at: datetime
    opened_at: datetime
    changed_at: datetime
    why: Mapping[str, object]
    department: str | None = None
    due_at: datetime | None = None
    overdue: bool = False
    closed_at: datetime | None = None
    reports: int = 1
    handled_by: str | None = None
    address: str = ""
    description: str = ""
    component: str | None = None
    version: int = 0
    head: bytes = e.GENESIS


@dataclass(frozen=True, slots=True)
class Order:
    """What a person wants done with a case; *version* is the one they were looking at, if known."""

    move: Move
    reason: str = ""
    department: str | None = None
    version: int | None = None


def moves_from(state: State) -> tuple[Move, ...]:
    """The moves that can be made from this state, in workflow order."""
    return tuple(move for move, step in MOVES.items() if state in step.origins)


def obey(case: Case, order: Order, *, actor: str, now: datetime) -> e.Event:
    """The event that carries out the order.

    Raises IllegalMove, MissingReason, MissingDepartment, OwnWork or StaleCase.
    """
    _check(case, order, actor)
    match order.move:
        case Move.FILE:
            return e.CaseFiled(at=now, actor=actor, reason=order.reason)
        case Move.VOID:
            return e.CaseVoided(at=now, actor=actor, reason=order.reason)
        case Move.ASSIGN:
            department = order.department or ""
            why = {"step": "person", "name": actor, "reason": order.reason}
            return e.CaseAssigned(at=now, actor=actor, department=department, why=why)
        case Move.SEND_BACK:
            return e.CaseSentBack(at=now, actor=actor, reason=order.reason)
        case Move.HANDLE:
            return e.CaseHandled(at=now, actor=actor, reason=order.reason)
        case Move.REWORK:
            return e.CaseReworked(at=now, actor=actor, reason=order.reason)
        case Move.VERIFY:
            return e.CaseVerified(at=now, actor=actor, reason=order.reason)
        case Move.CLOSE:
            return e.CaseClosed(at=now, actor=actor, reason=order.reason)


def _check(case: Case, order: Order, actor: str) -> None:
    step = MOVES[order.move]
    if order.version is not None and order.version != case.version:
        raise StaleCase(case.id, order.version, case.version)
    if case.state not in step.origins:
        raise IllegalMove(case.state, order.move)
    if step.needs_reason and not order.reason.strip():
        raise MissingReason(order.move)
    if step.needs_department and not order.department:
        raise MissingDepartment(order.move)
    if order.move is Move.VERIFY and case.handled_by == actor:
        raise OwnWork(actor)


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
    """The next line of the history of an open case.

    No event is earlier than the one before it: when the city's clock was set back, it gets the time
    of that one.
    """
    event = replace(event, at=max(event.at, case.changed_at))
    return _chained(replace(_changed(case, event), changed_at=event.at), event)


def evolve(case: Case, event: e.Event) -> Case:
    """The case after the event, its version and hash chain one further."""
    return continued(case, event).case


def _changed(case: Case, event: e.Event) -> Case:
    match event:
        case e.CaseFiled():
            return replace(case, state=State.FILED)
        case e.CaseAssigned():
            why = {**case.why, "routing": dict(event.why)}
            return replace(case, state=State.ASSIGNED, department=event.department, why=why)
        case e.CaseSentBack():
            return replace(case, state=State.FILED, department=None)
        case e.CaseHandled():
            return replace(case, state=State.HANDLED, handled_by=event.actor)
        case e.CaseReworked():
            return replace(case, state=State.ASSIGNED)
        case e.CaseVerified():
            return replace(case, state=State.VERIFIED)
        case e.CaseClosed():
            return replace(case, state=State.CLOSED, closed_at=event.at)
        case e.CaseVoided():
            return replace(case, state=State.VOID, closed_at=event.at)
        case e.ReportMerged():
            return replace(case, reports=case.reports + 1)
        case e.ReportUnmerged():
            return replace(case, reports=case.reports - 1)
        case e.CaseOverdue():
            return replace(case, overdue=True)
        case _:
            raise TypeError(f"{event.kind} does not happen to an open case")


def _chained(case: Case, event: e.Event) -> Entry:
    seq = case.version + 1
    canon = e.canonical(case.id, seq, event)
    return Entry(event, canon, replace(case, version=seq, head=e.link(case.head, canon)))
