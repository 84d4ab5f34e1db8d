"""Which deadlines an event begins, and when each of them is due. Pure.

The same for an event that happens now and for one of long ago that is reckoned again by another
calendar. What ends with an event is told by `dispatch.workflow.clocks.ended`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dispatch import events as e
from dispatch.calendar import WorkingCalendar
from dispatch.workflow import clocks
from dispatch.workflow import facts as f
from dispatch.workflow import merging as m
from dispatch.workflow.case import Case
from dispatch.workflow.clocks import Counting, Deadline, Ending


def begun(
    case: Case,
    event: e.Event,
    calendar: WorkingCalendar,
    deadlines: Sequence[Deadline],
    stages: clocks.Limits,
) -> Mapping[str, datetime]:
    """What runs from the event on, by kind; *case* is as it was before.

    *deadlines* are the newest rounds of all that the case has, *calendar* is the city's.
    """
    counting = Counting(case, calendar)
    match event:
        case f.CaseResumed():
            return clocks.resumed(counting, deadlines, event.at)
        case f.DeadlineExtended():
            return clocks.extended(counting, deadlines, event.until, event.at)
        case e.CaseReworked():
            # The time of what was met keeps running, as if nobody had said that it is done.
            met = [one for one in deadlines if one.ending is Ending.MET]
            return {one.kind: one.due_at for one in met if not clocks.is_stage(one.kind)}
        case f.CaseReopened():
            return clocks.anew(case, calendar, event.at)
        case m.CaseSeparated():
            return clocks.standing_again(case, deadlines)
        case e.CaseAssigned() | f.CaseTransferred():
            return handed_on(counting, event.department, deadlines, event.at)
        case e.CaseSentBack():
            stage = clocks.next_stage(event, stages)
            return {**handed_on(counting, None, deadlines, event.at), **stage}
        case _:
            return clocks.next_stage(event, stages)


def handed_on(
    counting: Counting, to: str | None, deadlines: Sequence[Deadline], at: datetime
) -> dict[str, datetime]:
    """When the milestones that run are due for whoever gets the case; None is nobody.

    As much of each limit is left as before, and goes on by the working time of the other. Empty
    when both work by the same calendar, or when no milestone counts working time.
    """
    before, after = counting.calendar, counting.city.kept_by(to)
    milestones = clocks.running_milestones(deadlines, at)
    if before is after or not any(_works(counting, one) for one in milestones):
        return {}
    limit = clocks.limit_of(counting.case)
    due = {one.kind: one.due_at for one in milestones}
    for one in milestones:
        if _works(counting, one):
            _, unit = limit[one.kind]
            due[one.kind] = after.add(at, before.count(at, one.due_at, unit), unit)
    return due


def _works(counting: Counting, one: Deadline) -> bool:
    return clocks.counts_working_time(counting.case, one.kind)
