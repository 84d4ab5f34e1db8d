"""Working time: the edges by hand, the rest by properties and against counting minute by minute."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.calendar import Unit, WorkingCalendar
from dispatch.errors import BadAmount, BrokenCalendar, NaiveTime, NoWorkingTime

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WORKING_UNITS = (Unit.WORK_HOUR, Unit.WORK_DAY)


def content(**changed: Any) -> Mapping[str, Any]:
    """The part ``calendar`` of a Chinese city around the National Day of 2026."""
    holidays = [{"date": f"2026-10-0{n}", "kind": "holiday"} for n in range(1, 8)]
    made_up = [{"date": day, "kind": "workday"} for day in ("2026-09-20", "2026-10-10")]
    return {
        "timezone": "Asia/Shanghai",
        "weekend": [6, 7],
        "periods": [["08:30", "12:00"], ["14:00", "18:00"]],
        "days": holidays + made_up,
        **changed,
    }


YUNXI = WorkingCalendar.of(content())


def around_the_clock(timezone: str, **changed: Any) -> WorkingCalendar:
    """A city in *timezone* that works every hour of every day."""
    every_hour = {"weekend": [], "days": [], "periods": [["00:00", "24:00"]]}
    return WorkingCalendar.of(content(timezone=timezone, **{**every_hour, **changed}))


def local(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-06-01 14:00", 4, "2026-06-01 18:00"),
        ("2026-06-01 08:30", 3.5, "2026-06-01 12:00"),
        ("2026-06-01 10:00", 4, "2026-06-01 16:00"),
        ("2026-06-01 17:00", 2, "2026-06-02 09:30"),
        ("2026-06-01 12:00", 1, "2026-06-01 15:00"),
        ("2026-06-01 18:00", 1, "2026-06-02 09:30"),
        ("2026-06-01 03:00", 1, "2026-06-01 09:30"),
        ("2026-06-05 17:30", 1, "2026-06-08 09:00"),
        ("2026-06-06 11:00", 1, "2026-06-08 09:30"),
        ("2026-09-30 17:00", 2, "2026-10-08 09:30"),
        ("2026-10-09 17:00", 2, "2026-10-10 09:30"),
        ("2026-06-01 10:00", 0.25, "2026-06-01 10:15"),
        ("2026-06-01 13:00", 0, "2026-06-01 14:00"),
        ("2026-06-01 12:00", 0, "2026-06-01 14:00"),
        ("2026-06-01 09:00", 15, "2026-06-03 09:00"),
    ],
)
def test_working_hours_pass_only_while_the_city_works(start: str, hours: float, end: str):
    assert YUNXI.add(local(start), hours, Unit.WORK_HOUR) == local(end)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-06-01 10:15", 1, "2026-06-02 10:15"),
        ("2026-06-01 08:30", 1, "2026-06-02 08:30"),
        ("2026-06-01 20:00", 1, "2026-06-03 08:30"),
        ("2026-06-01 12:00", 1, "2026-06-02 14:00"),
        ("2026-06-04 10:00", 2, "2026-06-08 10:00"),
        ("2026-06-06 10:00", 1, "2026-06-09 08:30"),
        ("2026-09-30 16:00", 3, "2026-10-10 16:00"),
        ("2026-09-18 16:00", 1, "2026-09-20 16:00"),
        ("2026-06-01 08:30", 0.5, "2026-06-01 14:15"),
        ("2026-06-01 16:00", 1.2, "2026-06-02 17:30"),
        ("2026-06-01 13:00", 0, "2026-06-01 14:00"),
    ],
)
def test_a_working_day_ends_at_the_same_time_of_the_next_one(start: str, days: float, end: str):
    assert YUNXI.add(local(start), days, Unit.WORK_DAY) == local(end)


@pytest.mark.parametrize(
    ("unit", "amount", "end"),
    [
        (Unit.URGENT_HOUR, 2, "2026-10-01 01:30"),
        (Unit.URGENT_HOUR, 0.5, "2026-10-01 00:00"),
        (Unit.URGENT_DAY, 1, "2026-10-01 23:30"),
        (Unit.URGENT_DAY, 1.5, "2026-10-02 11:30"),
        (Unit.NATURAL_DAY, 3, "2026-10-03 23:30"),
        (Unit.NATURAL_DAY, 0.5, "2026-10-01 11:30"),
    ],
)
def test_urgent_and_natural_time_runs_through_nights_and_holidays(
    unit: Unit, amount: float, end: str
):
    assert YUNXI.add(local("2026-09-30 23:30"), amount, unit) == local(end)


def test_the_result_is_aware_utc():
    end = YUNXI.add(local("2026-06-01 14:00"), 4, Unit.WORK_HOUR)

    assert (end.isoformat(), end.tzinfo) == ("2026-06-01T10:00:00+00:00", UTC)


def test_make_up_days_and_holidays_override_the_weekend():
    worked = [YUNXI.is_workday(date(2026, 10, day)) for day in (1, 8, 10, 11)]

    assert worked == [False, True, True, False]


@pytest.mark.parametrize(
    ("begin", "end", "worked"),
    [
        ("2026-06-01 08:30", "2026-06-01 18:00", 7.5 * HOUR),
        ("2026-06-01 11:00", "2026-06-01 15:00", 2 * HOUR),
        ("2026-06-01 15:00", "2026-06-01 11:00", -2 * HOUR),
        ("2026-06-05 18:00", "2026-06-08 08:30", 0 * HOUR),
        ("2026-09-30 17:00", "2026-10-08 09:30", 2 * HOUR),
    ],
)
def test_working_time_counts_only_periods_of_working_days(begin: str, end: str, worked: timedelta):
    assert YUNXI.working_time(local(begin), local(end)) == worked


def test_a_night_with_clocks_put_forward_has_an_hour_less_to_work():
    calendar = around_the_clock("America/New_York", periods=[["00:00", "06:00"]])
    begin, end = (local(f"2026-03-08 {hour}", "America/New_York") for hour in ("00:00", "06:00"))

    assert calendar.working_time(begin, end) == 5 * HOUR
    assert calendar.add(begin, 5, Unit.WORK_HOUR) == end


def test_a_night_with_clocks_put_back_has_an_hour_more_to_work():
    calendar = around_the_clock("America/New_York", periods=[["00:00", "06:00"]])
    begin, end = (local(f"2026-11-01 {hour}", "America/New_York") for hour in ("00:00", "06:00"))

    assert calendar.working_time(begin, end) == 7 * HOUR
    assert calendar.add(begin, 7, Unit.WORK_HOUR) == end


def test_a_period_that_begins_at_a_time_the_clocks_skip_begins_when_they_skip_it():
    calendar = around_the_clock("America/New_York", periods=[["02:30", "05:00"]])
    midnight = local("2026-03-08 00:00", "America/New_York")

    assert calendar.add(midnight, 0, Unit.WORK_HOUR) == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_a_period_that_begins_at_a_time_shown_twice_begins_the_first_time():
    calendar = around_the_clock("America/New_York", periods=[["01:30", "05:00"]])
    midnight = local("2026-11-01 00:00", "America/New_York")

    assert calendar.add(midnight, 0, Unit.WORK_HOUR) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_period_the_clocks_skip_altogether_is_no_working_time():
    calendar = around_the_clock("America/New_York", periods=[["02:00", "03:00"]])

    end = calendar.add(local("2026-03-07 02:30", "America/New_York"), 1, Unit.WORK_DAY)

    assert end == local("2026-03-09 02:30", "America/New_York")


def test_a_working_day_begun_late_ends_with_a_day_the_clocks_made_shorter():
    calendar = around_the_clock("America/New_York", periods=[["00:00", "06:00"]])

    end = calendar.add(local("2026-03-07 05:30", "America/New_York"), 1, Unit.WORK_DAY)

    assert end == local("2026-03-08 06:00", "America/New_York")


def test_a_date_that_never_was_is_no_working_day():
    apia = around_the_clock("Pacific/Apia")  # went from 29 to 31 December 2011 overnight

    end = apia.add(local("2011-12-29 10:00", "Pacific/Apia"), 1, Unit.WORK_DAY)

    assert end == local("2011-12-31 10:00", "Pacific/Apia")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-07 10:00", "2026-03-08T14:00:00+00:00"),  # 23 hours later
        ("2026-03-07 02:30", "2026-03-08T07:00:00+00:00"),  # 02:30 is skipped
        ("2026-10-31 01:30", "2026-11-01T05:30:00+00:00"),  # 01:30 comes twice
        ("2026-10-31 10:00", "2026-11-01T15:00:00+00:00"),  # 25 hours later
    ],
)
def test_a_natural_day_keeps_the_wall_time_when_clocks_change(start: str, end: str):
    calendar = around_the_clock("America/New_York")

    reached = calendar.add(local(start, "America/New_York"), 1, Unit.NATURAL_DAY)

    assert reached == datetime.fromisoformat(end)


def test_the_hour_shown_for_the_second_time_counts_as_its_end():
    second = local("2026-11-01 01:10", "America/New_York").replace(fold=1)

    reached = around_the_clock("America/New_York").add(second, 1, Unit.NATURAL_DAY)

    assert reached == local("2026-11-02 02:00", "America/New_York")


def test_nothing_added_in_natural_days_changes_nothing():
    second = local("2026-11-01 01:10", "America/New_York").replace(fold=1).astimezone(UTC)

    assert around_the_clock("America/New_York").add(second, 0, Unit.NATURAL_DAY) == second


def test_a_limit_may_be_longer_than_a_year():
    end = YUNXI.add(local("2027-01-04 10:00"), 300, Unit.WORK_DAY)

    assert end == local("2028-02-28 10:00")


def test_periods_may_touch():
    calendar = WorkingCalendar.of(content(periods=[["12:00", "18:00"], ["08:00", "12:00"]]))

    assert calendar.add(local("2026-06-01 11:00"), 2, Unit.WORK_HOUR) == local("2026-06-01 13:00")


@pytest.mark.parametrize("unit", WORKING_UNITS)
def test_a_city_that_never_works_is_told_so(unit: Unit):
    never = WorkingCalendar.of(content(weekend=[1, 2, 3, 4, 5, 6, 7], days=[]))

    with pytest.raises(NoWorkingTime, match="no working time in 366 days from 2026-06-01"):
        never.add(local("2026-06-01 10:00"), 1, unit)


def test_a_limit_that_runs_past_the_last_working_day_is_told_so():
    once = [{"date": "2026-06-02", "kind": "workday"}]
    calendar = WorkingCalendar.of(content(weekend=[1, 2, 3, 4, 5, 6, 7], days=once))

    assert calendar.add(local("2026-06-01 10:00"), 7.5, Unit.WORK_HOUR) == local("2026-06-02 18:00")
    with pytest.raises(NoWorkingTime):
        calendar.add(local("2026-06-01 10:00"), 7.6, Unit.WORK_HOUR)


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf"), 10_001])
@pytest.mark.parametrize("unit", list(Unit))
def test_an_amount_that_is_no_limit_is_refused(amount: float, unit: Unit):
    with pytest.raises(BadAmount):
        YUNXI.add(local("2026-06-01 10:00"), amount, unit)


def test_a_time_without_a_zone_is_refused():
    naive = datetime(2026, 6, 1, 10)  # noqa: DTZ001

    with pytest.raises(NaiveTime):
        YUNXI.add(naive, 1, Unit.URGENT_HOUR)
    with pytest.raises(NaiveTime):
        YUNXI.working_time(local("2026-06-01 10:00"), naive)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("timezone", "Mars/Olympus", "no IANA time zone"),
        ("timezone", "../etc/passwd", "no IANA time zone"),
        ("timezone", "", "no IANA time zone"),
        ("weekend", [0], "no weekday"),
        ("periods", [], "no period"),
        ("periods", [["08:30"]], "not a begin and an end"),
        ("periods", [["8", "12:00"]], "not a time of day"),
        ("periods", [["08:30", "12:60"]], "not a time of day"),
        ("periods", [["08:30", "24:01"]], "later than 24:00"),
        ("periods", [["22:00", "06:00"]], "ends before it begins"),
        ("periods", [["08:00", "12:00"], ["11:59", "18:00"]], "overlap"),
        ("days", [{"date": "2026-02-30", "kind": "holiday"}], "not a date"),
        ("days", [{"date": "2026-02-03", "kind": "feast"}], "neither"),
        ("days", [{"date": "2026-02-03", "kind": "holiday"}] * 2, "listed twice"),
    ],
)
def test_a_broken_calendar_is_refused_with_field_and_reason(field: str, value: Any, reason: str):
    with pytest.raises(BrokenCalendar, match=reason) as refused:
        WorkingCalendar.of(content(**{field: value}))

    assert refused.value.field == field


ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # changes by half an hour
    "America/Nuuk",  # changes at midnight
    "Africa/Cairo",  # skips from 24:00 to 01:00
    "Pacific/Apia",
)


@st.composite
def calendars(draw: st.DrawFn) -> WorkingCalendar:
    edges = draw(st.lists(st.integers(0, 1440), min_size=2, max_size=6, unique=True).map(sorted))
    clock = [f"{minute // 60:02}:{minute % 60:02}" for minute in edges]
    single = st.dates(date(2026, 1, 1), date(2026, 12, 31))
    days = draw(st.dictionaries(single, st.sampled_from(["holiday", "workday"]), max_size=12))
    return WorkingCalendar.of(
        {
            "timezone": draw(st.sampled_from(ZONES)),
            "weekend": draw(st.lists(st.integers(1, 7), max_size=4, unique=True)),
            "periods": [list(pair) for pair in zip(clock[::2], clock[1::2], strict=False)],
            "days": [{"date": str(day), "kind": kind} for day, kind in days.items()],
        }
    )


near_a_change = st.sampled_from(
    [
        datetime(2026, 3, 8, 7, tzinfo=UTC),
        datetime(2026, 11, 1, 6, tzinfo=UTC),
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2026, 4, 4, 15, tzinfo=UTC),
        datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
        datetime(2026, 4, 23, 22, tzinfo=UTC),
        datetime(2026, 10, 29, 21, tzinfo=UTC),
    ]
)
starts = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.builds(
        lambda change, s: change + timedelta(seconds=s), near_a_change, st.integers(-90000, 7200)
    ),
)
amounts = st.one_of(st.integers(0, 20), st.floats(0, 20))


@given(calendars(), starts, starts, amounts, st.sampled_from(list(Unit)))
def test_a_later_start_never_ends_earlier(
    calendar: WorkingCalendar, one: datetime, other: datetime, amount: float, unit: Unit
):
    earlier, later = sorted((one, other))

    ends = [calendar.add(start, amount, unit) for start in (earlier, later)]

    assert ends[0] <= ends[1] + timedelta(microseconds=2)  # fractions round to microseconds


@given(calendars(), starts, st.timedeltas(HOUR * 0, HOUR * 3), amounts, st.sampled_from(list(Unit)))
def test_a_slightly_later_start_never_ends_earlier(
    calendar: WorkingCalendar, start: datetime, wait: timedelta, amount: float, unit: Unit
):
    ends = [calendar.add(at, amount, unit) for at in (start, start + wait)]

    assert ends[0] <= ends[1] + timedelta(microseconds=2)


@given(calendars(), starts, amounts, amounts, st.sampled_from(list(Unit)))
def test_a_larger_amount_never_ends_earlier(
    calendar: WorkingCalendar, start: datetime, one: float, other: float, unit: Unit
):
    ends = [calendar.add(start, amount, unit) for amount in sorted((one, other))]

    assert start <= ends[0] <= ends[1] + timedelta(microseconds=2)


@given(calendars(), starts, amounts)
def test_the_working_time_until_the_end_is_the_amount(
    calendar: WorkingCalendar, start: datetime, amount: float
):
    end = calendar.add(start, amount, Unit.WORK_HOUR)

    assert calendar.working_time(start, end) == timedelta(hours=amount)


@given(calendars(), starts, amounts, st.sampled_from(WORKING_UNITS))
def test_a_working_limit_never_ends_outside_working_time(
    calendar: WorkingCalendar, start: datetime, amount: float, unit: Unit
):
    end = calendar.add(start, amount, unit)

    beside = calendar.working_time(end - MINUTE / 60, end + MINUTE / 60)
    assert beside > timedelta(0)


@given(calendars(), starts, starts, starts)
def test_working_time_adds_up(
    calendar: WorkingCalendar, one: datetime, two: datetime, three: datetime
):
    parts = calendar.working_time(one, two) + calendar.working_time(two, three)

    assert parts == calendar.working_time(one, three)


@given(starts, st.integers(0, 1500), st.sampled_from(ZONES))
def test_working_hours_agree_with_counting_minute_by_minute(
    start: datetime, minutes: int, zone: str
):
    calendar = WorkingCalendar.of(content(timezone=zone))
    at = start.replace(second=0, microsecond=0)

    counted = count_minutes(calendar, at, minutes)

    assert calendar.add(at, minutes / 60, Unit.WORK_HOUR) == counted


def count_minutes(calendar: WorkingCalendar, at: datetime, minutes: int) -> datetime:
    """The end by looking at the clock every minute, for periods 08:30–12:00 and 14:00–18:00."""
    while not (worked := is_worked(calendar, at)) or minutes:
        at += MINUTE
        minutes -= worked
        if worked and not minutes:
            return at
    return at


def is_worked(calendar: WorkingCalendar, at: datetime) -> bool:
    clock = at.astimezone(calendar.timezone)
    minute = clock.hour * 60 + clock.minute
    return calendar.is_workday(clock.date()) and (510 <= minute < 720 or 840 <= minute < 1080)
