"""Lives of a case without a database, and ladders to climb in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.case import Case, Entry, Order, continued, obey
from dispatch.deadlines import Limits
from dispatch.decide import Opened, decide
from dispatch.escalation.ladder import Ladders
from dispatch.escalation.timeline import Run, runs
from dispatch.workflow.clocks import Counting, Deadline, ended
from dispatch.workflow.variant import Terms
from tests.makers import NOON, label, report, rulebook, spot

MINUTE = timedelta(minutes=1)
ZONE = ZoneInfo("Asia/Shanghai")
LIMITS = [
    {"row": row, "category": "*", "condition": "usual", "name": label("Usual"),
     "milestone": milestone, "amount": amount, "unit": unit, "default": True}
    for row, milestone, amount, unit in (
        (1, "stop", 5, "urgent_hour"), (2, "resolve", 2, "work_day")
    )
]  # fmt: skip
RULES = rulebook(limits=Limits.of(LIMITS))
TERMS = Terms(calendar=RULES.calendar)


@dataclass(frozen=True)
class Line:
    """A line of a history as it is stored."""

    seq: int
    kind: str
    at: datetime
    fields: Mapping[str, Any]

    @classmethod
    def of(cls, entry: Entry) -> Line:
        told = json.loads(entry.canon)
        at = datetime.fromisoformat(told["at"]).astimezone(UTC)
        return cls(entry.case.version, entry.event.kind, at, told)


@dataclass
class Life:
    """A case, its history and its deadlines, as they are after each order."""

    case: Case
    lines: list[Line]
    deadlines: dict[str, Deadline] = field(default_factory=dict[str, Deadline])

    @classmethod
    def begun(cls, category: str = "06010", at: datetime = NOON) -> Life:
        """An assigned case of sanitation, or of the department of another category."""
        one = report(category=category)
        decision = decide(one, RULES.grid.place(*spot()), [], RULES, case_id=1, now=at)
        assert isinstance(decision, Opened)
        life = cls(decision.case, [Line.of(entry) for entry in decision.entries])
        life.deadlines = {kind: Deadline(kind, due) for kind, due in decision.due.items()}
        return life

    def order(self, order: Order, at: datetime, actor: str = "li") -> None:
        """Carry out an order; MoveRefused leaves everything as it is."""
        known = list(self.deadlines.values())
        event = obey(self.case, order, actor=actor, now=at, terms=TERMS, deadlines=known)
        for kind, ending in ended(event, known):
            self.deadlines[kind] = replace(self.deadlines[kind], ending=ending)
        self.deadlines |= {kind: Deadline(kind, due) for kind, due in event.began.items()}
        self.add(continued(self.case, event))

    def add(self, *entries: Entry) -> None:
        for entry in entries:
            self.case = entry.case
            self.lines.append(Line.of(entry))

    @property
    def counting(self) -> Counting:
        return Counting(self.case, RULES.calendar)

    @property
    def runs(self) -> dict[str, Run]:
        return {run.kind: run for run in runs(self.lines, self.counting)}


def a_step(at: str, **changes: Any) -> dict[str, Any]:
    """A step of the part ``escalation``."""
    usual = {"tell": ["dispatcher"], "by": ["log"], "supervision": None, "take_over": None,
             "repeat_minutes": None, "most": 1}  # fmt: skip
    return {"at": at, **usual, **changes}


def a_ladder(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A ladder for everything."""
    usual = {"row": 1, "name": "usual", "category": "*", "severity": [], "area": ""}
    return {**usual, "steps": list(steps), **changes}


def a_part(*ladders: dict[str, Any], quiet: dict[str, Any] | None = None) -> dict[str, Any]:
    """The part ``escalation`` of a city pack."""
    return {"quiet": quiet, "ladders": list(ladders)}


def ladders(*steps: dict[str, Any], quiet: dict[str, Any] | None = None) -> Ladders:
    """One ladder for everything, ready to climb."""
    return Ladders.of(a_part(a_ladder(*steps), quiet=quiet), ZONE)
