"""What departments had to do and what came of it, told by single lives."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from dispatch.case import Move
from dispatch.evaluation.counts import Count, Period
from dispatch.evaluation.judging import judge
from dispatch.workflow.facts import CaseCorrected
from tests.dispatch.evaluation.lives import Life
from tests.makers import CELLS, NOON

LONG = timedelta(days=400)
HOUR = timedelta(hours=1)


def counted(life: Life, department: str | None = None) -> Counter[str]:
    """All counts of a life; of one department only, when one is named."""
    period = Period(NOON - LONG, NOON + LONG, life.now)
    return Counter(
        str(mark.what)
        for mark in judge(life.history, period).marks
        if department is None or mark.department == department
    )


def assigned(department: str = "water") -> Life:
    life = Life()
    life.order(Move.ACCEPT)
    life.order(Move.FILE)
    life.order(Move.ASSIGN, department)
    return life


def finished(life: Life) -> Life:
    """The work is done, somebody else has seen it, and it is closed."""
    life.order(Move.HANDLE, by="li")
    life.order(Move.VERIFY, by="ying")
    life.order(Move.CLOSE)
    life.pass_time(timedelta(seconds=1))
    return life


def test_what_is_done_within_the_limit_is_in_time_and_closed_in_time():
    life = assigned()
    life.pass_time(HOUR)

    found = counted(finished(life), "water")

    assert found == Counter(["need", "in_time", "dispose_s", "handled", "closed_in_time"])


def test_what_is_done_after_the_limit_is_late():
    life = assigned()
    life.pass_time(6 * HOUR)

    found = counted(finished(life), "water")

    assert found == Counter(["need", "late", "dispose_s", "handled", "closed_late"])


def test_what_is_not_done_is_to_be_disposed_of_only_when_its_limit_has_passed():
    life = assigned()
    life.pass_time(4 * HOUR)
    before = counted(life, "water")
    life.pass_time(2 * HOUR)

    assert before == Counter(["inside"])
    assert counted(life, "water") == Counter(["need", "late_open"])


def test_done_in_the_very_moment_it_is_due_is_late_as_the_clock_has_it():
    life = assigned()
    due_at = life.case.due_at
    assert due_at
    life.pass_time(due_at - life.now)

    assert counted(finished(life), "water")["late"] == 1
    assert life.case.overdue


def test_the_department_that_had_it_when_it_fell_due_is_late_whoever_does_the_work():
    life = assigned("sanitation")
    life.pass_time(6 * HOUR)
    life.order(Move.TRANSFER, "water")
    finished(life)

    assert counted(life, "sanitation") == Counter(["need", "late", "dispose_s"])
    assert counted(life, "water") == Counter(["handled", "closed_late"])


def test_what_falls_due_while_nobody_has_it_is_late_for_no_department():
    life = assigned("sanitation")
    life.order(Move.SEND_BACK)
    life.pass_time(6 * HOUR)
    life.order(Move.ASSIGN, "water")

    assert not counted(life, "water") + counted(life, "sanitation")
    assert counted(life)["late_open"] == 1


def test_reworked_is_not_done_and_its_time_has_gone_on():
    life = assigned()
    life.order(Move.HANDLE, by="li")
    life.order(Move.REWORK, by="ying")
    life.pass_time(6 * HOUR)

    assert counted(life, "water") == Counter(["need", "late_open", "handled", "reworked"])


def test_each_time_it_is_said_to_be_done_has_one_outcome():
    life = assigned()
    life.order(Move.HANDLE, by="li")
    life.order(Move.REWORK, by="ying")

    found = counted(finished(life), "water")

    assert (found["handled"], found["reworked"], found["closed_in_time"]) == (2, 1, 1)
    assert (found["need"], found["in_time"]) == (1, 1)


def test_reopening_asks_for_another_disposal_with_its_whole_limit():
    life = finished(assigned())
    life.pass_time(100 * HOUR)
    life.order(Move.REOPEN)
    life.pass_time(HOUR)

    found = counted(life, "water")

    assert (found["need"], found["in_time"], found["inside"], found["reopened"]) == (1, 1, 1, 1)


def test_while_it_is_suspended_it_is_neither_inside_nor_late():
    life = assigned()
    life.pass_time(HOUR)
    life.order(Move.SUSPEND)
    life.pass_time(100 * HOUR)
    standing = counted(life, "water")
    life.order(Move.RESUME)
    life.pass_time(HOUR)

    assert standing == Counter(["standing"])
    assert counted(finished(life), "water")["in_time"] == 1
    assert counted(life, "water")["suspended"] == 1


def test_the_time_it_stood_is_no_time_of_the_work():
    life = assigned()
    life.order(Move.SUSPEND)
    life.pass_time(100 * HOUR)
    life.order(Move.RESUME)
    life.pass_time(HOUR)
    finished(life)

    marks = judge(life.history, Period(NOON, NOON + LONG, life.now)).marks
    [spent] = [mark.n for mark in marks if mark.what is Count.DISPOSE_S]

    assert spent == HOUR.total_seconds()


def test_the_time_it_stood_before_anybody_had_it_is_no_time_of_the_work_either():
    life = Life()
    life.order(Move.FILE)
    life.order(Move.SUSPEND)
    life.pass_time(100 * HOUR)
    life.order(Move.RESUME)
    life.order(Move.ASSIGN)
    life.pass_time(HOUR)
    finished(life)

    marks = judge(life.history, Period(NOON, NOON + LONG, life.now)).marks

    assert [m.n for m in marks if m.what is Count.DISPOSE_S] == [HOUR.total_seconds()]


def test_more_time_makes_it_in_time_and_is_counted():
    life = assigned()
    life.pass_time(HOUR)
    life.order(Move.ASK_EXTENSION, by="li", hours=10)
    life.order(Move.EXTEND, hours=10)
    life.pass_time(10 * HOUR)

    found = counted(finished(life), "water")

    assert (found["in_time"], found["extended"], found["late"]) == (1, 1, 0)


def test_a_lateness_that_is_excused_stays_one_and_is_counted_beside_it():
    life = assigned()
    life.pass_time(6 * HOUR)
    life.order(Move.APPEAL, by="li")
    appealed = counted(life)
    life.order(Move.EXCUSE, by="ying")
    life.pass_time(timedelta(seconds=1))
    overdue = counted(life, "water")

    assert appealed["late_open_excused"] == 0
    assert overdue == Counter(["need", "late_open", "late_open_excused"])
    assert counted(finished(life), "water") == Counter(
        ["need", "late", "late_excused", "dispose_s", "handled", "closed_late"]
    )


def test_another_milestone_that_passes_is_not_excused_by_what_was_said_before():
    life = assigned()
    life.pass_time(6 * HOUR)
    life.order(Move.APPEAL, by="li")
    life.order(Move.EXCUSE, by="ying")
    life.pass_time(timedelta(days=9))

    assert counted(life)["late_open_excused"] == 0


def test_an_appeal_after_reopening_is_about_the_lateness_there_was():
    life = assigned()
    life.pass_time(6 * HOUR)
    finished(life)
    life.order(Move.REOPEN)
    life.order(Move.APPEAL, by="li")
    life.order(Move.EXCUSE, by="ying")

    found = counted(finished(life), "water")

    assert (found["late"], found["late_excused"], found["in_time"]) == (1, 1, 1)


def corrected(life: Life, hours: int) -> CaseCorrected:
    """The case is another matter in another cell, and its limit another one."""
    return CaseCorrected(
        at=life.now, actor="ou", category="01001", severity=1, cell=CELLS[0], grid_version=1,
        areas=life.case.areas, lon=life.case.lon, lat=life.case.lat, reason="a cover",
        began={"resolve": life.now + hours * HOUR},
    )  # fmt: skip


def test_a_correction_gives_the_case_another_limit_and_another_place():
    life = assigned()
    life.happen(corrected(life, 10))
    life.pass_time(9 * HOUR)
    finished(life)

    told = judge(life.history, Period(NOON, NOON + LONG, life.now)).told

    assert counted(life, "water")["in_time"] == 1
    assert (told.category, told.cell) == ("01001", CELLS[0])


def test_a_lateness_that_was_told_stays_one_whatever_limit_a_correction_gives():
    life = assigned()
    life.pass_time(6 * HOUR)
    life.happen(corrected(life, 10))

    found = counted(finished(life), "water")

    assert life.case.overdue
    assert (found["late"], found["in_time"]) == (1, 0)


@pytest.mark.parametrize("move", [Move.VOID, Move.REJECT])
def test_what_never_was_a_case_asked_nobody_for_work(move: Move):
    life = Life()
    life.pass_time(6 * HOUR)
    life.order(move)

    found = counted(life)

    assert (found["reported"], found["voided"], found["unclosed"]) == (1, 1, 0)
    assert not found & Counter(["need", "late_open", "inside"])


def test_a_moment_in_the_past_gives_what_was_known_then():
    life = assigned()
    life.pass_time(6 * HOUR)
    then = life.now
    finished(life)
    told = [event for event in life.history if event.at < then]

    found = Counter(str(m.what) for m in judge(told, Period(NOON, then, then)).marks)

    assert (found["late_open"], found["late"], found["unclosed"]) == (1, 0, 1)


def test_a_case_that_goes_on_as_another_is_no_open_work_of_anybody():
    life = assigned()
    life.order(Move.MERGE)
    life.pass_time(timedelta(days=9))

    found = counted(life)

    assert not {"need", "late_open", "inside", "unclosed", "voided"} & found.keys()
    assert (found["reported"], found["filed"], found["dispatched"]) == (1, 1, 1)


def test_taken_out_again_its_work_and_its_clocks_are_as_if_it_had_never_been_merged():
    life = Life()
    life.pass_time(HOUR)  # too late for the door
    life.order(Move.MERGE)
    life.order(Move.UNMERGE)
    life.order(Move.FILE)
    life.order(Move.ASSIGN)
    life.pass_time(timedelta(days=9))

    found = counted(life)

    assert (found["accept_late"], found["late_open"], found["unclosed"]) == (1, 1, 1)


def test_late_by_a_milestone_that_its_limit_has_no_more_it_may_stand():
    life = assigned()
    life.pass_time(6 * HOUR)  # one passed
    life.order(Move.CORRECT)
    life.order(Move.SUSPEND)
    life.pass_time(HOUR)

    assert counted(life)["late_open"] == 1
