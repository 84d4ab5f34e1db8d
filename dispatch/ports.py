"""What the actions need from a store. One book is one open transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from dispatch.case import Case, Entry
from dispatch.confidence import Records
from dispatch.context import CityWarning
from dispatch.decide import Failed, Merged, Opened, Rejected
from dispatch.matching import Candidate
from dispatch.report import Report
from dispatch.rulebook import Rulebook
from dispatch.workflow.clocks import Deadline
from dispatch.workflow.correction import Course


@dataclass(slots=True)
class Changes:
    """All that one transaction will write: cases as they end up, histories in order, outcomes."""

    opened: list[Opened] = field(default_factory=list[Opened])
    changed: dict[int, Case] = field(default_factory=dict[int, Case])
    entries: list[Entry] = field(default_factory=list[Entry])
    merged: list[Merged] = field(default_factory=list[Merged])
    rejected: list[Rejected] = field(default_factory=list[Rejected])
    failed: list[Failed] = field(default_factory=list[Failed])
    settled: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    """Deadlines that ended: (case, milestone, 'met' | 'fired' | 'cancelled')."""


class Book(Protocol):
    """The store inside one transaction: what is read is locked, what is saved is all or nothing."""

    async def categories_of(self, report_ids: Collection[int]) -> frozenset[str]:
        """The categories of those reports that are still undecided."""
        ...

    async def take_turn(self, categories: Collection[str]) -> None:
        """Wait until nobody else decides reports of these categories, and keep it so."""
        ...

    async def undecided(
        self, categories: Collection[str], report_ids: Collection[int], limit: int
    ) -> Sequence[Report]:
        """The undecided among *report_ids* and every older one of the categories, oldest first."""
        ...

    async def open_near(self, reports: Sequence[Report], rules: Rulebook) -> Sequence[Candidate]:
        """Open cases that any of the reports may be the same incident as."""
        ...

    async def warnings(self, rules: Rulebook, now: datetime) -> Sequence[CityWarning]:
        """What the city warns of at that moment, where the rules ask for it."""
        ...

    async def new_case_ids(self, count: int) -> Sequence[int]:
        """As many case ids as asked for, never given out before."""
        ...

    async def cases(self, case_ids: Collection[int]) -> Mapping[int, Case]:
        """Those cases, locked."""
        ...

    async def merged_into(self, case_id: int) -> int | None:
        """The case that this one goes on as, read without a lock: it may change at once."""
        ...

    async def deadlines(self, case_id: int) -> Sequence[Deadline]:
        """The newest round of every deadline of a case that `cases` has locked."""
        ...

    async def first_report(self, case_id: int) -> Report:
        """The report that a case was opened from."""
        ...

    async def course(self, case_id: int) -> Course:
        """Since when the limit of a case counts, and when its clocks have stood."""
        ...

    async def records(self, asked: Collection[tuple[str, str]]) -> Records:
        """What became of the newest cases of each category in each smallest area."""
        ...

    async def save(self, changes: Changes, *, city: str, now: datetime) -> None:
        """Write everything; raises whatever the database raises and then nothing is written."""
        ...
