"""Real years: China 2024 to 2026 with its make-up days, New York when its clocks change."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import app.city.yunxi
from app.city.newyork.calendar import holidays
from dispatch.calendar import Unit, WorkingCalendar
from tests.dispatch.holidays_cn import CHINA, single_days
from tests.dispatch.minutes import Marked, instant_of, minute_of
from tests.dispatch.test_calendar import local

CITY = WorkingCalendar.of(CHINA)
OFFICES: dict[str, Any] = {
    "timezone": "America/New_York",
    "weekend": [6, 7],
    "periods": [["09:00", "17:00"]],
    "days": holidays(2024, 2026),
}
NIGHTS = {**OFFICES, "weekend": [], "periods": [["00:00", "05:30"], ["22:00", "24:00"]], "days": []}


@pytest.mark.parametrize(("year", "statutory"), [(2024, 11), (2025, 13), (2026, 13)])
def test_a_chinese_year_has_its_weekdays_less_the_statutory_holidays(year: int, statutory: int):
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365 + (year % 4 == 0))]

    worked = sum(CITY.is_workday(day) for day in days)

    assert worked == sum(day.isoweekday() < 6 for day in days) - statutory


@pytest.mark.parametrize(
    ("start", "amount", "unit", "end"),
    [
        # Sunday 4 February is worked for the Spring Festival of 2024, the 10th to the 17th is not.
        ("2024-02-02 17:00", 2, Unit.WORK_HOUR, "2024-02-04 09:30"),
        ("2024-02-09 16:00", 1, Unit.WORK_DAY, "2024-02-18 16:00"),
        # Qingming is a Thursday; Sunday the 7th makes up for Friday.
        ("2024-04-03 17:00", 2, Unit.WORK_HOUR, "2024-04-07 09:30"),
        ("2024-04-26 10:00", 1, Unit.WORK_DAY, "2024-04-28 10:00"),
        ("2024-05-10 10:00", 1, Unit.WORK_DAY, "2024-05-11 10:00"),
        # Saturday 14 September is worked, the 15th to the 17th are Mid-Autumn.
        ("2024-09-13 10:00", 2, Unit.WORK_DAY, "2024-09-18 10:00"),
        ("2024-09-30 17:30", 1, Unit.WORK_HOUR, "2024-10-08 09:00"),
        ("2024-10-11 17:30", 1, Unit.WORK_HOUR, "2024-10-12 09:00"),
        # Sunday 26 January and Saturday 8 February are worked for the Spring Festival of 2025.
        ("2025-01-24 10:00", 1, Unit.WORK_DAY, "2025-01-26 10:00"),
        ("2025-01-27 14:00", 5, Unit.WORK_DAY, "2025-02-10 14:00"),
        ("2025-04-25 16:00", 4, Unit.WORK_HOUR, "2025-04-27 10:30"),
        ("2025-04-30 18:00", 1, Unit.WORK_HOUR, "2025-05-06 09:30"),
        ("2025-05-30 17:00", 3, Unit.WORK_HOUR, "2025-06-03 10:30"),
        ("2025-09-26 10:00", 4, Unit.WORK_DAY, "2025-10-09 10:00"),
        ("2025-10-10 17:00", 2, Unit.WORK_HOUR, "2025-10-11 09:30"),
        # Sunday 4 January is worked; in 2026 the Spring Festival ends on Monday the 23rd.
        ("2025-12-31 17:00", 2, Unit.WORK_HOUR, "2026-01-04 09:30"),
        ("2026-02-13 17:00", 2, Unit.WORK_HOUR, "2026-02-14 09:30"),
        ("2026-02-14 15:00", 1, Unit.WORK_DAY, "2026-02-24 15:00"),
        ("2026-02-27 15:00", 1, Unit.WORK_DAY, "2026-02-28 15:00"),
        ("2026-05-08 17:00", 2, Unit.WORK_HOUR, "2026-05-09 09:30"),
        ("2026-09-18 15:00", 6, Unit.WORK_DAY, "2026-09-28 15:00"),
        ("2026-09-30 16:00", 3, Unit.WORK_DAY, "2026-10-10 16:00"),
        # Only what works stands still.
        ("2026-09-30 23:00", 2, Unit.URGENT_HOUR, "2026-10-01 01:00"),
        ("2026-09-30 23:00", 2, Unit.URGENT_DAY, "2026-10-02 23:00"),
        ("2026-09-30 23:00", 3, Unit.NATURAL_DAY, "2026-10-03 23:00"),
    ],
)
def test_limits_over_the_holidays_of_china(start: str, amount: float, unit: Unit, end: str):
    assert CITY.add(local(start), amount, unit) == local(end)


def test_the_demo_city_has_the_days_of_its_year_as_announced():
    table = Path(app.city.yunxi.__file__).with_name("calendar.csv").read_text(encoding="utf-8")

    rows = [(row["date"], row["kind"]) for row in csv.DictReader(table.splitlines())]

    announced = [(row["date"], row["kind"]) for row in single_days() if row["date"] > "2026"]
    assert [row for row in rows if row[0] < "2027"] == announced


@pytest.mark.parametrize(
    ("start", "amount", "unit", "end"),
    [
        # Eight hours a day; offices see nothing of the night of Sunday 8 March.
        ("2026-03-06 16:00", 2, Unit.WORK_HOUR, "2026-03-09 10:00"),
        ("2026-03-06 16:00", 1, Unit.WORK_DAY, "2026-03-09 16:00"),
        # 02:00 to 03:00 is skipped: six hours reach a later wall time.
        ("2026-03-07 22:00", 6, Unit.URGENT_HOUR, "2026-03-08 05:00"),
        ("2026-03-07 22:00", 1, Unit.URGENT_DAY, "2026-03-08 23:00"),
        ("2026-03-07 22:00", 1, Unit.NATURAL_DAY, "2026-03-08 22:00"),
        # 01:00 to 02:00 is shown twice.
        ("2026-10-31 22:00", 6, Unit.URGENT_HOUR, "2026-11-01 03:00"),
        ("2026-10-31 22:00", 1, Unit.URGENT_DAY, "2026-11-01 21:00"),
        ("2026-10-31 22:00", 1, Unit.NATURAL_DAY, "2026-11-01 22:00"),
        ("2026-10-30 16:00", 2, Unit.WORK_HOUR, "2026-11-02 10:00"),
        # Independence Day is a Saturday, kept on Friday; Thanksgiving is a Thursday.
        ("2026-07-02 16:00", 2, Unit.WORK_HOUR, "2026-07-06 10:00"),
        ("2026-11-25 16:30", 1, Unit.WORK_DAY, "2026-11-27 16:30"),
        ("2024-12-31 16:30", 1, Unit.WORK_HOUR, "2025-01-02 09:30"),
    ],
)
def test_limits_over_changes_of_the_clocks_in_new_york(
    start: str, amount: float, unit: Unit, end: str
):
    calendar = WorkingCalendar.of(OFFICES)

    reached = calendar.add(local(start, "America/New_York"), amount, unit)

    assert reached == local(end, "America/New_York")


@pytest.mark.parametrize(
    ("night", "hours"), [("2026-03-07", 6.5), ("2026-03-14", 7.5), ("2026-10-31", 8.5)]
)
def test_a_night_shift_is_as_long_as_the_night(night: str, hours: float):
    begin = local(f"{night} 22:00", "America/New_York")

    worked = WorkingCalendar.of(NIGHTS).working_time(begin, begin + timedelta(hours=14))

    assert worked == timedelta(hours=hours)


def steps(first: str, days: int, minutes: int, zone: str) -> Iterator[datetime]:
    start = local(f"{first} 00:00", zone)
    first_minute = minute_of(start)
    return (instant_of(n) for n in range(first_minute, first_minute + days * 1440, minutes))


def differing(content: dict[str, Any], starts: Iterator[datetime]) -> list[tuple[datetime, Unit]]:
    """Where product and oracle differ by any unit."""
    calendar, oracle = WorkingCalendar.of(content), Marked.of(content)
    return [
        (start, unit)
        for start in starts
        for unit, amount in ((Unit.WORK_HOUR, 4), (Unit.WORK_DAY, 1), (Unit.NATURAL_DAY, 1))
        if calendar.add(start, amount, unit)
        != instant_of(oracle.add(minute_of(start), Fraction(amount), unit))
    ]


def test_china_agrees_with_counting_every_minute_from_every_day_of_three_years():
    # 25 hours apart, so that all hours of the day come by.
    assert differing(CHINA, steps("2024-01-01", 3 * 365, 25 * 60, "Asia/Shanghai")) == []


@pytest.mark.parametrize("content", [OFFICES, NIGHTS], ids=["offices", "nights"])
@pytest.mark.parametrize("first", ["2025-03-08", "2025-11-01", "2026-03-07", "2026-10-31"])
def test_new_york_agrees_with_counting_every_minute_around_each_change(
    content: dict[str, Any], first: str
):
    assert differing(content, steps(first, 2, 30, "America/New_York")) == []
