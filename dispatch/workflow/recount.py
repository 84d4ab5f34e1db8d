"""The deadlines of a case reckoned anew by another calendar, from its history. Pure.

What was promised is kept: suspensions, extensions and handings-on stand where they stood, what has
passed stays passed, and nobody is made late for time that is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dispatch import events as e
from dispatch.calendar import WorkingCalendar
from dispatch.workflow import clocks
from dispatch.workflow import facts as f
from dispatch.workflow.beginning import begun
from dispatch.workflow.case import Case
from dispatch.workflow.clocks import Counting, Deadline
from dispatch.workflow.correction import course_of, due_as_if
from dispatch.workflow.history import evolve, opened

_ROUNDING: Final = timedelta(seconds=1)
"""Less than this is no other time: what is left is told in seconds."""

Book = dict[str, Deadline]
"""The newest round of each milestone, by kind."""


@dataclass(frozen=True, slots=True)
class Move:
    """A milestone of a case that is due at another time: *due_at* was, *moved_to* is.

    *moved_to* is None for one whose new time has passed already: it stays as it was. Of a suspended
    case both say when it would be due, were it resumed in the moment in which it was suspended.
    """

    kind: str
    due_at: datetime
    moved_to: datetime | None


@dataclass(frozen=True, slots=True)
class Recount:
    """What becomes of one case: *event* is None when nothing is written."""

    moves: tuple[Move, ...]
    event: f.DeadlinesRecounted | None


def recount(
    case: Case,
    history: Sequence[e.Event],
    deadlines: Sequence[Deadline],
    calendar: WorkingCalendar,
    *,
    version: int,
    actor: str,
    now: datetime,
) -> Recount:
    """What another calendar changes for an open case, *version* that of the calendar.

    *deadlines* are the newest rounds as they stand. Of those that run only milestones are touched:
    stages count every minute.
    """
    book = reckoned(case, history, calendar)
    if case.suspended_at is not None:
        return _of_suspended(case, deadlines, book, version, actor, now)
    running = clocks.running_milestones(deadlines, now)
    moves = [_move(one, book.get(one.kind), now) for one in running]
    told = tuple(move for move in moves if move is not None)
    due = {one.kind: one.due_at for one in running}
    moved = {move.kind: move.moved_to for move in told if move.moved_to is not None}
    if not moved:
        return Recount(told, None)
    # All that run begin another round: when the first of them is due is told by one event.
    event = f.DeadlinesRecounted(at=now, actor=actor, calendar=version, began=due | moved)
    return Recount(told, event)


def reckoned(case: Case, history: Sequence[e.Event], calendar: WorkingCalendar) -> Book:
    """The milestones as they would stand had this calendar held from the opening."""
    first = history[0]
    if not isinstance(first, e.CaseReported):
        raise TypeError(f"a history begins with 'reported', not {first.kind!r}")
    entry = opened(case.id, first, address=case.address, description=case.description)
    life = entry.case
    # Who got it at once had the whole limit: handed on in its first moment, all of it is left.
    book = {k: Deadline(k, due) for k, due in clocks.anew(life, calendar, first.at).items()}
    for n, event in enumerate(history[1:], 1):
        if isinstance(event, f.CaseCorrected) and event.began:
            book = _corrected(evolve(life, event), history, n, calendar)
        elif not (isinstance(event, f.DeadlinesRecounted) or _is_told_before(history[n - 1])):
            book = _after(life, event, book, calendar)
        life = evolve(life, event)
    return book


def _after(case: Case, event: e.Event, book: Book, calendar: WorkingCalendar) -> Book:
    deadlines = list(book.values())
    begins = begun(case, _granted(event, deadlines), calendar, deadlines, {})
    left = _left(case, event, deadlines, calendar)
    after = dict(book)
    for kind, ending in clocks.ended(replace(event, began=begins), deadlines):
        after[kind] = replace(book[kind], ending=ending, left=left.get(kind))
    return after | {kind: Deadline(kind, due_at) for kind, due_at in begins.items()}


def _is_told_before(event: e.Event) -> bool:
    """Whether it has told already what the next one begins: it gave the case another limit too."""
    return isinstance(event, f.CaseCorrected) and event.routed and bool(event.began)


def _corrected(case: Case, history: Sequence[e.Event], n: int, calendar: WorkingCalendar) -> Book:
    """Another limit, as if it had been that one from the start, by whoever gets the case."""
    then = history[n + 1] if _is_told_before(history[n]) else None
    department = then.department if isinstance(then, e.CaseAssigned) else case.department
    due = due_as_if(clocks.limit_of(case), course_of(history[:n]), calendar.kept_by(department))
    return {kind: Deadline(kind, due_at) for kind, due_at in due.items()}


def _granted(event: e.Event, deadlines: Sequence[Deadline]) -> e.Event:
    """More time was given: never less than the limit itself gives by the new calendar."""
    first = clocks.milestone_running(deadlines, event.at)
    if isinstance(event, f.DeadlineExtended) and first is not None:
        return replace(event, until=max(event.until, first.due_at))
    return event


def _left(
    case: Case, event: e.Event, deadlines: Sequence[Deadline], calendar: WorkingCalendar
) -> Mapping[str, timedelta]:
    """What is left of each, to the second, when the event suspends the case."""
    if not isinstance(event, f.CaseSuspended):
        return {}
    left = clocks.left(Counting(case, calendar), deadlines, event.at)
    return {kind: timedelta(seconds=_seconds(span)) for kind, span in left.items()}


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())


def _move(stands: Deadline, reckoned: Deadline | None, now: datetime) -> Move | None:
    """What becomes of a milestone that runs; None when it stays where it is."""
    if reckoned is None or reckoned.ending is not None:
        return None
    if abs(reckoned.due_at - stands.due_at) < _ROUNDING:
        return None
    later = reckoned.due_at if reckoned.due_at > now else None
    return Move(stands.kind, stands.due_at, later)


def _of_suspended(
    case: Case,
    deadlines: Sequence[Deadline],
    book: Mapping[str, Deadline],
    version: int,
    actor: str,
    now: datetime,
) -> Recount:
    """Nothing runs; what is left of each is told anew."""
    stood = {one.kind: one for one in clocks.cancelled(case, deadlines)}
    left_s = {kind: _seconds(one.left) for kind, one in stood.items() if one.left is not None}
    moves: list[Move] = []
    for kind, one in book.items():
        if kind in left_s and one.left is not None and _seconds(one.left) != left_s[kind]:
            left_s[kind] = _seconds(one.left)
            moves.append(Move(kind, stood[kind].due_at, one.due_at))
    if not moves:
        return Recount((), None)
    event = f.DeadlinesRecounted(at=now, actor=actor, calendar=version, left_s=left_s)
    return Recount(tuple(moves), event)
