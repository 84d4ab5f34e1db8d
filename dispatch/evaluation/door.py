"""Marks of the door and of dispatch: what was taken up, filed, assigned, and rightly so. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from dispatch import events as e
from dispatch.evaluation.counts import Count, Mark
from dispatch.workflow import facts as f
from dispatch.workflow import merging as m
from dispatch.workflow.clocks import Stage


def case_marks(history: Sequence[e.Event]) -> Iterator[Mark]:
    """That the case was reported, and whether it is still to be closed.

    One that was merged is neither open nor refused: it goes on as another.
    """
    opened_at = history[0].at
    yield Mark(Count.REPORTED, opened_at)
    last = next((one for one in reversed(history) if isinstance(one, _ENDS)), None)
    if last is None or isinstance(last, f.CaseReopened | m.CaseSeparated):
        yield Mark(Count.UNCLOSED, opened_at)
    elif isinstance(last, e.CaseVoided | f.CaseRejected):
        yield Mark(Count.VOIDED, opened_at)


_ENDS = (
    e.CaseClosed,
    e.CaseVoided,
    f.CaseRejected,
    f.CaseReopened,
    m.MergedInto,
    m.CaseSeparated,
)


def door_marks(history: Sequence[e.Event]) -> Iterator[Mark]:
    """Acceptances and filings; right as long as nobody returned or voided the case since."""
    accepted: e.Event | None = None
    filed: e.Event | None = None
    due_at: datetime | None = None
    for event in history:
        due_at = _due_at(event, due_at)
        match event:
            case f.CaseAccepted():
                accepted = event
                yield _mark(Count.ACCEPTED, event)
            case e.CaseFiled():
                if accepted is None:
                    accepted = event
                    yield _mark(Count.ACCEPTED, event)
                filed = event
                yield from _filing(event, due_at)
            case f.CaseReturned() | e.CaseVoided() | f.CaseRejected():
                accepted = filed = due_at = None
            case _:
                pass
        if isinstance(event, f.CaseReturned):
            due_at = event.began.get(Stage.ACCEPT)
    if accepted is not None:
        yield _mark(Count.ACCEPTED_RIGHT, accepted)
    if filed is not None:
        yield _mark(Count.FILED_RIGHT, filed)


def _due_at(event: e.Event, before: datetime | None) -> datetime | None:
    """Until when the case is to be filed: while the clock of acceptance or of a check runs."""
    began = [at for kind, at in event.began.items() if kind in (Stage.ACCEPT, Stage.CHECK)]
    return max([*began, *([before] if before else [])], default=None)


def _filing(event: e.CaseFiled, due_at: datetime | None) -> Iterator[Mark]:
    yield _mark(Count.FILED, event)
    if due_at is not None:
        yield _mark(Count.FILED_IN_TIME if event.at < due_at else Count.FILED_LATE, event)


def dispatch_marks(history: Sequence[e.Event]) -> Iterator[Mark]:
    """Assignments; right as long as the department kept the case until its work was done."""
    standing: e.CaseAssigned | None = None
    for event in history:
        match event:
            case e.CaseAssigned():
                if standing is not None and standing.department == event.department:
                    yield _mark(Count.DISPATCHED_RIGHT, standing)
                standing = event
                yield _mark(Count.DISPATCHED, event)
            case e.CaseSentBack() | f.CaseTransferred():
                standing = None
            case e.CaseHandled() | f.CaseSelfHandled() if standing is not None:
                yield _mark(Count.DISPATCHED_RIGHT, standing)
                standing = None
            case f.CaseCorrected(routed=True) if standing is not None:
                # It was right by what was told then.
                yield _mark(Count.DISPATCHED_RIGHT, standing)
                standing = None
            case _:
                pass
    if standing is not None:
        yield _mark(Count.DISPATCHED_RIGHT, standing)


def _mark(count: Count, event: e.Event) -> Mark:
    return Mark(count, event.at, person=event.actor)
