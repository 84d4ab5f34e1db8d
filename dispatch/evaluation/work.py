"""What departments had to do: each disposal that a case asked for, and what came of it. Pure.

A case asks for one disposal, and for another each time it is reopened. Rework asks for none: the
work that was said to be done was not, and its time has gone on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dispatch import events as e
from dispatch.evaluation.counts import Count, Mark
from dispatch.workflow import facts as f
from dispatch.workflow import merging as m
from dispatch.workflow.clocks import Deadline, Ending, ended, is_stage


@dataclass(slots=True)
class Handling:
    """The work was said to be done; *outcome* is what became of that, None when nothing yet."""

    at: datetime
    department: str | None
    outcome: Count | None = None


@dataclass(slots=True)
class Disposal:
    """One piece of work as far as it is told. *dues* are its milestones, fewer while it stands.

    *passed_at* is when the first one was due that was told to be overdue: what changes the dues
    later does not change that. *stood* is for how long it has stood since it was assigned.
    *handlings* are all times that it was said to be done; *open* is False while the last one holds.
    """

    begun_at: datetime
    dues: dict[str, datetime]
    passed_at: datetime | None = None
    assigned_at: datetime | None = None
    stood: timedelta = timedelta()
    stands_since: datetime | None = None
    handlings: list[Handling] = field(default_factory=list[Handling])
    open: bool = True
    was_extended: bool = False
    was_suspended: bool = False
    excused: bool = False

    @property
    def due_at(self) -> datetime | None:
        """When the first milestone was, is or will be due; None while all of them stand."""
        passed = [] if self.passed_at is None else [self.passed_at]
        return min([*self.dues.values(), *passed], default=None)

    @property
    def handled_at(self) -> datetime | None:
        """When it was done, None while it is not."""
        return None if self.open else self.handlings[-1].at

    def settled_at(self, known_at: datetime) -> datetime | None:
        """When it was decided whether it is in time: done, or due; None as long as it is not."""
        if self.in_time:
            return self.handled_at
        due_at = self.due_at
        return due_at if due_at is not None and due_at < known_at else None

    @property
    def in_time(self) -> bool:
        """Whether it is done, and was before it was due."""
        due_at, handled_at = self.due_at, self.handled_at
        return handled_at is not None and (due_at is None or handled_at < due_at)

    def is_late(self, known_at: datetime) -> bool:
        """Whether its limit passed before it was done."""
        return not self.in_time and self.settled_at(known_at) is not None


@dataclass(frozen=True, slots=True)
class Work:
    """All disposals of a case, and which department had it since when; None is nobody."""

    disposals: Sequence[Disposal]
    leads: Sequence[tuple[datetime, str | None]]
    reopened: Sequence[datetime]

    def lead_at(self, moment: datetime) -> str | None:
        """The department that answered for the case at a moment."""
        number = bisect_right(self.leads, moment, key=lambda lead: lead[0])
        return self.leads[number - 1][1] if number else None


def read_work(history: Sequence[e.Event]) -> Work:
    """The work of a history. A case that was never one asked for none, nor one that is another."""
    if any(isinstance(event, e.CaseVoided | f.CaseRejected) for event in history):
        return Work((), (), ())
    if is_merged(history):
        return Work((), (), ())
    reader = _Reader()
    for event in history:
        reader.read(event)
    return Work(reader.disposals, reader.leads, reader.reopened)


def is_merged(history: Sequence[e.Event]) -> bool:
    """Whether the case goes on as another one, as far as the history tells."""
    told = (one for one in reversed(history) if isinstance(one, m.MergedInto | m.CaseSeparated))
    return isinstance(next(told, None), m.MergedInto)


def work_marks(work: Work, known_at: datetime) -> Iterator[Mark]:
    """What the work comes to."""
    for disposal in work.disposals:
        yield from _disposal_marks(work, disposal, known_at)
        for one in disposal.handlings:
            yield Mark(Count.HANDLED, one.at, one.department)
            yield Mark(_outcome(one, disposal, known_at), one.at, one.department)
    for at in work.reopened:
        yield Mark(Count.REOPENED, at, work.lead_at(at))


def _disposal_marks(work: Work, disposal: Disposal, known_at: datetime) -> Iterator[Mark]:
    settled_at, handled_at = disposal.settled_at(known_at), disposal.handled_at
    if settled_at is None:
        count = Count.INSIDE if disposal.stands_since is None else Count.STANDING
        yield Mark(count, None, work.lead_at(known_at))
        return
    department = work.lead_at(settled_at)
    late = disposal.is_late(known_at)
    counts = [Count.NEED, *_settled_as(late, disposal)]
    yield from (Mark(count, settled_at, department) for count in counts)
    if handled_at is not None:
        begun_at = disposal.assigned_at or disposal.begun_at
        seconds = (handled_at - begun_at - disposal.stood).total_seconds()
        yield Mark(Count.DISPOSE_S, settled_at, department, n=seconds)


def _settled_as(late: bool, disposal: Disposal) -> Iterator[Count]:
    match late, disposal.open:
        case False, _:
            yield Count.IN_TIME
        case True, False:
            yield Count.LATE
            if disposal.excused:
                yield Count.LATE_EXCUSED
        case _:
            yield Count.LATE_OPEN
            if disposal.excused:
                yield Count.LATE_OPEN_EXCUSED
    if disposal.was_extended:
        yield Count.EXTENDED
    if disposal.was_suspended:
        yield Count.SUSPENDED


def _outcome(one: Handling, disposal: Disposal, known_at: datetime) -> Count:
    if one.outcome is Count.CLOSED_IN_TIME and disposal.is_late(known_at):
        return Count.CLOSED_LATE
    return one.outcome or Count.TO_CLOSE


class _Reader:
    """Goes through a history once."""

    def __init__(self) -> None:
        self.disposals: list[Disposal] = []
        self.leads: list[tuple[datetime, str | None]] = []
        self.reopened: list[datetime] = []
        self._late: Disposal | None = None  # what the newest lateness is about

    def read(self, event: e.Event) -> None:
        """Take one event in."""
        if event.began or isinstance(event, f.CaseSuspended):
            self._cancel_dues(event)
        match event:
            case e.CaseReported():
                self.disposals.append(Disposal(event.at, dict(event.due)))
            case f.CaseReopened():
                self.reopened.append(event.at)
                self.disposals.append(Disposal(event.at, {}, assigned_at=event.at))
            case e.CaseAssigned() | f.CaseTransferred():
                self._hand_to(event.department, event.at)
            case f.CaseSelfHandled():
                self._hand_to(event.department, event.at)
                self._handled(event.at)
            case e.CaseSentBack():
                self.leads.append((event.at, None))
            case e.CaseHandled():
                self._handled(event.at)
            case e.CaseReworked():
                self._current.open = True
                self._current.handlings[-1].outcome = Count.REWORKED
            case e.CaseClosed():
                self._current.handlings[-1].outcome = Count.CLOSED_IN_TIME
            case _:
                self._read_time(event)
        began = {kind: at for kind, at in event.began.items() if not is_stage(kind)}
        self._current.dues.update(began)

    def _read_time(self, event: e.Event) -> None:
        current = self._current
        match event:
            case f.CaseSuspended():
                current.was_suspended, current.stands_since = True, event.at
            case f.CaseResumed() if current.stands_since is not None:
                if current.assigned_at is not None:
                    current.stood += event.at - current.stands_since
                current.stands_since = None
            case f.DeadlineExtended():
                current.was_extended = True
            case e.CaseOverdue():
                # Another lateness is another matter, whatever was said of the one before.
                self._late = current
                current.excused = False
                current.passed_at = min(current.passed_at or event.due_at, event.due_at)
            case f.LatenessExcused() if self._late is not None:
                self._late.excused = True
            case _:
                pass

    def _cancel_dues(self, event: e.Event) -> None:
        """What stands or is due at another time; a milestone that passed stays as it is."""
        if not self.disposals or not self._current.open:
            return
        dues = self._current.dues
        for kind, ending in ended(event, [Deadline(kind, at) for kind, at in dues.items()]):
            if ending is Ending.CANCELLED:
                del dues[kind]

    @property
    def _current(self) -> Disposal:
        return self.disposals[-1]

    def _hand_to(self, department: str, at: datetime) -> None:
        self.leads.append((at, department))
        if self._current.assigned_at is None:
            self._current.assigned_at = at

    def _handled(self, at: datetime) -> None:
        department = self.leads[-1][1] if self.leads else None
        self._current.handlings.append(Handling(at, department))
        self._current.open = False
