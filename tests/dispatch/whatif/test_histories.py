"""Whatever people do with a case: under the same limit it is late when its own deadlines say so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import events as e
from dispatch.case import Case, Move, Order, evolve
from dispatch.deadlines import Limits
from dispatch.whatif.lateness import first_missed
from dispatch.whatif.past import TURNS, Turn
from dispatch.workflow.clocks import Counting, Deadline, Ending, ended, is_stage
from dispatch.workflow.errors import MoveRefused
from dispatch.workflow.facts import StageOverdue
from dispatch.workflow.orders import obey
from dispatch.workflow.variant import STAGE_MINUTES, Terms, Variant
from tests.dispatch.whatif.makers import opened
from tests.makers import NOON, label, report, rulebook

LIMITS = [
    {"row": row, "category": "*", "condition": "usual", "name": label("Usual"),
     "milestone": milestone, "amount": amount, "unit": unit, "default": True}
    for row, milestone, amount, unit in (
        (1, "stop", 5, "urgent_hour"), (2, "resolve", 2, "work_day")
    )
]  # fmt: skip
RULES = rulebook(
    limits=Limits.of(LIMITS),
    variant=Variant.of({"off": [], "photo": [], "names": {}, "minutes": STAGE_MINUTES}),
)
TERMS = Terms(RULES.variant, RULES.calendar)
GAPS = [timedelta(minutes=m) for m in (0, 1, 5, 20, 60, 300, 4400)]
# Those that touch the clocks, or lead to such a move, come more often.
MOVES = [
    *Move,
    *[Move.SUSPEND, Move.RESUME, Move.HANDLE, Move.REWORK, Move.VERIFY, Move.CLOSE] * 3,
    *[Move.ASK_EXTENSION, Move.EXTEND, Move.REOPEN] * 6,
]
PEOPLE = ["li", "wang", "chen"]


@dataclass
class Told:
    """A case with all rounds of its deadlines, kept as the book keeps them."""

    case: Case
    rounds: list[Deadline] = field(default_factory=list[Deadline])
    turns: list[Turn] = field(default_factory=list[Turn])

    @property
    def newest(self) -> list[Deadline]:
        return list({one.kind: one for one in self.rounds}.values())

    def happen(self, event: e.Event) -> None:
        for kind, ending in ended(event, self.newest):
            last = max(n for n, one in enumerate(self.rounds) if one.kind == kind)
            self.rounds[last] = replace(self.rounds[last], ending=ending)
        self.rounds += [Deadline(kind, due) for kind, due in event.began.items()]
        self.case = evolve(self.case, event)
        if event.kind in TURNS:
            until = event.began if event.kind == "extended" else {}
            self.turns.append(Turn(event.kind, self.case.changed_at, until))

    def pass_time(self, now: datetime) -> None:
        """What the clock writes."""
        for one in sorted(self.newest, key=lambda one: one.due_at):
            if one.ending is None and one.due_at <= now:
                stage = StageOverdue(at=now, actor="clock", stage=one.kind, due_at=one.due_at)
                late = e.CaseOverdue(at=now, actor="clock", milestone=one.kind, due_at=one.due_at)
                self.happen(stage if is_stage(one.kind) else late)

    def missed_at(self, as_of: datetime) -> datetime | None:
        """As the table of deadlines tells it."""
        milestones = [one for one in self.rounds if not is_stage(one.kind)]
        fired = [one.due_at for one in milestones if one.ending is Ending.FIRED]
        waiting = [one.due_at for one in milestones if one.ending is None and one.due_at <= as_of]
        return min(fired + waiting, default=None)


def lived(seed: int, steps: int = 20) -> tuple[Told, datetime]:
    """A case and what people did with it, always the same for a seed; and when that was over."""
    chance = Random(seed)
    first = opened(report(), RULES)
    told = Told(first.case, [Deadline(kind, due) for kind, due in first.due.items()])
    now = NOON
    for _ in range(steps):
        now += chance.choice(GAPS)
        move = chance.choice(MOVES)
        until = now + chance.choice(GAPS) + timedelta(hours=chance.randrange(1, 200))
        order = Order(move, "because", chance.choice(["water", "fire"]), until=until)
        told.pass_time(now)
        try:
            event = obey(
                told.case, order, actor=chance.choice(PEOPLE), now=now, terms=TERMS,
                deadlines=told.newest,
            )  # fmt: skip
        except MoveRefused:
            continue
        told.happen(event)
    return told, now + timedelta(days=chance.randrange(20))


def assert_the_same(seed: int) -> frozenset[str]:
    """The kinds of turns that the history took."""
    told, as_of = lived(seed)
    first = opened(report(), RULES)

    found = first_missed(first.due, told.turns, Counting(first.case, RULES.calendar), as_of=as_of)

    assert found == told.missed_at(as_of), told.turns
    return frozenset(turn.kind for turn in told.turns)


@settings(max_examples=300)
@given(st.integers(0, 2**32))
def test_lateness_is_that_of_the_deadlines_whatever_happened(seed: int) -> None:
    assert_the_same(seed)


@pytest.mark.long
def test_in_ten_thousand_histories_it_is_so_and_every_turn_is_taken() -> None:
    taken = frozenset[str]().union(*(assert_the_same(seed) for seed in range(10_000)))

    # For merging another case is needed.
    assert taken == TURNS - {"merged_into", "separated"}
