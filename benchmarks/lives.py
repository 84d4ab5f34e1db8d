"""Lives of cases played by the real rules over a month, for benchmarks."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from dispatch import case as cases
from dispatch import decide as decisions
from dispatch import events as e
from dispatch.case import Case, Entry, Move, Order
from dispatch.report import Channel, Report
from dispatch.rulebook import Rulebook
from dispatch.workflow.clocks import Deadline, ended, is_stage
from dispatch.workflow.errors import MoveRefused
from dispatch.workflow.facts import StageOverdue
from dispatch.workflow.variant import STAGE_MINUTES, Terms, Variant

ZONE: Final = ZoneInfo("Asia/Shanghai")
BEGIN: Final = datetime(2026, 10, 1, tzinfo=ZONE)
UNTIL: Final = datetime(2026, 11, 1, tzinfo=ZONE)
VARIANT: Final = Variant.of({"off": [], "photo": [], "names": {}, "minutes": STAGE_MINUTES})


@dataclass
class Life:
    """A case as it goes on; every deadline that passes is told, as the clock would."""

    now: datetime
    rules: Rulebook
    entries: list[Entry]
    deadlines: dict[str, Deadline] = field(default_factory=dict[str, Deadline])

    def __post_init__(self) -> None:
        for entry in self.entries:
            self._follow(entry.event)

    @property
    def case(self) -> Case:
        return self.entries[-1].case

    def happen(self, event: e.Event) -> None:
        entry = cases.continued(self.case, event)
        self.entries.append(entry)
        self._follow(entry.event)

    def _follow(self, event: e.Event) -> None:
        for kind, ending in ended(event, self.deadlines.values()):
            self.deadlines[kind] = replace(self.deadlines[kind], ending=ending)
        due = event.due if isinstance(event, e.CaseReported) else {}
        for kind, due_at in {**due, **event.began}.items():
            self.deadlines[kind] = Deadline(kind, due_at)

    def wait(self, span: timedelta) -> None:
        until = self.now + span
        while True:
            due = [d for d in self.deadlines.values() if d.ending is None and d.due_at < until]
            if not due:
                break
            first = min(due, key=lambda one: one.due_at)
            self.now = max(self.now, first.due_at)
            told: dict[str, Any] = {"at": self.now, "actor": "clock", "due_at": first.due_at}
            stage = is_stage(first.kind)
            self.happen(
                StageOverdue(stage=first.kind, **told)
                if stage
                else e.CaseOverdue(milestone=first.kind, **told)
            )
        self.now = until

    def order(self, move: Move, by: str, **more: Any) -> None:
        terms = Terms(VARIANT, self.rules.calendar)
        order = Order(move, "because", by=self.case.department, **more)
        deadlines = list(self.deadlines.values())
        try:
            event = cases.obey(
                self.case, order, actor=by, now=self.now, terms=terms, deadlines=deadlines
            )
        except MoveRefused:
            return
        self.happen(event)


def played(rules: Rulebook, spot: tuple[float, float], rng: random.Random, number: int) -> Life:
    """One case from its report until somebody closes it, or the month is over."""
    opened_at = BEGIN + timedelta(days=31 * rng.random() ** 0.9)
    place = rules.grid.place(*spot)
    assert place is not None
    matters = rules.catalogue.reportable
    report = Report(
        id=number, channel=Channel.API, source="device:1",
        category=matters[int(len(matters) * rng.random() ** 3)].code,
        lon=spot[0], lat=spot[1], happened_at=opened_at, received_at=opened_at,
        body_sha256=bytes(32),
    )  # fmt: skip
    made = decisions.open_case(report, place, rules, case_id=number, now=opened_at)
    life = Life(opened_at, rules, list(made.entries))
    department = life.case.department or ""
    # Departments differ: some are slow, always the same ones.
    slow = 0.35 + 0.9 * (hash_of(department) % 100) / 100
    life.wait(timedelta(minutes=rng.expovariate(1 / 20)))
    if rng.random() < 0.03:
        life.order(Move.SEND_BACK, "handler")
        life.wait(timedelta(minutes=rng.expovariate(1 / 12)))
        life.order(Move.ASSIGN, "dispatcher", department=department)
    if rng.random() < 0.05 and life.case.due_at:
        until = life.case.due_at + timedelta(hours=30)
        life.order(Move.ASK_EXTENSION, "handler", until=until)
        life.order(Move.EXTEND, "dispatcher")
    if rng.random() < 0.02:
        life.order(Move.SUSPEND, "supervisor")
        life.wait(timedelta(hours=rng.expovariate(1 / 60)))
        life.order(Move.RESUME, "supervisor")
    while life.now < UNTIL + timedelta(days=2):
        due_at = life.case.due_at or life.now
        allowed = max(due_at - life.now, timedelta(hours=1))
        life.wait(allowed * rng.lognormvariate(-0.75, 0.75) * slow)
        life.order(Move.HANDLE, "handler")
        life.wait(timedelta(minutes=rng.expovariate(1 / 18)))
        if rng.random() < 0.06 * slow:
            life.order(Move.REWORK, f"inspector{number % 7}")
            continue
        life.order(Move.VERIFY, f"inspector{number % 7}")
        life.order(Move.CLOSE, "operator")
        break
    if life.case.overdue and rng.random() < 0.15:
        life.order(Move.APPEAL, "handler")
        life.order(Move.EXCUSE, "supervisor")
    return life


def hash_of(text: str) -> int:
    """The same on every run, unlike `hash`."""
    return sum(ord(letter) * (n + 3) for n, letter in enumerate(text)) * 7919
