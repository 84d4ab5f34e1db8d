"""A case as a value, with the tasks of the departments that help its lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dispatch.events import GENESIS
from dispatch.workflow.state import Appeal, Check, PartState, State


@dataclass(frozen=True, slots=True)
class Part:
    """The task of a department that helps (协办), numbered within its case from 1."""

    number: int
    department: str
    state: PartState
    involved_at: datetime
    taken_by: str | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One incident in one cell. Position in degrees WGS84; *version* counts its events.

    *areas* are the codes of the areas that hold the cell, smallest first. *head* is the hash of the
    last event, *changed_at* its time. *department* is the one that answers for it (主办), None
    until it is assigned; *parts* are the tasks of those that help it. *component* is the id of the
    component it is about, None when nobody said. *due_at* is None without a limit and while the
    case is suspended. *round* counts the attempts at the work: rework and reopening begin another.
    *rerouted_at* is when a correction had it handed over by rule, *returned_by* the departments
    that have sent it back.
    *reports* counts all who told of it; *merged_reports* of them told of cases that were merged
    into this one. A case that was merged itself is void, goes on as *merged_into*, and keeps the
    state in which it would stand again as *state_before*.
    """

    id: int
    number: str
    state: State
    category: str
    severity: int
    cell: str
    grid_version: int
    areas: tuple[str, ...]
    lon: float
    lat: float
    reported_at: datetime
    opened_at: datetime
    changed_at: datetime
    why: Mapping[str, object]
    department: str | None = None
    due_at: datetime | None = None
    overdue: bool = False
    closed_at: datetime | None = None
    reports: int = 1
    handled_by: str | None = None
    address: str = ""
    description: str = ""
    component: str | None = None
    version: int = 0
    head: bytes = GENESIS
    round: int = 1
    accepted_by: str | None = None
    check: Check | None = None
    taken_by: str | None = None
    suspended_at: datetime | None = None
    extension_until: datetime | None = None
    extension_by: str | None = None
    supervised_at: datetime | None = None
    appeal: Appeal | None = None
    appeal_by: str | None = None
    parts: tuple[Part, ...] = ()
    rerouted_at: datetime | None = None
    returned_by: tuple[str, ...] = ()
    merged_into: int | None = None
    state_before: State | None = None
    merged_reports: int = 0

    @property
    def own_reports(self) -> int:
        """How many told of this very case, and not of one that was merged into it."""
        return self.reports - self.merged_reports

    @property
    def partners(self) -> tuple[str, ...]:
        """The departments whose help is waited for."""
        return tuple(part.department for part in self.parts if not part.state.ended)

    @property
    def helpers(self) -> tuple[str, ...]:
        """The departments that help or have helped; they see the case."""
        asked = (part for part in self.parts if part.state is not PartState.RELEASED)
        return tuple(dict.fromkeys(part.department for part in asked))

    @property
    def excused(self) -> bool:
        """Whether it is late and that was excused; it stays late."""
        return self.overdue and self.appeal is Appeal.EXCUSED

    def find_part(self, department: str | None) -> Part | None:
        """The task that this department has not ended yet."""
        waited_for = (part for part in self.parts if not part.state.ended)
        return next((part for part in waited_for if part.department == department), None)
