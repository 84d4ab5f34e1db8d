"""Marks of stages with a clock: the door, the check, dispatch, verification. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from dispatch import events as e
from dispatch.evaluation.counts import Count, Mark
from dispatch.workflow import facts as f
from dispatch.workflow import merging as m
from dispatch.workflow.clocks import Deadline, Ending, Stage, ended

_A_MOMENT: Final = timedelta(microseconds=1)


class _Ways(NamedTuple):
    in_time: Count
    late: Count
    late_open: Count


_COUNTED: Final[Mapping[str, _Ways]] = {
    Stage.ACCEPT: _Ways(Count.ACCEPT_IN_TIME, Count.ACCEPT_LATE, Count.ACCEPT_LATE_OPEN),
    Stage.CHECK: _Ways(Count.CHECK_IN_TIME, Count.CHECK_LATE, Count.CHECK_LATE_OPEN),
    Stage.DISPATCH: _Ways(Count.DISPATCH_IN_TIME, Count.DISPATCH_LATE, Count.DISPATCH_LATE_OPEN),
    Stage.VERIFY: _Ways(Count.VERIFY_IN_TIME, Count.VERIFY_LATE, Count.VERIFY_LATE_OPEN),
}


class _Clock(NamedTuple):
    deadline: Deadline
    begun_at: datetime


def stage_marks(history: Sequence[e.Event], known_at: datetime) -> Iterator[Mark]:
    """What the stages of a case come to. A stage without a clock is never in time nor late.

    A stage that lapses, because the case is void or somebody set it right on the spot, leaves no
    mark.
    """
    running: dict[str, _Clock] = {}
    merged: dict[str, _Clock] = {}
    for event in history:
        match event:
            case m.MergedInto():
                running, merged = {}, running
            case m.CaseSeparated():
                running, merged = merged, {}  # as if nothing had been
                continue
            case _:
                pass
        for kind, ending in _endings(event, running):
            clock = running.pop(kind)
            if ending is Ending.MET and not isinstance(event, e.CaseHandled | f.CaseSelfHandled):
                yield from _done(kind, clock, event)
        for kind, due_at in event.began.items():
            if kind in _COUNTED:
                running[kind] = _Clock(Deadline(kind, due_at), event.at)
    for kind, clock in running.items():
        if clock.deadline.due_at < known_at:
            yield Mark(_COUNTED[kind].late_open, clock.deadline.due_at)


def _endings(event: e.Event, running: Mapping[str, _Clock]) -> list[tuple[str, Ending]]:
    """Which stages end; that a clock ran out ends none, because somebody still has to act."""
    if not running or isinstance(event, f.StageOverdue):
        return []
    return ended(event, [_open(clock.deadline, event) for clock in running.values()])


def _open(deadline: Deadline, event: e.Event) -> Deadline:
    """The deadline as if it still ran: who acts too late ends the stage all the same."""
    if isinstance(event, f.CaseSuspended):
        return deadline
    return replace(deadline, due_at=max(deadline.due_at, event.at + _A_MOMENT))


def _done(kind: str, clock: _Clock, event: e.Event) -> Iterator[Mark]:
    due_at, ways = clock.deadline.due_at, _COUNTED[kind]
    count = ways.in_time if event.at < due_at else ways.late
    settled_at = min(event.at, due_at)
    yield Mark(count, settled_at, person=event.actor)
    if kind == Stage.ACCEPT:
        seconds = (event.at - clock.begun_at).total_seconds()
        yield Mark(Count.ACCEPT_S, settled_at, person=event.actor, n=seconds)
