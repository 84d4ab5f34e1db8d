"""When a person walks a duty grid: a period of some weekdays by the clocks of the city.

Two shifts of one person that overlap by the clock also do so in time, and the other way round:
the way from the clock to the instant (`grid.localtime`) keeps the order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from grid.localtime import at_minute, instant
from grid.naming import Row

DAY: Final = 24 * 60
WEEK: Final = 7 * DAY
_DAY: Final = timedelta(days=1)
_SOON_DAYS: Final = 8


@dataclass(frozen=True, slots=True)
class Stretch:
    """One time that a shift is walked, from *since* up to *until*, aware UTC."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Shift:
    """A person walks a duty grid, again every week.

    It begins on each of the *weekdays* (1 is Monday) at the minute *begin* after local midnight
    and ends at *end*, on the next day when that is not later: 22:00 to 06:00 lasts over midnight,
    08:00 to 08:00 a whole day. *row* is the line of the city pack.
    """

    row: int
    duty_grid: str
    person: str
    weekdays: frozenset[int]
    begin: int
    end: int

    @classmethod
    def of(cls, row: Row) -> Self:
        """One shift as the part ``duty_shifts`` writes it."""
        return cls(
            row["row"],
            row["grid"],
            row["person"],
            frozenset(row["weekdays"]),
            _minute(row["begin"]),
            _minute(row["end"]),
        )

    @property
    def minutes(self) -> int:
        """How long it lasts by the clock."""
        return self.end - self.begin if self.end > self.begin else self.end - self.begin + DAY

    def overlaps(self, other: Self) -> bool:
        """Whether some moment of the week belongs to both; the last instant is not of a shift."""
        return any(
            (theirs - ours) % WEEK < self.minutes or (ours - theirs) % WEEK < other.minutes
            for ours in self._begins()
            for theirs in other._begins()
        )

    def stretch_at(self, now: datetime, zone: ZoneInfo) -> Stretch | None:
        """The stretch that holds the aware moment *now*, None when it is not walked then."""
        today = now.astimezone(zone).date()
        for day in (today - _DAY, today):
            stretch = self._stretch(day, zone)
            if stretch and stretch.since <= now < stretch.until:
                return stretch
        return None

    def next_stretch(self, now: datetime, zone: ZoneInfo) -> Stretch | None:
        """The first stretch that begins after *now*; None for a shift without weekdays."""
        today = now.astimezone(zone).date()
        for ahead in range(_SOON_DAYS):
            stretch = self._stretch(today + ahead * _DAY, zone)
            if stretch and stretch.since > now:
                return stretch
        return None

    def _begins(self) -> Iterator[int]:
        """Minutes of the week at which it begins."""
        return ((weekday - 1) * DAY + self.begin for weekday in self.weekdays)

    def _stretch(self, day: date, zone: ZoneInfo) -> Stretch | None:
        """What begins on the local date; None when nothing does, or the clocks skip all of it."""
        if day.isoweekday() not in self.weekdays:
            return None
        since = instant(at_minute(day, self.begin), zone)
        until = instant(at_minute(day, self.begin + self.minutes), zone)
        return Stretch(since, until) if since < until else None


def _minute(text: str) -> int:
    """Minutes after midnight of a time that was checked, ``08:30``."""
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)
