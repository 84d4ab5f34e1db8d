"""What a city makes of the workflow: its names, its clocks, and what it does without."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatch.case import MOVES, Move, Order, State, obey
from dispatch.decide import Opened, decide
from dispatch.events import CaseReported
from dispatch.workflow.clocks import Stage
from dispatch.workflow.variant import OPTIONAL, STAGE_MINUTES, Terms, Variant
from tests.dispatch.workflow.test_clocks import a_case
from tests.makers import NOON, report, rulebook, spot

TOLD = {
    "off": ["transfer"],
    "photo": ["handle"],
    "minutes": {**STAGE_MINUTES, "check": 0},
    "names": {"suspend": {"zh": "缓办", "en": "Put off"}},
}


def test_a_city_from_before_there_were_variants_has_no_stage_clock_and_every_move() -> None:
    assert Variant.of(None) == Variant()


def test_what_the_pack_says_is_what_holds() -> None:
    variant = Variant.of(TOLD)

    assert (variant.off, variant.photographed) == ({Move.TRANSFER}, {Move.HANDLE})
    assert variant.names[Move.SUSPEND].zh == "缓办"
    assert variant.stages[Stage.VERIFY] == timedelta(minutes=30)
    assert Stage.CHECK not in variant.stages


def test_what_can_be_switched_off_leaves_a_way_from_the_report_to_the_end() -> None:
    kept = {move: step for move, step in MOVES.items() if move not in OPTIONAL}
    reached, before = {State.REPORTED}, set[State]()
    while reached != before:
        before = set(reached)
        reached |= {s.target for s in kept.values() if s.target and s.origins & reached}

    assert reached == {*State}


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (Move.SUSPEND, {Move.RESUME}),
        (Move.ASK_CHECK, {Move.CONFIRM, Move.REFUTE}),
        (Move.INVOLVE, {Move.FINISH_PART, Move.RELEASE_PART}),
        (Move.ASK_EXTENSION, {Move.EXTEND, Move.REFUSE_EXTENSION}),
        (Move.APPEAL, {Move.EXCUSE, Move.REFUSE_APPEAL}),
    ],
)
def test_what_ends_something_cannot_be_switched_off(begins: Move, ends: set[Move]) -> None:
    assert begins in OPTIONAL
    assert not ends & {*OPTIONAL}


def test_a_stage_clock_begins_with_the_event_that_begins_the_stage() -> None:
    terms = Terms(Variant.of(TOLD))

    event = obey(a_case(), Order(Move.HANDLE, photos=("p",)), actor="li", now=NOON, terms=terms)
    sent_back = obey(a_case(), Order(Move.SEND_BACK, "no"), actor="li", now=NOON, terms=terms)

    assert event.began == {Stage.VERIFY: NOON + timedelta(minutes=30)}
    assert sent_back.began == {Stage.DISPATCH: NOON + timedelta(minutes=15)}


@pytest.mark.parametrize(("auto_file", "clocks"), [(True, set()), (False, {Stage.ACCEPT})])
def test_the_door_has_a_clock_where_people_file(auto_file: bool, clocks: set[str]) -> None:
    rules = rulebook(auto_file=auto_file, variant=Variant.of(TOLD))

    decision = decide(report(), rules.grid.place(*spot()), [], rules, case_id=1, now=NOON)

    assert isinstance(decision, Opened)
    first = decision.entries[0].event
    assert isinstance(first, CaseReported)
    assert {*first.began} == clocks
    assert "began" in decision.entries[0].canon or not clocks
