"""The moves of a case and the chain of its history."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import events as e
from dispatch.case import MOVES, Case, Move, Order, State, evolve, moves_from, moves_of, obey
from dispatch.decide import Opened, decide
from dispatch.workflow.clocks import Deadline
from dispatch.workflow.errors import (
    IllegalMove,
    MissingDepartment,
    MissingReason,
    OwnWork,
    StaleCase,
)
from tests.makers import NOON, report, rulebook, spot
from tests.workflow import obeyed, ready

RULES = rulebook()


def a_case(state: State = State.ASSIGNED, **changes: object) -> Case:
    decision = decide(report(), RULES.grid.place(*spot()), [], RULES, case_id=1, now=NOON)
    assert isinstance(decision, Opened)
    return replace(decision.case, state=state, **changes)


RUNS = (Deadline("resolve", NOON + timedelta(days=1)),)
LATER = NOON + timedelta(days=2)


def ordered(case: Case, move: Move, actor: str = "wang") -> Case:
    order = Order(move, reason="because", department="water", until=LATER, by="fire")
    now = NOON + timedelta(hours=1)
    return evolve(case, obeyed(case, order, actor=actor, now=now, deadlines=RUNS))


def test_the_way_from_assigned_to_closed() -> None:
    case = a_case()
    for move, actor in ((Move.HANDLE, "li"), (Move.VERIFY, "wang"), (Move.CLOSE, "wang")):
        case = ordered(case, move, actor)

    assert case.state is State.CLOSED
    assert case.closed_at is not None


def test_what_was_sent_back_belongs_to_nobody_until_assigned_again() -> None:
    case = ordered(a_case(), Move.SEND_BACK)

    assert (case.state, case.department) == (State.FILED, None)
    assert ordered(case, Move.ASSIGN).department == "water"


def test_no_event_is_earlier_than_the_one_before_it_though_the_clock_was_set_back() -> None:
    case = ordered(a_case(), Move.HANDLE)
    order = Order(Move.REWORK, reason="because")

    after = evolve(case, obey(case, order, actor="wang", now=NOON - timedelta(days=5)))

    assert after.changed_at == case.changed_at == NOON + timedelta(hours=1)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("move", list(Move))
def test_a_move_is_possible_exactly_where_the_table_says(state: State, move: Move) -> None:
    case = ready(a_case(state), move)

    if state in MOVES[move].origins:
        assert ordered(case, move).state is (MOVES[move].target or case.state_before or state)
    else:
        with pytest.raises(IllegalMove, match=f"cannot {move} a case that is {state}"):
            ordered(case, move)


@pytest.mark.parametrize("move", [move for move, step in MOVES.items() if step.needs_reason])
def test_a_move_that_needs_a_reason_is_refused_without(move: Move) -> None:
    case = ready(a_case(next(iter(MOVES[move].origins))), move)

    with pytest.raises(MissingReason):
        obey(case, Order(move, reason="  "), actor="wang", now=NOON)


@pytest.mark.parametrize("move", list(Move))
def test_what_a_person_says_stands_in_the_history(move: Move) -> None:
    case = ready(a_case(next(iter(MOVES[move].origins))), move)
    order = Order(move, reason="已清理", department="water", until=LATER, by="fire")

    event = obeyed(case, order, actor="wang", now=NOON, deadlines=RUNS)

    assert "已清理" in e.canonical(case.id, 1, event)


def test_assigning_needs_a_department() -> None:
    with pytest.raises(MissingDepartment):
        obey(a_case(State.FILED), Order(Move.ASSIGN), actor="wang", now=NOON)


def test_nobody_verifies_own_work() -> None:
    case = ordered(a_case(), Move.HANDLE, "li")

    with pytest.raises(OwnWork):
        obey(case, Order(Move.VERIFY), actor="li", now=NOON)


def test_an_order_for_an_older_version_is_stale() -> None:
    case = a_case()

    with pytest.raises(StaleCase):
        obey(case, Order(Move.HANDLE, version=case.version - 1), actor="li", now=NOON)


def test_a_case_that_ended_can_only_be_appealed_reopened_or_taken_out_again() -> None:
    assert moves_from(State.VOID) == (Move.UNMERGE,)
    assert moves_of(a_case(State.VOID)) == ()
    assert moves_of(a_case(State.CLOSED)) == (Move.REOPEN,)
    assert moves_of(a_case(State.CLOSED, overdue=True)) == (Move.APPEAL, Move.REOPEN)


def test_the_canonical_text_has_no_floats_and_sorted_keys() -> None:
    decision = decide(report(), RULES.grid.place(*spot()), [], RULES, case_id=1, now=NOON)
    assert isinstance(decision, Opened)
    text = e.canonical(1, 1, decision.entries[0].event)

    fields = json.loads(text, parse_float=lambda number: pytest.fail(f"a float: {number}"))
    assert list(fields) == sorted(fields)
    assert fields["lon"] == f"{spot()[0]:.9f}"


@given(st.lists(st.sampled_from(list(Move)), max_size=12))
def test_every_event_is_chained_to_the_one_before(moves: list[Move]) -> None:
    case = a_case()
    for move in moves:
        if move in moves_of(case):
            grants = move in (Move.EXTEND, Move.EXCUSE)
            actor = "wang" if grants or case.handled_by == "li" else "li"
            helper = f"helper-{len(case.parts)}" if move is Move.INVOLVE else "water"
            helper = case.partners[0] if move is Move.RELEASE_PART else helper
            by = next(iter(case.partners), None) if move is Move.FINISH_PART else None
            order = Order(move, reason="because", department=helper, until=LATER, by=by)
            if move is Move.TRANSFER and case.department == "water":
                order = replace(order, department="fire")
            if move is Move.TAKE and case.taken_by is not None:
                untaken = (part for part in case.parts if part.taken_by is None)
                waited_for = (part.department for part in untaken if not part.state.ended)
                order = replace(order, by=next(waited_for))
            event = obeyed(case, order, actor=actor, now=NOON, deadlines=RUNS)
            after = evolve(case, event)
            assert after.version == case.version + 1
            canon = e.canonical(case.id, after.version, event)
            assert after.head == e.link(case.head, canon)
            case = after
