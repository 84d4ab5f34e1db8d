"""What a correction (更正) tells anew, and what is due then, as if it had been told so at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch import events as e
from dispatch.calendar import Unit, WorkingCalendar
from dispatch.workflow import facts as f


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be different of a case; None stays. *lon*, *lat* come together, degrees WGS84.

    *condition* is that of the limit; another category without one takes its default.
    """

    category: str | None = None
    condition: str | None = None
    lon: float | None = None
    lat: float | None = None

    @property
    def position(self) -> tuple[float, float] | None:
        """Where it is, when that is to be different."""
        return None if self.lon is None or self.lat is None else (self.lon, self.lat)


@dataclass(frozen=True, slots=True)
class Course:
    """Since when the limit of a case counts, and when its clocks have stood: (from, until)."""

    began_at: datetime
    pauses: tuple[tuple[datetime, datetime], ...] = ()


def course_of(history: Sequence[e.Event]) -> Course:
    """The course that a history tells, from the last reopening on; see `Course`."""
    began = max(
        n for n, event in enumerate(history) if isinstance(event, e.CaseReported | f.CaseReopened)
    )
    stood = [e.at for e in history[began:] if isinstance(e, f.CaseSuspended | f.CaseResumed)]
    return Course(history[began].at, tuple(zip(stood[::2], stood[1::2], strict=False)))


def due_as_if(
    milestones: Mapping[str, tuple[float, Unit]], course: Course, calendar: WorkingCalendar
) -> dict[str, datetime]:
    """When each milestone is due had the limit been this one from the start.

    The time that has passed is not given again, and the time that stood is not taken: both as the
    milestone counts.
    """
    return {
        name: _due(amount, unit, course, calendar) for name, (amount, unit) in milestones.items()
    }


def _due(amount: float, unit: Unit, course: Course, calendar: WorkingCalendar) -> datetime:
    due = calendar.add(course.began_at, amount, unit)
    for stood_from, stood_until in course.pauses:
        if due > stood_from:
            due = _later(due, stood_from, stood_until, unit, calendar)
    return due


def _later(
    due: datetime, begin: datetime, end: datetime, unit: Unit, calendar: WorkingCalendar
) -> datetime:
    """What was left when the clocks stood is left when they go on."""
    if unit in (Unit.WORK_HOUR, Unit.WORK_DAY):
        return calendar.after(end, calendar.working_time(begin, due))
    return end + (due - begin)
