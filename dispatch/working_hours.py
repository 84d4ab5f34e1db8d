"""What a city says about its working time, read from its pack and checked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dispatch.errors import BrokenCalendar


@dataclass(frozen=True, slots=True)
class Period:
    """Working time of a day in minutes after local midnight, from *begin* up to *end*."""

    begin: int
    end: int

    @classmethod
    def of(cls, pair: Sequence[str]) -> Self:
        """The period written as two wall times, ``["08:30", "12:00"]``; it may end at 24:00."""
        if len(pair) != 2:
            raise BrokenCalendar("periods", f"{list(pair)} is not a begin and an end")
        begin, end = (_minute(text) for text in pair)
        if begin >= end:
            raise BrokenCalendar("periods", f"{'–'.join(pair)} ends before it begins; split it")
        return cls(begin, end)


def _minute(text: str) -> int:
    hour, colon, minute = text.partition(":")
    if not (colon and len(minute) == 2 and (hour + minute).isdecimal() and int(minute) < 60):
        raise BrokenCalendar("periods", f"{text!r} is not a time of day like 08:30")
    if (minutes := int(hour) * 60 + int(minute)) > 24 * 60:
        raise BrokenCalendar("periods", f"{text!r} is later than 24:00")
    return minutes


def in_order(periods: Iterable[Period]) -> tuple[Period, ...]:
    """The periods of a day from morning to night; BrokenCalendar for none, or when two overlap."""
    ordered = tuple(sorted(periods, key=lambda period: period.begin))
    if not ordered:
        raise BrokenCalendar("periods", "no period of the day is worked")
    for before, after in pairwise(ordered):
        if after.begin < before.end:
            raise BrokenCalendar("periods", "two periods overlap")
    return ordered


def time_zone(name: str) -> ZoneInfo:
    """The zone with the IANA name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BrokenCalendar("timezone", f"{name!r} is no IANA time zone") from None


def weekdays(numbers: Sequence[int]) -> frozenset[int]:
    """ISO weekdays, 1 is Monday."""
    if odd := [number for number in numbers if number not in range(1, 8)]:
        raise BrokenCalendar("weekend", f"{odd[0]!r} is no weekday from 1 (Monday) to 7 (Sunday)")
    return frozenset(numbers)


def single_days(rows: Iterable[Mapping[str, Any]]) -> dict[date, bool]:
    """Holidays and make-up days: whether the city works on each of the dates."""
    days: dict[date, bool] = {}
    for row in rows:
        day = _single_day(row)
        if day in days:
            raise BrokenCalendar("days", f"{day} is listed twice")
        days[day] = row["kind"] == "workday"
    return days


def _single_day(row: Mapping[str, Any]) -> date:
    if row["kind"] not in ("holiday", "workday"):
        raise BrokenCalendar("days", f"{row['kind']!r} is neither 'holiday' nor 'workday'")
    try:
        return date.fromisoformat(row["date"])
    except ValueError:
        raise BrokenCalendar("days", f"{row['date']!r} is not a date like 2026-10-01") from None
