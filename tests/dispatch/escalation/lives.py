"""Lives of a case without a database, and ladders to climb in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.calendar import WorkingCalendar
from dispatch.case import Case, Entry, Move, Order, continued, obey
from dispatch.correcting import Background, correct
from dispatch.deadlines import Limits
from dispatch.decide import Opened, decide
from dispatch.escalation.ladder import Ladders
from dispatch.escalation.runs import Run
from dispatch.escalation.timeline import runs
from dispatch.events import Event
from dispatch.rulebook import Rulebook
from dispatch.workflow.clocks import Counting, Deadline, ended
from dispatch.workflow.correction import Correction, course_of
from dispatch.workflow.facts import CaseSuspended, DeadlinesRecounted
from dispatch.workflow.recount import recount
from dispatch.workflow.variant import Terms
from tests.makers import NOON, PARTS, label, report, rulebook, spot

MINUTE = timedelta(minutes=1)
ZONE = ZoneInfo("Asia/Shanghai")
LIMITS = [
    {"row": row, "category": category, "condition": "usual", "name": label(category),
     "milestone": milestone, "amount": amount, "unit": unit, "default": True}
    for row, category, milestone, amount, unit in (
        (1, "*", "stop", 5, "urgent_hour"), (2, "*", "resolve", 2, "work_day"),
        (3, "09009", "stop", 2, "work_hour"), (4, "09009", "remove", 3, "work_day"),
    )
]  # fmt: skip
RULES = rulebook(limits=Limits.of(LIMITS))
TERMS = Terms(calendar=RULES.calendar)

ALWAYS = {**PARTS["calendar"], "weekend": [], "periods": [["00:00", "24:00"]]}
MORNINGS = {**PARTS["calendar"], "periods": [["08:00", "11:00"]]}


@cache
def own_times(*holidays: str) -> WorkingCalendar:
    """The calendar of a city in which two departments keep a working time of their own."""
    days = [{"date": day, "kind": "holiday"} for day in holidays]
    own = {"fire": {**ALWAYS, "days": days}, "street-office": {**MORNINGS, "days": days}}
    return WorkingCalendar.of({**PARTS["calendar"], "days": days, "departments": own})


OWN_TIMES = rulebook(limits=Limits.of(LIMITS), calendar=own_times())


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
    events: list[Event]
    rules: Rulebook = RULES
    deadlines: dict[str, Deadline] = field(default_factory=dict[str, Deadline])

    @classmethod
    def begun(cls, category: str = "06010", at: datetime = NOON, rules: Rulebook = RULES) -> Life:
        """An assigned case of sanitation, or of the department of another category."""
        one = report(category=category)
        decision = decide(one, rules.grid.place(*spot()), [], rules, case_id=1, now=at)
        assert isinstance(decision, Opened)
        life = cls(decision.case, [], [], rules)
        life.add(*decision.entries)
        life.deadlines = {kind: Deadline(kind, due) for kind, due in decision.due.items()}
        return life

    def order(self, order: Order, at: datetime, actor: str = "li") -> None:
        """Carry out an order; MoveRefused leaves everything as it is."""
        known, terms = list(self.deadlines.values()), Terms(calendar=self.rules.calendar)
        self.happen(obey(self.case, order, actor=actor, now=at, terms=terms, deadlines=known))

    def correct(self, category: str, at: datetime) -> None:
        """It was told wrongly; MoveRefused leaves everything as it is."""
        known = list(self.deadlines.values())
        background = Background(report(), course_of(self.events), self.rules, known)
        order = Order(Move.CORRECT, "no", correction=Correction(category))
        for event in correct(self.case, order, background, actor="ou", now=at):
            self.happen(event)

    def recount(self, calendar: WorkingCalendar, at: datetime) -> None:
        """Another calendar was loaded, and the deadlines are reckoned anew by it."""
        self.rules, known = replace(self.rules, calendar=calendar), list(self.deadlines.values())
        found = recount(
            self.case, self.events, known, calendar, version=2, actor="admin", now=at
        )  # fmt: skip
        if found.event is not None:
            self.happen(found.event)

    def happen(self, event: Event) -> None:
        """Something happens to the case."""
        for kind, ending in ended(event, list(self.deadlines.values())):
            self.deadlines[kind] = replace(self.deadlines[kind], ending=ending)
        left = event.left_s if isinstance(event, CaseSuspended | DeadlinesRecounted) else {}
        for kind, seconds in left.items():
            told = timedelta(seconds=seconds)
            self.deadlines[kind] = replace(self.deadlines[kind], left=told)
        self.deadlines |= {kind: Deadline(kind, due) for kind, due in event.began.items()}
        self.add(continued(self.case, event))

    def add(self, *entries: Entry) -> None:
        for entry in entries:
            self.case = entry.case
            self.events.append(entry.event)
            self.lines.append(Line.of(entry))

    @property
    def counting(self) -> Counting:
        return Counting(self.case, self.rules.calendar)

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
