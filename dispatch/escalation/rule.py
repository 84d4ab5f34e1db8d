"""Which steps of its ladder a case has reached, which are to be told again, and when to look next.

Pure. A step is reached once in each run; what was done stands in *steps taken*. Nothing is reached
before its time, and nothing while the case stands, is done or has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from dispatch.escalation.ladder import Cause, Ladder, Ladders, Step
from dispatch.escalation.runs import Run, reached_at
from dispatch.workflow.case import Case
from dispatch.workflow.clocks import Counting
from dispatch.workflow.state import State

UNDER_WAY: Final = frozenset({State.REPORTED, State.FILED, State.ASSIGNED})
"""Where somebody still has to do the work; afterwards it is only looked at."""

Key = tuple[str, int, str]
"""Run, the number of the event that began it, step."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken: *times* told, last *told_at*, and by somebody perhaps acknowledged."""

    key: Key
    times: int
    told_at: datetime
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A step to take: for the first time, or to be told again. *due_at* is when it is to be."""

    ladder: Ladder
    step: Step
    run: Run
    due_at: datetime
    times: int

    @property
    def key(self) -> Key:
        """By which it is known that it was taken."""
        return key_of(self.run, self.step)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be done first, and if that is nothing, when to look again; None: never.

    One thing at a time: what it orders may change what comes after it.
    """

    call: Call | None = None
    look_at: datetime | None = None


def key_of(run: Run, step: Step) -> Key:
    """By which a step of a run is known."""
    return run.kind, run.since, step.name


def outlook(
    case: Case,
    runs: Sequence[Run],
    taken: Iterable[Taken],
    ladders: Ladders,
    counting: Counting,
    *,
    since: datetime,
    now: datetime,
) -> Outlook:
    """What the ladder of the case asks for at *now*.

    Steps that were reached before *since*, when the city got its first ladders, are passed over:
    who begins to escalate is not told of everything at once.
    """
    ladder = ladders.find(case)
    if ladder is None or case.state not in UNDER_WAY or case.suspended_at is not None:
        return Outlook()
    done = {one.key: one for one in taken}
    calls = [
        replace(call, due_at=ladders.open(call.due_at, case.severity))
        for call in _calls(ladder, runs, done, counting, since)
    ]
    first = min(calls, key=_order, default=None)
    if first is None or first.due_at > now:
        return Outlook(None, first.due_at if first else None)
    # Who looks late tells late, and that may be when nobody is to be told.
    may_tell_at = ladders.open(now, case.severity)
    return Outlook(first) if may_tell_at <= now else Outlook(None, may_tell_at)


def _order(call: Call) -> tuple[datetime, str, float]:
    return call.due_at, call.run.kind, call.step.at.share


def _calls(
    ladder: Ladder, runs: Sequence[Run], done: dict[Key, Taken], counting: Counting, since: datetime
) -> Iterator[Call]:
    """Every step that is yet to be taken or told again, with its time."""
    for run in runs:
        for step in ladder.steps:
            at = reached_at(run, step.at, counting)
            before = done.get(key_of(run, step))
            if at is None:
                continue
            if before is not None:
                yield from _again(ladder, step, run, at, before)
            elif at >= since and not _overtaken(step, run, done):
                yield Call(ladder, step, run, at, 1)


def _again(ladder: Ladder, step: Step, run: Run, at: datetime, before: Taken) -> Iterator[Call]:
    if step.repeat is not None and not before.acknowledged and before.times < step.most:
        again_at = max(at, before.told_at + step.repeat)
        yield Call(ladder, step, run, again_at, before.times + 1)


def _overtaken(step: Step, run: Run, done: dict[Key, Taken]) -> bool:
    """Whether a later share of the limit was taken already: the city added this step since."""
    if step.at.cause is not Cause.LIMIT:
        return False
    shares = (
        float(name.removesuffix("%")) / 100
        for kind, began, name in done
        if (kind, began) == (run.kind, run.since)
    )
    return any(share > step.at.share for share in shares)
