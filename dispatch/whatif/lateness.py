"""Whether other deadlines would have been kept by what was done at the time.

The work takes as long as it took, and what people decided about its time stays decided: while a
case was suspended its deadlines stand, with as much left of each as the other limit leaves; what
an extension granted is granted, and moves a deadline only if that would be due earlier. Deadlines
that somebody told anew, by a correction, by handing the case on or by another calendar, hold from
then on as they were told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dispatch import events as e
from dispatch.whatif.past import DROPPED, Turn
from dispatch.workflow import facts as f
from dispatch.workflow.clocks import Counting, anew


def first_missed(
    due: Mapping[str, datetime], turns: Sequence[Turn], counting: Counting, *, as_of: datetime
) -> datetime | None:
    """When the first of the milestones *due* passed unmet; None when none had until *as_of*.

    *counting* is of the case as it would have been opened. What is done at the very instant at
    which it is due is late, as everywhere.
    """
    clocks = _Clocks(dict(due))
    for turn in turns:
        passed = clocks.passed(turn.at)
        if passed is not None:
            return passed
        _turn(clocks, turn, counting)
    return clocks.passed(as_of)


@dataclass(slots=True)
class _Clocks:
    """The milestones that run, those that were met, and how much was left of those that stand."""

    running: dict[str, datetime]
    met: dict[str, datetime] = field(default_factory=dict[str, datetime])
    left: dict[str, timedelta] = field(default_factory=dict[str, timedelta])

    def passed(self, at: datetime) -> datetime | None:
        """The first that was due by then, None when none was."""
        return min((due for due in self.running.values() if due <= at), default=None)


def _turn(clocks: _Clocks, turn: Turn, counting: Counting) -> None:
    running = clocks.running
    match turn.kind:
        case e.CaseHandled.kind | f.CaseSelfHandled.kind:
            clocks.met, clocks.running = running, {}
        case e.CaseReworked.kind:
            clocks.running = clocks.met
        case f.CaseReopened.kind:
            clocks.running = anew(counting.case, counting.calendar, turn.at)
        case f.CaseSuspended.kind:
            clocks.left = {k: counting.between(k, turn.at, due) for k, due in running.items()}
            clocks.running = {}
        case f.CaseResumed.kind:
            clocks.running = {
                k: counting.after(k, turn.at, left) for k, left in clocks.left.items()
            }
        case f.DeadlineExtended.kind:
            clocks.running = _extended(running.items(), turn.until)
        case f.CaseCorrected.kind:
            clocks.running = dict(turn.until)
        case _ if turn.kind in DROPPED:
            clocks.running = {}
        case _:
            clocks.running = {**running, **turn.until}


def _extended(
    running: Iterable[tuple[str, datetime]], until: Mapping[str, datetime]
) -> dict[str, datetime]:
    """A milestone that the other limit calls by another name gets what the first one was given."""
    granted = min(until.values(), default=None)
    moved = {kind: (due, until.get(kind, granted)) for kind, due in running}
    return {kind: max(due, more or due) for kind, (due, more) in moved.items()}
