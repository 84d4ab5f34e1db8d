"""What comes out of deciding many cases again: counts before and after, by department and area."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Final

from dispatch.whatif.deciding import Compared, Difference
from dispatch.whatif.past import Verdict

HOURLY_UP_TO: Final = timedelta(days=3)
"""Workload of a longer period is told by the day."""


@dataclass(slots=True)
class Side:
    """The cases of a department, an area or a city under one of the two rulebooks.

    *late_by* is how long the late ones were waited for after their first missed milestone.
    *first_right* are those of the handled ones that went at once to who handled them.
    """

    cases: int = 0
    late: int = 0
    late_by: timedelta = timedelta()
    handled: int = 0
    first_right: int = 0

    @property
    def late_share(self) -> float | None:
        """Which part of the cases was late, None of none."""
        return self.late / self.cases if self.cases else None

    @property
    def accuracy(self) -> float | None:
        """First-dispatch accuracy (派遣准确率), None while nothing was handled."""
        return self.first_right / self.handled if self.handled else None

    def add(self, verdict: Verdict, one: Compared, as_of: datetime) -> None:
        """Count a case as this verdict has it."""
        self.cases += 1
        if verdict.missed_at is not None:
            self.late += 1
            self.late_by += max(timedelta(), (one.past.ended_at or as_of) - verdict.missed_at)
        if one.past.handled_by is not None:
            self.handled += 1
            self.first_right += verdict.department == one.past.handled_by


@dataclass(slots=True)
class Line:
    """One department or area: before, after, and the cases that came and went."""

    before: Side = field(default_factory=Side)
    after: Side = field(default_factory=Side)
    moved_in: int = 0
    moved_out: int = 0


@dataclass(slots=True)
class Summary:
    """Everything counted so far. *workload* counts newly given cases by (begin, department).

    *timezone* is the city's, in which the hours or days of the workload begin; *hourly* says which.
    Of a case that lies in several areas, one above the other, each counts it.
    """

    timezone: tzinfo
    as_of: datetime
    hourly: bool
    whole: Line = field(default_factory=Line)
    changed: int = 0
    differences: Counter[Difference] = field(default_factory=Counter[Difference])
    departments: dict[str, Line] = field(default_factory=dict[str, Line])
    areas: dict[str, Line] = field(default_factory=dict[str, Line])
    workload_before: Counter[tuple[datetime, str]] = field(
        default_factory=Counter[tuple[datetime, str]]
    )
    workload_after: Counter[tuple[datetime, str]] = field(
        default_factory=Counter[tuple[datetime, str]]
    )

    @property
    def cases(self) -> int:
        """How many cases were decided again."""
        return self.whole.before.cases

    def add(self, compared: Iterable[Compared]) -> None:
        """Count these cases too."""
        for one in compared:
            self.changed += bool(one.differences)
            self.differences.update(one.differences)
            before, after = one.before, one.after
            self.whole.before.add(before, one, self.as_of)
            self.whole.after.add(after, one, self.as_of)
            self._count(self.departments, one, _sent(before), _sent(after))
            self._count(self.areas, one, before.areas, after.areas)
            begin = self._begin(one.past.opened_at)
            self.workload_before.update((begin, department) for department in _sent(before))
            self.workload_after.update((begin, department) for department in _sent(after))

    def _count(
        self, table: dict[str, Line], one: Compared, before: Sequence[str], after: Sequence[str]
    ) -> None:
        for key in before:
            line = table.setdefault(key, Line())
            line.before.add(one.before, one, self.as_of)
            line.moved_out += key not in after
        for key in after:
            line = table.setdefault(key, Line())
            line.after.add(one.after, one, self.as_of)
            line.moved_in += key not in before

    def _begin(self, at: datetime) -> datetime:
        """The beginning of the hour or day of the city that holds a moment."""
        local = at.astimezone(self.timezone).replace(minute=0, second=0, microsecond=0)
        return local if self.hourly else local.replace(hour=0)


def _sent(verdict: Verdict) -> tuple[str, ...]:
    return (verdict.department,) if verdict.department is not None else ()
