"""What a bulletin takes beside its tables: days, and the cases that are late the longest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import nlargest
from zoneinfo import ZoneInfo

from dispatch.evaluation.counts import Period
from dispatch.evaluation.judging import Judged, Told
from dispatch.evaluation.work import Disposal


@dataclass(slots=True)
class Days:
    """How many cases were reported, and how many disposed of, on each day of the city."""

    period: Period
    zone: ZoneInfo
    reported: Counter[date] = field(default_factory=Counter[date])
    disposed: Counter[date] = field(default_factory=Counter[date])

    def take(self, cases: Sequence[Judged]) -> None:
        """Count a batch."""
        for one in cases:
            self._count(self.reported, one.opened.at)
            for disposal in one.work.disposals:
                if (handled_at := disposal.handled_at) is not None:
                    self._count(self.disposed, handled_at)

    def _count(self, days: Counter[date], at: datetime) -> None:
        if self.period.begin <= at < self.period.until:
            days[at.astimezone(self.zone).date()] += 1

    def all(self) -> list[date]:
        """Every day that the period touches."""
        first = self.period.begin.astimezone(self.zone).date()
        last = (self.period.until - timedelta(microseconds=1)).astimezone(self.zone).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class Late:
    """A disposal that fell due in the period and was not done by then."""

    number: str
    told: Told
    disposal: Disposal
    department: str | None
    due_at: datetime
    by: timedelta


@dataclass(slots=True)
class Longest:
    """Those that are late the longest, longest first; *more* counts the others."""

    period: Period
    most: int
    found: list[Late] = field(default_factory=list[Late])
    more: int = 0

    def take(self, cases: Sequence[Judged]) -> None:
        """Keep the longest of those there are and a batch."""
        known_at = self.period.known_at
        late = [
            Late(one.opened.number, one.told, disposal, one.work.lead_at(due_at), due_at,
                 (disposal.handled_at or known_at) - due_at)
            for one in cases
            for disposal in one.work.disposals
            if disposal.is_late(known_at)
            and (due_at := disposal.due_at) is not None
            and self.period.begin <= due_at < self.period.until
        ]  # fmt: skip
        kept = nlargest(self.most, [*self.found, *late], key=lambda one: one.by)
        self.more += len(self.found) + len(late) - len(kept)
        self.found = kept
