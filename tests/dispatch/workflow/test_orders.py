"""What an order is refused for, and what it does beside changing the state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.policy import POLICY, Role
from dispatch.case import MOVES, Case, Move, Order, State, evolve, moves_of, obey
from dispatch.events import CaseOverdue
from dispatch.workflow.clocks import Deadline, Stage
from dispatch.workflow.errors import (
    AlreadyInvolved,
    BadDeadline,
    IllegalMove,
    MissingDeadline,
    MissingDepartment,
    MissingPhoto,
    MoveRefused,
    NoPart,
    NothingRuns,
    NotNow,
    OwnRequest,
    OwnWork,
    SwitchedOff,
)
from dispatch.workflow.offers import offered
from dispatch.workflow.state import Appeal, Check
from dispatch.workflow.variant import Terms, Variant
from tests.dispatch.workflow.test_clocks import a_case
from tests.makers import NOON

SOON = NOON + timedelta(hours=1)
DUE = Deadline("resolve", NOON + timedelta(days=1))


def after(case: Case, move: Move, actor: str = "li", **told: Any) -> Case:
    """The case when the order was carried out, an hour after noon."""
    terms: Terms | None = told.pop("terms", None)
    order = Order(move, reason="because", **told)
    event = obey(case, order, actor=actor, now=SOON, terms=terms, deadlines=[DUE])
    return evolve(case, event)


def test_the_report_that_is_being_checked_or_is_not_true_cannot_be_filed() -> None:
    case = after(a_case_at(State.REPORTED), Move.ASK_CHECK)
    with pytest.raises(NotNow, match="neither being checked nor refuted"):
        after(case, Move.FILE)

    refuted = after(case, Move.REFUTE)
    assert refuted.check is Check.REFUTED
    with pytest.raises(NotNow):
        after(refuted, Move.FILE)

    again = after(after(refuted, Move.ASK_CHECK), Move.CONFIRM)
    assert after(again, Move.FILE).state is State.FILED


def test_what_is_returned_to_the_door_must_be_accepted_anew() -> None:
    case = after(after(a_case_at(State.REPORTED), Move.ACCEPT), Move.FILE)

    returned = after(case, Move.RETURN)

    assert (returned.state, returned.accepted_by) == (State.REPORTED, None)
    assert Move.ACCEPT in moves_of(returned)


def test_a_suspended_case_can_be_resumed_and_neither_handled_nor_handed_on() -> None:
    case = after(a_case(), Move.SUSPEND)

    ways_out = {Move.HANDLE, Move.SEND_BACK, Move.ASSIGN, Move.TRANSFER, Move.SELF_HANDLE}
    assert not ways_out & {*moves_of(case)}
    assert Move.RESUME in moves_of(case)
    assert case.due_at is None
    with pytest.raises(NotNow, match="must be not suspended"):
        after(case, Move.HANDLE)


def test_the_case_is_handled_when_the_lead_and_every_helper_are_done() -> None:
    case = after(after(a_case(), Move.INVOLVE, department="fire"), Move.INVOLVE, department="water")
    with pytest.raises(NotNow, match="not waiting for departments that help"):
        after(case, Move.HANDLE)

    case = after(case, Move.FINISH_PART, by="fire")
    with pytest.raises(NotNow):
        after(case, Move.HANDLE)
    case = after(case, Move.RELEASE_PART, department="water")

    assert after(case, Move.HANDLE).state is State.HANDLED
    assert case.helpers == ("fire",)


def test_each_department_takes_its_own_task() -> None:
    case = after(a_case(), Move.INVOLVE, department="fire")

    case = after(case, Move.TAKE, "feng", by="fire")
    assert (case.taken_by, case.parts[0].taken_by) == (None, "feng")
    with pytest.raises(NotNow):
        after(case, Move.TAKE, "feng", by="fire")
    case = after(case, Move.TAKE, "li", by="sanitation")
    assert case.taken_by == "li"
    assert Move.TAKE not in moves_of(case)


def test_a_department_that_has_the_case_cannot_be_involved_nor_be_handed_it() -> None:
    case = after(a_case(), Move.INVOLVE, department="fire")

    for move, department in (
        (Move.INVOLVE, "sanitation"), (Move.INVOLVE, "fire"), (Move.TRANSFER, "sanitation"),
        (Move.TRANSFER, "fire"), (Move.ASSIGN, "fire"),
    ):  # fmt: skip
        with pytest.raises(AlreadyInvolved):
            after(case, move, department=department)
    with pytest.raises(NoPart):
        after(case, Move.FINISH_PART, by="water")


def test_a_helper_does_not_verify_the_work_either() -> None:
    case = after(
        after(a_case(), Move.INVOLVE, department="fire"), Move.FINISH_PART, "feng", by="fire"
    )
    case = after(case, Move.HANDLE, "li")

    for worker in ("li", "feng"):
        with pytest.raises(OwnWork):
            after(case, Move.VERIFY, worker)
    assert after(case, Move.VERIFY, "wang").state is State.VERIFIED


def test_who_asked_for_more_time_does_not_grant_it() -> None:
    case = after(a_case(), Move.ASK_EXTENSION, "li", until=NOON + timedelta(days=3))

    with pytest.raises(OwnRequest):
        after(case, Move.EXTEND, "li")
    granted = after(case, Move.EXTEND, "chen")

    assert granted.due_at == NOON + timedelta(days=3)
    assert granted.extension_until is None


@pytest.mark.parametrize("days", [-1, 0.5, 1, 400, 10_000])
def test_a_new_deadline_is_later_than_the_old_one_and_within_a_year(days: float) -> None:
    with pytest.raises(BadDeadline):
        after(a_case(), Move.ASK_EXTENSION, until=NOON + timedelta(days=days))


def test_who_is_late_cannot_ask_for_more_time() -> None:
    order = Order(Move.ASK_EXTENSION, reason="rain", until=NOON + timedelta(days=9))

    with pytest.raises(NothingRuns):
        obey(a_case(), order, actor="li", now=NOON + timedelta(days=2), deadlines=[DUE])


def test_more_time_must_say_until_when() -> None:
    with pytest.raises(MissingDeadline):
        after(a_case(), Move.ASK_EXTENSION)


@pytest.mark.parametrize("move", [Move.SEND_BACK, Move.TRANSFER, Move.ASSIGN])
def test_handing_on_resets_no_clock(move: Move) -> None:
    order = Order(move, reason="not ours", department="water")

    event = obey(a_case(), order, actor="li", now=SOON, deadlines=[DUE])

    assert event.began == {}
    assert evolve(a_case(), event).due_at == a_case().due_at


def test_a_lateness_that_was_excused_stays_one_and_the_next_is_another() -> None:
    late = CaseOverdue(at=SOON, actor="clock", milestone="stop", due_at=NOON)
    case = evolve(a_case(), late)

    excused = after(after(case, Move.APPEAL, "li"), Move.EXCUSE, "sun")
    assert (excused.overdue, excused.excused) == (True, True)
    with pytest.raises(NotNow):
        after(excused, Move.APPEAL)

    again = evolve(excused, replace(late, milestone="resolve"))
    assert (again.overdue, again.excused) == (True, False)
    assert after(after(again, Move.APPEAL), Move.REFUSE_APPEAL, "sun").appeal is Appeal.REFUSED


def test_who_appealed_does_not_excuse() -> None:
    case = replace(a_case(), overdue=True)

    with pytest.raises(OwnRequest):
        after(after(case, Move.APPEAL, "li"), Move.EXCUSE, "li")


def test_an_inspector_sets_right_on_the_spot_what_another_must_verify() -> None:
    assigned = after(a_case(), Move.SELF_HANDLE, "ying")
    assert (assigned.state, assigned.department) == (State.HANDLED, "sanitation")
    with pytest.raises(OwnWork):
        after(assigned, Move.VERIFY, "ying")

    with pytest.raises(MissingDepartment):
        after(a_case_at(State.FILED), Move.SELF_HANDLE, "ying")
    filed = after(a_case_at(State.FILED), Move.SELF_HANDLE, "ying", department="water")
    assert filed.department == "water"


def test_rework_and_reopening_begin_another_round() -> None:
    case = after(after(a_case(), Move.HANDLE), Move.REWORK, "wang")
    assert (case.round, case.state) == (2, State.ASSIGNED)

    case = after(after(after(case, Move.HANDLE), Move.VERIFY, "wang"), Move.CLOSE)
    reopened = after(case, Move.REOPEN, "sun")

    assert (reopened.round, reopened.state, reopened.closed_at) == (3, State.ASSIGNED, None)


def test_a_city_does_without_a_move_and_asks_for_photos() -> None:
    variant = Variant(off=frozenset({Move.TRANSFER}), photographed=frozenset({Move.HANDLE}))

    with pytest.raises(SwitchedOff):
        after(a_case(), Move.TRANSFER, department="water", terms=Terms(variant))
    with pytest.raises(MissingPhoto):
        after(a_case(), Move.HANDLE, terms=Terms(variant))
    event = obey(
        a_case(), Order(Move.HANDLE, photos=("p",)), actor="li", now=SOON, terms=Terms(variant)
    )
    assert event.photos == ("p",)


def test_supervision_has_a_clock_when_a_time_is_given() -> None:
    order = Order(Move.SUPERVISE, reason="at once", until=SOON + timedelta(hours=2))

    event = obey(a_case(), order, actor="sun", now=SOON)

    assert event.began == {Stage.SUPERVISION: SOON + timedelta(hours=2)}
    with pytest.raises(BadDeadline):
        after(a_case(), Move.SUPERVISE, until=NOON)


def test_only_what_can_be_made_is_offered() -> None:
    def offers(case: Case, actor: str, by: str | None, *deadlines: Deadline) -> set[Move]:
        return set(
            offered(
                case, actor=actor, by=by, variant=Variant(off=frozenset({Move.TRANSFER})),
                deadlines=deadlines, now=SOON, allows=lambda move: move is not Move.ASSIGN,
            )
        )  # fmt: skip

    case = after(a_case(), Move.INVOLVE, department="fire")

    assert Move.FINISH_PART in offers(case, "feng", "fire")
    assert Move.FINISH_PART not in offers(case, "li", "sanitation")
    assert not {Move.TRANSFER, Move.ASSIGN} & offers(case, "li", "sanitation", DUE)
    assert Move.ASK_EXTENSION in offers(case, "li", "sanitation", DUE)
    assert Move.ASK_EXTENSION not in offers(case, "li", "sanitation")
    assert Move.VERIFY not in offers(after(a_case(), Move.HANDLE, "li"), "li", None)


@pytest.mark.parametrize("state", [State.REPORTED, State.FILED, State.ASSIGNED])
def test_no_department_can_bring_a_case_to_its_end(state: State) -> None:
    """Whatever departments order, one after the other, the case is neither verified nor void."""
    theirs = [m for m in Move if POLICY[f"case.move.{m}"].keys() <= {Role.HANDLER}]
    seen, waiting = set[State](), [replace(a_case(), state=state, overdue=True)]
    while waiting:
        case = waiting.pop()
        seen.add(case.state)
        for move in theirs:
            try:
                told = {"department": "water" if case.department != "water" else "fire"}
                next_case = after(case, move, by=case.department, **told)
            except MoveRefused:
                continue
            if next_case.state not in seen:
                waiting.append(next_case)
    assert seen <= {State.REPORTED, State.FILED, State.ASSIGNED, State.HANDLED}


def a_case_at(state: State) -> Case:
    """A case nobody has been given yet."""
    return replace(a_case(), state=state, department=None)


def test_every_move_is_refused_from_a_state_that_is_not_its_own() -> None:
    for move, step in MOVES.items():
        for state in {*State} - step.origins:
            with pytest.raises(IllegalMove):
                after(replace(a_case(), state=state), move, department="water", until=SOON)
