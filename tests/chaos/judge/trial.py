"""What a check is given and what it gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from tests.chaos.judge.books import Books, Name
from tests.chaos.judge.facts import CaseRow, Facts, ReportRow
from tests.chaos.judge.snapshot import Snapshot

_OPENS: Final = {
    "closed": False,
    "voided": False,
    "rejected": False,
    "merged_into": False,
    "reopened": True,
    "separated": True,
}
SHOWN: Final = 5
"""So many problems of one check are told; the rest is counted."""


@dataclass(frozen=True)
class Trial:
    """The end of a run: the database, the books, the snapshots taken on the way.

    *now* is unix seconds by the clock of the harness. *first_seen* says when an accepted report
    that is still undecided was first seen so.
    """

    facts: Facts
    books: Books
    now: float
    snapshots: Sequence[Snapshot] = ()
    first_seen: Mapping[int, float] = field(default_factory=dict[int, float])

    def was_open(self, case: CaseRow, at: datetime) -> bool:
        """Whether a case was open at a moment: it can have been closed and reopened since."""
        is_open = True
        for event in self.facts.histories.get(case.id, []):
            if event.at > at:
                break
            if event.kind in _OPENS:
                is_open = _OPENS[event.kind]
        return is_open

    @cached_property
    def reports(self) -> Mapping[Name, list[ReportRow]]:
        """Rows of the inbox by source and key."""
        found: defaultdict[Name, list[ReportRow]] = defaultdict(list)
        for row in self.facts.reports:
            found[row.name].append(row)
        return found


Problems = Iterator[str]
Checks = Mapping[str, Callable[[Trial], Problems]]
"""Name of a check → what it finds wrong."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true of every run. *detail* tells the first problems."""

    name: str
    holds: bool
    detail: str


def judged(name: str, problems: Problems) -> Check:
    """The check with this name, from what was found wrong."""
    found = list(problems)
    told = "; ".join(found[:SHOWN])
    if len(found) > SHOWN:
        told += f"; and {len(found) - SHOWN} more"
    return Check(name, not found, told)
