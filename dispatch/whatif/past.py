"""A past case as it is decided again: the report, what was decided then, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from dispatch import events as e
from dispatch.report import Report
from dispatch.workflow import facts as f
from dispatch.workflow.merging import CaseSeparated, MergedInto

DONE: Final = frozenset({e.CaseHandled.kind, f.CaseSelfHandled.kind})
"""Turns after which nothing more is waited for, unless the case is given back."""
DROPPED: Final = frozenset({e.CaseVoided.kind, f.CaseRejected.kind, MergedInto.kind})
TURNS: Final = frozenset(
    {
        *DONE,
        *DROPPED,
        e.CaseReworked.kind,
        f.CaseReopened.kind,
        f.CaseSuspended.kind,
        f.CaseResumed.kind,
        f.DeadlineExtended.kind,
        CaseSeparated.kind,
    }
)
"""The kinds of events that end, begin or move the milestones of a case by rule.

Others move them when people correct a case, hand it on or reckon its time anew: such an event tells
the milestones that begin with it.
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that touched the milestones of a case; *until* are those that it told."""

    kind: str
    at: datetime
    until: Mapping[str, datetime] = field(default_factory=dict[str, datetime])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rulebook says of a case when it is opened, and whether that was kept.

    *department* is the first that is sent, None where nobody was. *areas* are the codes of the
    areas that hold the cell, smallest first. *due* are the milestones as counted from the opening.
    *missed_at* is when the first milestone passed before the work was done, None when none did.
    *routing* and *limit* explain, as they are stored with a case. Where there is no decision
    *problem* says why, and nothing else is told.
    """

    department: str | None = None
    cell: str | None = None
    areas: tuple[str, ...] = ()
    severity: int | None = None
    due: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    missed_at: datetime | None = None
    routing: Mapping[str, object] = field(default_factory=dict[str, object])
    limit: Mapping[str, object] = field(default_factory=dict[str, object])
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """One case of the past. *turns* are in the order in which they happened.

    *handled_by* is the department that did the work in the end, None while it is not done.
    """

    case_id: int
    number: str
    report: Report
    opened_at: datetime
    verdict: Verdict
    turns: tuple[Turn, ...] = ()
    handled_by: str | None = None

    @property
    def ended_at(self) -> datetime | None:
        """When the work was done, or the case dropped; None while it is waited for."""
        last = self.turns[-1] if self.turns else None
        return last.at if last and last.kind in DONE | DROPPED else None


def reason(why: Mapping[str, object], step: str) -> Mapping[str, object]:
    """One of the explanations that a case is stored with; empty where there is none."""
    found = why.get(step)
    return cast("Mapping[str, object]", found) if isinstance(found, Mapping) else {}
