"""Which deadlines an event begins and ends, and how much of one is left when it stands. Pure.

A case has a deadline for each milestone of its limit, and one for each stage (阶段) in which a post
has to act: at the door, in dispatch, at the two checks. All are rows of one kind, and every change
of one is another *round* of it: what was once due stays to be seen. Stage clocks count every
minute; milestones count as their unit does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from dispatch import events as e
from dispatch.calendar import Unit, WorkingCalendar
from dispatch.workflow import facts as f
from dispatch.workflow import merging as m
from dispatch.workflow.case import Case

_STAGE: Final = "stage."


class Stage(StrEnum):
    """A step for which a post has only so long; the value is the kind of its deadline."""

    ACCEPT = "stage.accept"
    CHECK = "stage.check"
    DISPATCH = "stage.dispatch"
    VERIFY = "stage.verify"
    SUPERVISION = "stage.supervision"


class Ending(StrEnum):
    """How a deadline ended; the value is its state."""

    MET = "met"
    FIRED = "fired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Deadline:
    """The newest round of one deadline of a case; *ending* is None while it runs.

    *left* is what was left of it when the case was suspended, None when nobody told.
    """

    kind: str
    due_at: datetime
    ending: Ending | None = None
    left: timedelta | None = None


Limits = Mapping[Stage, timedelta]
"""How long each stage may take; a stage that is missing has no clock."""


def is_stage(kind: str) -> bool:
    """Whether a deadline of this kind is that of a stage and not a milestone."""
    return kind.startswith(_STAGE)


def limit_of(case: Case) -> dict[str, tuple[float, Unit]]:
    """The milestones of the limit that the case was opened under; empty when it has none."""
    limit = case.why.get("limit")
    milestones = limit.get("milestones") if isinstance(limit, Mapping) else None
    if not isinstance(milestones, Mapping):
        return {}
    told = {str(name): str(text).partition(" ") for name, text in milestones.items()}
    return {name: (float(amount), Unit(unit)) for name, (amount, _, unit) in told.items()}


def counts_working_time(case: Case, kind: str) -> bool:
    """Whether the deadline counts only while somebody works; by the unit of its limit."""
    _, unit = limit_of(case).get(kind, (0, None))
    return unit in (Unit.WORK_HOUR, Unit.WORK_DAY)


@dataclass(frozen=True, slots=True)
class Counting:
    """How time is counted for the deadlines of one case: by the calendar of who has it.

    *city* is the calendar of the city, with those that departments keep for themselves.
    """

    case: Case
    city: WorkingCalendar

    @property
    def calendar(self) -> WorkingCalendar:
        """The one that counts."""
        return self.city.kept_by(self.case.department)

    def kept_by(self, department: str | None) -> Counting:
        """How it would be counted if this department had the case; None is nobody."""
        if department == self.case.department:
            return self
        return replace(self, case=replace(self.case, department=department))

    def between(self, kind: str, begin: datetime, end: datetime) -> timedelta:
        """How much time of a deadline's own lies between two instants."""
        if counts_working_time(self.case, kind):
            return self.calendar.working_time(begin, end)
        return end - begin

    def after(self, kind: str, begin: datetime, left: timedelta) -> datetime:
        """When so much time of a deadline's own is over."""
        if counts_working_time(self.case, kind):
            return self.calendar.after(begin, left)
        return begin + left


def running(deadlines: Iterable[Deadline], at: datetime) -> list[Deadline]:
    """Those that are neither over nor past; one that is past falls due, whatever happens now."""
    return [one for one in deadlines if one.ending is None and one.due_at > at]


def running_milestones(deadlines: Iterable[Deadline], at: datetime) -> list[Deadline]:
    """Those of the limit that run."""
    return [one for one in running(deadlines, at) if not is_stage(one.kind)]


def milestone_running(deadlines: Iterable[Deadline], at: datetime) -> Deadline | None:
    """The milestone that is due next, None when none runs."""
    return min(running_milestones(deadlines, at), key=lambda one: one.due_at, default=None)


def left(counting: Counting, deadlines: Iterable[Deadline], at: datetime) -> dict[str, timedelta]:
    """How much is left at a moment of every deadline that runs."""
    return {one.kind: counting.between(one.kind, at, one.due_at) for one in running(deadlines, at)}


def resumed(counting: Counting, deadlines: Iterable[Deadline], at: datetime) -> dict[str, datetime]:
    """When those are due that stood since the case was suspended: what was left then is left now.

    Nothing but a suspension leaves the newest round of a deadline of an open case cancelled, but
    for milestones of a limit that a correction has replaced.
    """
    since = counting.case.suspended_at
    if since is None:
        return {}
    stood = [one for one in cancelled(counting.case, deadlines) if one.due_at > since]
    return {one.kind: counting.after(one.kind, at, _left(counting, one, since)) for one in stood}


