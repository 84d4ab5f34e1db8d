"""Who is on duty for a cell at a moment, and who comes next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.patrol.errors import NaiveMoment
from grid.patrol.roster import Roster, Watch
from tests.grid.patrol.makers import SHANGHAI, duty_grid, shift
from tests.grid.patrol.test_shift import MOMENTS, SHIFTS, ZONES, local

DAY = [shift("08:00", "12:00", row=2), shift("14:00", "18:00", row=3, person="li")]
NIGHT = shift("22:00", "06:00", row=4, person="zhao", duty_grid="N1")
GRIDS = [duty_grid("N1", ["a", "b"], kind="night"), duty_grid("D1", ["a"], kind="day")]
ROSTER = Roster(GRIDS, [*DAY, NIGHT], SHANGHAI)


def people(watch: Watch) -> tuple[list[str], list[str]]:
    return [t.person for t in watch.on_duty], [t.person for t in watch.following]


def test_every_kind_of_duty_grid_answers_for_itself():
    by_day, by_night = ROSTER.on_duty("a", local("2026-11-27T09:00"))

    assert (by_day.duty_grid.code, by_night.duty_grid.code) == ("D1", "N1")
    assert people(by_day) == (["wang"], ["li"])
    assert people(by_night) == ([], ["zhao"])
    assert by_night.following[0].stretch.since == local("2026-11-27T22:00")


def test_between_two_shifts_nobody_is_on_duty_and_the_next_one_is_named():
    [by_day, _] = ROSTER.on_duty("a", local("2026-11-27T13:00"))

    assert people(by_day) == ([], ["li"])


def test_people_of_one_duty_grid_at_the_same_time_are_all_named_in_the_order_of_the_pack():
    roster = Roster([duty_grid("D1", ["a"])], [shift(row=9, person="b"), shift(row=3)], SHANGHAI)

    assert people(roster.on_duty("a", local("2026-11-27T09:00"))[0]) == (
        ["wang", "b"], ["wang", "b"],
    )  # fmt: skip


def test_a_cell_in_no_duty_grid_is_watched_by_nothing():
    assert ROSTER.on_duty("z", local("2026-11-27T09:00")) == ()


def test_a_duty_grid_without_shifts_is_watched_by_nobody():
    [watch] = Roster([duty_grid("D1", ["a"])], [], SHANGHAI).on_duty("a", datetime.now(UTC))

    assert people(watch) == ([], [])


def test_a_moment_without_an_offset_is_refused():
    with pytest.raises(NaiveMoment, match="no offset from UTC"):
        ROSTER.on_duty("a", datetime(2026, 11, 27, 9))  # noqa: DTZ001


@given(st.lists(SHIFTS, max_size=6), MOMENTS, ZONES)
def test_the_answer_is_that_of_each_shift_alone(shifts, moment, zone):
    [watch] = Roster([duty_grid("D1", ["a"])], shifts, zone).on_duty("a", moment)

    present = [one for one in shifts if one.stretch_at(moment, zone)]
    begins = [one.next_stretch(moment, zone) for one in shifts]
    first = min((one.since for one in begins if one), default=None)
    assert sorted(t.shift.row for t in watch.on_duty) == sorted(one.row for one in present)
    assert {t.stretch.since for t in watch.following} == ({first} if first else set())
