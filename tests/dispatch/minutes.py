"""Working time by looking at every minute: an oracle that shares no code with the product.

The clock on the wall is one that never goes back: where an hour is shown twice it stands at the
last minute before until the hour is over; what it skips it has shown when it skips it. Every
minute is marked as worked or not by what that clock shows, and answers are found by counting marks.
Dates are days since 1970, times of day minutes after midnight, instants minutes since 1970 in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

DAY = 24 * 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = 2023, 2027
"""The years that are looked at."""

Minutes = NDArray[np.int64]


def minute_of(at: datetime) -> int:
    """The minute that begins then."""
    minute, rest = divmod(at - EPOCH, timedelta(minutes=1))
    assert not rest
    return minute


def instant_of(minute: Fraction | int) -> datetime:
    """The instant of a minute, or of a part of it."""
    return EPOCH + timedelta(microseconds=round(minute * 60_000_000))


BEGIN = minute_of(datetime(FIRST, 1, 1, tzinfo=UTC))
END = minute_of(datetime(LAST + 1, 1, 1, tzinfo=UTC))


@cache
def wall(zone: str) -> Minutes:
    """What the clock on the wall of a zone shows in each minute, as minutes since 1970.

    Clocks are asked every half hour: none of our zones changes them in between.
    """
    here = ZoneInfo(zone)
    asked = range(BEGIN, END, 30)
    offsets = [instant_of(one).astimezone(here).utcoffset() or timedelta(0) for one in asked]
    ahead = np.array([offset // timedelta(minutes=1) for offset in offsets], dtype=np.int64)
    shown = np.arange(BEGIN, END, dtype=np.int64) + np.repeat(ahead, 30)
    return np.maximum.accumulate(shown)


@dataclass(frozen=True)
class Marked:
    """Which minutes a city works, by the text of its calendar."""

    shown: Minutes
    by_day: NDArray[np.bool_]
    by_minute: NDArray[np.bool_]

    @classmethod
    def of(cls, content: dict[str, Any]) -> Marked:
        """The minutes of the part ``calendar`` of a pack."""
        days = np.arange(BEGIN // DAY - 1, END // DAY + 1)
        by_day = np.isin((days + 3) % 7 + 1, content["weekend"], invert=True)
        for row in content["days"]:
            day = (date.fromisoformat(row["date"]) - date(1970, 1, 1)).days
            by_day[day - days[0]] = row["kind"] == "workday"
        by_minute = np.zeros(DAY, dtype=np.bool_)
        for begin, end in content["periods"]:
            by_minute[_clock(begin) : _clock(end)] = True
        return cls(wall(content["timezone"]), by_day, by_minute)

    def marks(self, begin: int, end: int) -> NDArray[np.bool_]:
        """Of each minute whether it is worked."""
        shown = self.shown[begin - BEGIN : end - BEGIN]
        return self.by_day[shown // DAY - (BEGIN // DAY - 1)] & self.by_minute[shown % DAY]

    def between(self, begin: int, end: int) -> int:
        """How many minutes are worked."""
        return int(self.marks(begin, end).sum())

    def after(self, begin: int, work: Fraction | int) -> Fraction:
        """When so much work is done; the first worked minute when there is none to do."""
        whole, rest = divmod(Fraction(work), 1)
        if rest or not whole:
            return self._worked_minute(begin, int(whole)) + rest
        return self._worked_minute(begin, int(whole) - 1) + 1

    def _worked_minute(self, begin: int, number: int) -> Fraction:
        """The beginning of a worked minute, counted from 0, at or after *begin*."""
        while True:
            assert begin < END, "no working time as far as anybody looks"
            found = np.flatnonzero(self.marks(begin, begin + 7 * DAY))
            if len(found) > number:
                return Fraction(begin + int(found[number]))
            begin, number = begin + 7 * DAY, number - len(found)

    def work_days(self, begin: int, amount: Fraction) -> Fraction:
        """So many working days later, at the point of the day at which it is begun."""
        whole, rest = divmod(amount, 1)
        start = int(self._worked_minute(begin, 0))
        day = self._day(start)
        done = self.between(self._first_of(day), start)
        days = self._days_from(day, int(whole) + 2)
        reached = self._at_point(days[int(whole)], done)
        if not rest:
            return Fraction(reached)
        share = rest * self.between(reached, self._at_point(days[int(whole) + 1], done))
        return self.after(reached, share)

    def natural_days(self, begin: int, amount: Fraction) -> Fraction:
        """So many days later by the clock on the wall."""
        whole, rest = divmod(amount, 1)
        shown = int(self.shown[begin - BEGIN])
        if begin > BEGIN and self.shown[begin - BEGIN - 1] == shown:
            shown += 1  # The clock stands: the hour that is shown twice counts as over.
        reached = self._first_shown(shown + int(whole) * DAY) if whole else begin
        following = self._first_shown(shown + (int(whole) + 1) * DAY)
        return reached + rest * (following - reached)

    def _day(self, minute: int) -> int:
        return int(self.shown[minute - BEGIN]) // DAY

    def _first_of(self, day: int) -> int:
        return self._first_shown(day * DAY)

    def _first_shown(self, shown: int) -> int:
        """The first minute in which the clock shows as much or more."""
        return BEGIN + int(np.searchsorted(self.shown, shown))

    def _days_from(self, day: int, count: int) -> list[int]:
        """Dates with a worked minute, that one first."""
        found: list[int] = []
        while len(found) < count:
            if self.between(self._first_of(day), self._first_of(day + 1)):
                found.append(day)
            day += 1
        return found

    def _at_point(self, day: int, done: int) -> int:
        """The worked minute after so much of a day's work; after all of it, the end of the work."""
        first, last = self._first_of(day), self._first_of(day + 1)
        worked = np.flatnonzero(self.marks(first, last))
        return first + int(worked[done] if done < len(worked) else worked[-1] + 1)

    def add(self, begin: int, amount: Fraction, unit: str) -> Fraction:
        """When an amount is over, by the name of its unit."""
        match unit:
            case "urgent_hour":
                return begin + amount * 60
            case "urgent_day":
                return begin + amount * DAY
            case "work_hour":
                return self.after(begin, amount * 60)
            case "work_day":
                return self.work_days(begin, amount)
            case _:
                return self.natural_days(begin, amount)


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
