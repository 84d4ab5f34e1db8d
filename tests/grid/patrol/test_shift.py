"""A shift is walked when the clocks of the city say so, over midnight and when they change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.patrol.shift import DAY, WEEK, Shift
from tests.grid.patrol.makers import NEW_YORK, SHANGHAI, shift

ZONES = st.sampled_from([SHANGHAI, NEW_YORK, ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")])
# Two years hold every change of the clocks; seconds, so that ends are met now and then.
MOMENTS = st.integers(0, 2 * 366 * 86_400).map(
    lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)
MINUTES = st.integers(0, DAY - 1)
SHIFTS = st.builds(
    Shift,
    row=st.integers(2, 99),
    duty_grid=st.just("D1"),
    person=st.just("wang"),
    weekdays=st.frozensets(st.integers(1, 7), min_size=1),
    begin=MINUTES,
    end=st.integers(0, DAY),
)


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def is_walked(one: Shift, moment: datetime, zone: ZoneInfo = SHANGHAI) -> bool:
    return one.stretch_at(moment, zone) is not None


def test_a_shift_holds_its_first_instant_and_not_its_last():
    day = shift("08:00", "12:00")

    assert not is_walked(day, local("2026-11-27T07:59:59"))
    assert is_walked(day, local("2026-11-27T08:00"))
    assert is_walked(day, local("2026-11-27T11:59:59"))
    assert not is_walked(day, local("2026-11-27T12:00"))


def test_the_night_of_friday_lasts_into_saturday_and_no_other_night_does():
    friday = shift("22:00", "06:00", weekdays=frozenset({5}))

    assert is_walked(friday, local("2026-11-28T05:59"))
    assert not is_walked(friday, local("2026-11-27T05:59"))
    assert not is_walked(friday, local("2026-11-28T23:00"))


def test_the_night_of_sunday_lasts_into_the_next_week():
    assert is_walked(shift("22:00", "06:00", weekdays=frozenset({7})), local("2026-11-30T03:00"))


def test_a_shift_that_ends_when_it_begins_lasts_a_day():
    found = shift("08:00", "08:00", weekdays=frozenset({1})).stretch_at(
        local("2026-12-01T07:59"), SHANGHAI
    )

    assert found is not None
    assert found.until - found.since == timedelta(days=1)


def test_the_moment_is_taken_by_the_clocks_of_the_city():
    morning = shift("08:00", "12:00")

    assert is_walked(morning, datetime(2026, 11, 27, 0, 30, tzinfo=UTC))
    assert not is_walked(morning, datetime(2026, 11, 27, 8, 30, tzinfo=UTC))


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 7), ("2026-11-01", 9)])
def test_a_night_is_shorter_or_longer_when_the_clocks_change(day: str, hours: int):
    found = shift("22:00", "06:00").stretch_at(local(f"{day}T05:00", NEW_YORK), NEW_YORK)

    assert found is not None
    assert found.until - found.since == timedelta(hours=hours)


def test_a_shift_within_the_hour_that_the_clocks_skip_is_not_walked_that_day():
    skipped = shift("02:15", "02:45")

    assert not is_walked(skipped, local("2026-03-08T03:00", NEW_YORK), NEW_YORK)
    found = skipped.next_stretch(local("2026-03-08T01:00", NEW_YORK), NEW_YORK)
    assert found is not None
    assert found.since == local("2026-03-09T02:15", NEW_YORK)


@given(SHIFTS, MOMENTS)
def test_where_clocks_never_change_it_is_a_matter_of_minutes_of_the_week(one, moment):
    there = moment.astimezone(SHANGHAI)
    minute = (there.isoweekday() - 1) * DAY + there.hour * 60 + there.minute
    begins = [(weekday - 1) * DAY + one.begin for weekday in one.weekdays]

    assert is_walked(one, moment) == any((minute - begin) % WEEK < one.minutes for begin in begins)


@given(SHIFTS, MOMENTS, ZONES)
def test_a_stretch_holds_the_moment_and_every_other_one_until_its_end(one, moment, zone):
    stretch = one.stretch_at(moment, zone)

    if stretch is not None:
        assert stretch.since <= moment < stretch.until
        last = stretch.until - timedelta(seconds=1)
        assert {one.stretch_at(at, zone) for at in (stretch.since, last)} == {stretch}


@given(SHIFTS, MOMENTS, ZONES)
def test_the_next_stretch_begins_later_and_none_begins_before_it(one, moment, zone):
    following = one.next_stretch(moment, zone)

    assert following is not None
    assert moment < following.since
    before = following.since - timedelta(seconds=1)
    if before > moment:
        assert one.next_stretch(before, zone) == following
        begun = one.stretch_at(before, zone)
        assert begun is None or begun.since <= moment


@given(SHIFTS, SHIFTS, MOMENTS, ZONES)
def test_shifts_that_do_not_overlap_are_never_walked_at_once(one, other, moment, zone):
    both = is_walked(one, moment, zone) and is_walked(other, moment, zone)

    assert one.overlaps(other) == other.overlaps(one)
    assert not both or one.overlaps(other)


@given(SHIFTS, SHIFTS)
def test_shifts_that_overlap_are_walked_at_once_in_some_minute_of_a_week(one, other):
    monday = datetime(2026, 11, 30, tzinfo=SHANGHAI)
    begins = [
        monday + timedelta(minutes=(weekday - 1) * DAY + each.begin)
        for each in (one, other)
        for weekday in each.weekdays
    ]

    at_once = any(is_walked(one, at) and is_walked(other, at) for at in begins)

    assert at_once == one.overlaps(other)
