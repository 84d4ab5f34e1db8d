"""What the posts at the door, in dispatch and at the two checks come to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dispatch.case import Move
from dispatch.evaluation.counts import Period
from dispatch.evaluation.indicators import INDICATORS
from dispatch.evaluation.judging import judge
from dispatch.evaluation.meanings import Post
from dispatch.evaluation.tables import Counts, Table
from tests.dispatch.evaluation.lives import Life
from tests.makers import NOON

LONG = timedelta(days=400)
MINUTE = timedelta(minutes=1)


def table(life: Life, post: Post) -> Table:
    life.pass_time(timedelta(seconds=1))
    made = Table(post)
    made.add(judge(life.history, Period(NOON, NOON + LONG, life.now)).marks)
    return made


def value(counts: Counts, key: str) -> float | None:
    return INDICATORS[key].of(counts).value


def test_an_operator_is_measured_by_the_clock_of_the_door_and_by_what_comes_back():
    life = Life()
    life.pass_time(10 * MINUTE)
    life.order(Move.ACCEPT, by="ou")
    life.order(Move.FILE, by="ou")
    life.order(Move.RETURN, by="chen")
    life.pass_time(20 * MINUTE)
    life.order(Move.FILE, by="wan")

    found = table(life, Post.OPERATOR).rows

    assert (found["ou"]["accept_in_time"], found["ou"]["accept_s"]) == (1, 600)
    assert value(found["ou"], "accept_right_rate") == 0
    assert value(found["ou"], "file_in_time_rate") == 1
    assert (found["wan"]["accept_late"], found["wan"]["accepted_right"]) == (1, 1)
    assert value(found["wan"], "file_in_time_rate") == 0


def test_a_report_at_the_door_that_nobody_takes_up_is_overdue_and_nobodys():
    life = Life()
    life.pass_time(20 * MINUTE)

    found = table(life, Post.OPERATOR).rows

    assert found == {None: {"accept_late_open": 1}}


def test_a_filing_has_the_time_of_the_check_that_it_waits_for():
    life = Life()
    life.order(Move.ACCEPT)
    life.order(Move.ASK_CHECK)
    life.pass_time(29 * MINUTE)
    life.order(Move.CONFIRM, by="ying")
    life.order(Move.FILE, by="ou")

    assert table(life, Post.OPERATOR).rows["ou"]["filed_in_time"] == 1
    assert table(life, Post.INSPECTOR).rows["ying"] == {"check_in_time": 1}


def test_a_dispatcher_is_measured_by_the_clock_and_by_what_departments_send_back():
    life = Life()
    life.order(Move.FILE)
    life.order(Move.ASSIGN, "water", by="chen")
    life.order(Move.SEND_BACK, by="li")
    life.pass_time(16 * MINUTE)
    life.order(Move.ASSIGN, "sanitation", by="chen")
    life.order(Move.ASSIGN, "fire", by="wan")
    life.order(Move.HANDLE, by="huo")

    found = table(life, Post.DISPATCHER).rows

    assert value(found["chen"], "dispatch_in_time_rate") == 0.5
    assert value(found["chen"], "dispatch_right_rate") == 0
    assert value(found["wan"], "dispatch_right_rate") == 1


def test_assigning_the_same_department_again_makes_the_first_time_no_mistake():
    life = Life()
    life.order(Move.FILE)
    life.order(Move.ASSIGN, "water", by="chen")
    life.order(Move.ASSIGN, "water", by="wan")

    found = table(life, Post.DISPATCHER).rows

    assert [found[who]["dispatched_right"] for who in ("chen", "wan")] == [1, 1]


def test_what_an_inspector_set_right_on_the_spot_was_dispatched_by_nobody():
    life = Life()
    life.order(Move.FILE)
    life.order(Move.SELF_HANDLE, "water", by="ying")

    assert table(life, Post.DISPATCHER).rows == {}
    assert table(life, Post.DEPARTMENT).rows["water"]["in_time"] == 1


def test_an_inspector_is_measured_by_the_clock_of_verification():
    life = Life()
    life.order(Move.FILE)
    life.order(Move.ASSIGN, "water")
    life.order(Move.HANDLE, by="li")
    life.pass_time(31 * MINUTE)
    waiting = dict(table(life, Post.INSPECTOR).rows)
    life.order(Move.REWORK, by="ying")
    life.order(Move.HANDLE, by="li")
    life.order(Move.VERIFY, by="ying")

    found = table(life, Post.INSPECTOR).rows["ying"]

    assert waiting == {None: {"verify_late_open": 1}}
    assert value(found, "verify_in_time_rate") == 0.5


def test_a_stage_without_a_clock_is_neither_in_time_nor_late():
    life = Life()
    life.history[0] = replace(life.history[0], began={})
    life.deadlines.pop("stage.accept")
    life.order(Move.ACCEPT)
    life.order(Move.FILE)

    found = table(life, Post.OPERATOR).total

    assert value(found, "accept_in_time_rate") is None
    assert value(found, "file_in_time_rate") is None
    assert value(found, "file_right_rate") == 1