def _left(counting: Counting, one: Deadline, since: datetime) -> timedelta:
    """What was told then: counted now, it may be by another calendar."""
    return counting.between(one.kind, since, one.due_at) if one.left is None else one.left


def extended(
    counting: Counting, deadlines: Sequence[Deadline], until: datetime, at: datetime
) -> dict[str, datetime]:
    """The next milestone is due at *until*, each later one by the same amount of its time later."""
    first = milestone_running(deadlines, at)
    if first is None:
        return {}
    moved = {first.kind: until}
    for one in running_milestones(deadlines, at):
        if one.kind != first.kind:
            more = counting.between(one.kind, first.due_at, until)
            moved[one.kind] = counting.after(one.kind, one.due_at, more)
    return moved


def standing_again(case: Case, deadlines: Iterable[Deadline]) -> dict[str, datetime]:
    """The deadlines that ended when the case was merged, due when they were: no limit is reset.

    It was not suspended then, so nothing else has left the newest round of one cancelled.
    """
    return {one.kind: one.due_at for one in cancelled(case, deadlines)}


def cancelled(case: Case, deadlines: Iterable[Deadline]) -> list[Deadline]:
    """Those of stages and of the limit of now; a correction cancels those of another for good."""
    limit = limit_of(case)
    ended = [one for one in deadlines if one.ending is Ending.CANCELLED]
    return [one for one in ended if is_stage(one.kind) or one.kind in limit]


def anew(case: Case, calendar: WorkingCalendar, at: datetime) -> dict[str, datetime]:
    """The whole limit of the case, counted from *at* by the calendar of who has it."""
    own = calendar.kept_by(case.department)
    return {name: own.add(at, amount, unit) for name, (amount, unit) in limit_of(case).items()}


def next_stage(event: e.Event, limits: Limits) -> dict[str, datetime]:
    """The stage that begins with the event, if the city has a clock for it."""
    match event:
        case e.CaseReported() | f.CaseReturned():
            stage = Stage.ACCEPT
        case f.CheckAsked():
            stage = Stage.CHECK
        case e.CaseFiled() | e.CaseSentBack():
            stage = Stage.DISPATCH
        case e.CaseHandled() | f.CaseSelfHandled():
            stage = Stage.VERIFY
        case _:
            return {}
    return {stage: event.at + limits[stage]} if stage in limits else {}


def untold(case: Case, event: e.Event, deadlines: Iterable[Deadline]) -> list[Deadline]:
    """What passed before the work was done and has to be told now: reopening begins it anew.

    *case* is as it was before. The times of its history say that it is late, whatever the clocks
    say now and whoever was away.
    """
    if not isinstance(event, f.CaseReopened):
        return []
    passed = [one for one in deadlines if one.ending is None and one.due_at <= case.changed_at]
    return sorted((one for one in passed if not is_stage(one.kind)), key=lambda one: one.due_at)


def ended(event: e.Event, deadlines: Iterable[Deadline]) -> list[tuple[str, Ending]]:
    """Which deadlines that still run the event ends, and how."""
    found = [(one, _ending(event, one)) for one in deadlines if one.ending is None]
    return [(one.kind, ending) for one, ending in found if ending is not None]


def _ending(event: e.Event, one: Deadline) -> Ending | None:
    match event:
        case e.CaseOverdue():
            return Ending.FIRED if one.kind == event.milestone else None
        case f.StageOverdue():
            return Ending.FIRED if one.kind == event.stage else None
        case e.CaseVoided() | f.CaseRejected() if one.kind != Stage.ACCEPT:
            return Ending.CANCELLED
        case m.MergedInto():
            return Ending.CANCELLED
        case f.CaseCorrected() if event.began and not is_stage(one.kind):
            return Ending.CANCELLED
        case _ if one.kind in event.began:
            return Ending.CANCELLED
        case _ if one.due_at <= event.at:
            return None  # too late: it falls due, however far behind the clock process is
        case f.CaseSuspended():
            return Ending.CANCELLED
        case e.CaseHandled() | f.CaseSelfHandled() | e.CaseVoided() | f.CaseRejected():
            return Ending.MET
        case _:
            return Ending.MET if one.kind == _STAGE_ENDS.get(event.kind) else None


_STAGE_ENDS: Final[Mapping[str, Stage]] = {
    f.CaseAccepted.kind: Stage.ACCEPT,
    e.CaseFiled.kind: Stage.ACCEPT,
    f.ReportConfirmed.kind: Stage.CHECK,
    f.ReportRefuted.kind: Stage.CHECK,
    e.CaseAssigned.kind: Stage.DISPATCH,
    f.CaseReturned.kind: Stage.DISPATCH,
    e.CaseVerified.kind: Stage.VERIFY,
    e.CaseReworked.kind: Stage.VERIFY,
}
