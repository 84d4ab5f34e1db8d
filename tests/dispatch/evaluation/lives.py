"""Lives of cases, made by the real rules in memory: orders, the clock, and their deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from dispatch import case as cases
from dispatch import decide as decisions
from dispatch import events as e
from dispatch.case import MOVES, Case, Move, Order, State
from dispatch.correcting import Background, correct
from dispatch.deadlines import Limits
from dispatch.workflow.clocks import Deadline, ended, is_stage
from dispatch.workflow.correction import Correction, course_of
from dispatch.workflow.errors import MoveRefused
from dispatch.workflow.facts import StageOverdue
from dispatch.workflow.offers import offered
from dispatch.workflow.variant import STAGE_MINUTES, Terms, Variant
from tests.makers import DEPARTMENTS, NOON, label, report, rulebook

LIMITS = [
    {"row": row, "category": category, "condition": "usual", "name": label("Usual"),
     "milestone": milestone, "amount": amount, "unit": unit, "default": True}
    for row, category, milestone, amount, unit in (
        (1, "*", "stop", 5, "urgent_hour"), (2, "*", "resolve", 2, "work_day"),
        (3, "09009", "remove", 30, "work_hour"),
    )
]  # fmt: skip
VARIANT = Variant.of({"off": [], "photo": [], "names": {}, "minutes": STAGE_MINUTES})
RULES = rulebook(auto_file=False, limits=Limits.of(LIMITS), variant=VARIANT)
TERMS = Terms(VARIANT, RULES.calendar)
CODES = [one["code"] for one in DEPARTMENTS]
OTHER = 2
"""The id of the case that it is merged into."""
PEOPLE = ("ou", "ying", "li")
SPANS = [timedelta(minutes=m) for m in (0, 1, 20, 60, 300, 1500, 4400)]


@dataclass
class Life:
    """One case, its history and the newest rounds of its deadlines; *now* only goes on."""

    now: datetime = NOON
    history: list[e.Event] = field(default_factory=list[e.Event])
    deadlines: dict[str, Deadline] = field(default_factory=dict[str, Deadline])

    def __post_init__(self) -> None:
        place = RULES.grid.place(*_spot())
        assert place is not None
        made = decisions.open_case(report(), place, RULES, case_id=1, now=self.now)
        self.case: Case = made.case
        for entry in made.entries:
            self._keep(entry.event)

    def _keep(self, event: e.Event) -> None:
        for kind, ending in ended(event, self.deadlines.values()):
            self.deadlines[kind] = replace(self.deadlines[kind], ending=ending)
        due = event.due if isinstance(event, e.CaseReported) else {}
        for kind, due_at in {**due, **event.began}.items():
            self.deadlines[kind] = Deadline(kind, due_at)
        self.history.append(event)

    def happen(self, event: e.Event) -> None:
        """Something happens to the case."""
        entry = cases.continued(self.case, event)
        self.case = entry.case
        self._keep(entry.event)

    def pass_time(self, span: timedelta) -> None:
        """Time goes on, and the clock says of each deadline when it passes."""
        until = self.now + span
        while due := self._due(until):
            self.now = max(self.now, due.due_at)
            facts = {"at": self.now, "actor": "clock", "due_at": due.due_at}
            if is_stage(due.kind):
                self.happen(StageOverdue(stage=due.kind, **facts))
            else:
                self.happen(e.CaseOverdue(milestone=due.kind, **facts))
        self.now = until

    def _due(self, until: datetime) -> Deadline | None:
        running = [one for one in self.deadlines.values() if one.ending is None]
        past = [one for one in running if one.due_at < until]
        return min(past, key=lambda one: one.due_at, default=None)

    def order(self, move: Move, department: str = "water", by: str = "ou", hours: int = 1) -> None:
        """Somebody makes a move; raises MoveRefused."""
        until = max(self.now, self.case.due_at or self.now) + timedelta(hours=hours)
        order = Order(
            move, "because", department, until=until, by=self.case.department, case=OTHER,
            severity=4 if self.case.severity < 4 else 3,
            correction=Correction("09009" if self.case.category == "06010" else "06010"),
        )  # fmt: skip
        for event in self._obeyed(order, by):
            self.happen(event)

    def _obeyed(self, order: Order, by: str) -> Sequence[e.Event]:
        deadlines = list(self.deadlines.values())
        if order.move is Move.CORRECT:
            background = Background(report(), course_of(self.history), RULES, deadlines)
            return correct(self.case, order, background, actor=by, now=self.now)
        other = replace(self.case, id=OTHER, number="2", state=State.FILED, merged_into=None)
        event = cases.obey(
            self.case, order, actor=by, now=self.now, terms=TERMS, deadlines=deadlines, other=other
        )
        return [event]

    def offers(self, by: str) -> Sequence[Move]:
        """What could be ordered, ends of the case last."""
        found = offered(
            self.case, actor=by, by=self.case.department, variant=VARIANT,
            deadlines=list(self.deadlines.values()), now=self.now, allows=lambda move: True,
        )  # fmt: skip
        return sorted(found, key=lambda move: MOVES[move].target is State.VOID)


def _spot() -> tuple[float, float]:
    one = report()
    assert one.lon is not None
    assert one.lat is not None
    return one.lon, one.lat


STEPS = st.lists(
    st.tuples(
        st.sampled_from(SPANS), st.integers(0, 40), st.sampled_from(CODES), st.sampled_from(PEOPLE)
    ),
    max_size=25,
)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Lives of up to 25 moves with time between them."""
    life = Life()
    for span, choice, department, by in draw(STEPS):
        life.pass_time(span)
        if offers := life.offers(by):
            try:
                life.order(offers[choice % len(offers)], department, by)
            except MoveRefused:
                continue
    life.pass_time(timedelta(minutes=1))
    return life
