"""When a city works, and what "four working hours" or "two working days" from now means.

The units are those of the disposal limits: urgent ones run through nights and holidays, working
ones only while the city works. Results depend on nothing but the arguments; nothing here asks for
the time.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from dispatch.errors import BadAmount, NaiveTime, NoWorkingTime
from dispatch.working_hours import Period, in_order, single_days, time_zone, weekdays
from grid.localtime import at_minute, instant, wall_time

LONGEST_REST_DAYS: Final = 366
MOST_UNITS: Final = 10_000
"""More of any unit than this is a slip of the keyboard, not a limit."""

_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_NOTHING: Final = timedelta(0)


class Unit(StrEnum):
    """What an amount of time is counted in (紧急工作时, 紧急工作日, 工作时, 工作日, 自然日)."""

    URGENT_HOUR = "urgent_hour"
    URGENT_DAY = "urgent_day"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"
    NATURAL_DAY = "natural_day"


@dataclass(frozen=True, slots=True)
class Span:
    """Uninterrupted working time from *begin* up to *end*, aware UTC."""

    begin: datetime
    end: datetime

    def overlap(self, begin: datetime, end: datetime) -> timedelta:
        """How much of this span lies between the two instants."""
        return max(_NOTHING, min(self.end, end) - max(self.begin, begin))


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of working time: so much work into a working day."""

    day: date
    worked: timedelta


class WorkingCalendar:
    """The working time of one city: its zone, weekend, daily periods, holidays and make-up days.

    Conventions, chosen because the limits of STANDARD A6 name the units but not their edges:

    - A limit that starts outside working time starts with the next period. A period holds its
      first instant and not its last, so a start at 12:00 sharp waits for the afternoon.
    - Working hours end as early as they can: four hours from 14:00 end at 18:00, the end of the
      period, not with the next morning.
    - A working day ends at the same point of the next working day, by the clock the same time;
      on a day when the clocks change during working time, after the same amount of work.
    - A natural day ends at the same wall time of the next day, an urgent day after 24 hours.
    - A fraction of a day is that part of the way to the next whole day.
    """

    def __init__(
        self,
        timezone: ZoneInfo,
        weekend: Iterable[int],
        periods: Iterable[Period],
        days: Mapping[date, bool],
        own: Mapping[str, Self] | None = None,
    ) -> None:
        """*weekend* holds ISO weekdays; *days* says of single dates whether they are worked.

        *own* are the calendars of the departments that keep one of their own, by their codes.
        """
        self.timezone = timezone
        self._weekend = frozenset(weekend)
        self._periods = in_order(periods)
        self._days = dict(days)
        self._own = dict(own or {})
        self._spans = lru_cache(maxsize=4096)(self._work_out)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """The calendar of the part ``calendar`` of a city pack; BrokenCalendar when it is none."""
        return cls(
            time_zone(content["timezone"]),
            weekdays(content["weekend"]),
            [Period.of(pair) for pair in content["periods"]],
            single_days(content["days"]),
            {code: cls.of(own) for code, own in content.get("departments", {}).items()},
        )

    def kept_by(self, department: str | None) -> Self:
        """The calendar that a department works by: its own, else the city's; None is the city."""
        return self._own.get(department, self) if department is not None else self

    def is_workday(self, day: date) -> bool:
        """Whether the city works on the local date, by its calendar."""
        return self._days.get(day, day.isoweekday() not in self._weekend)

    def add(self, start: datetime, amount: float, unit: Unit) -> datetime:
        """When *amount* of *unit*, begun at *start*, is over; aware UTC.

        Nothing added in a working unit gives the first working moment from *start* on. Raises
        BadAmount, NaiveTime, and NoWorkingTime when the city does not work for a year.
        """
        start = _aware(start)
        _check(amount, unit)
        match unit:
            case Unit.URGENT_HOUR:
                return start + amount * _HOUR
            case Unit.URGENT_DAY:
                return start + amount * _DAY
            case Unit.NATURAL_DAY:
                return self._natural_days(start, amount)
            case Unit.WORK_HOUR:
                return self._work(start, amount * _HOUR)
            case Unit.WORK_DAY:
                return self._work_days(start, amount)

    def after(self, start: datetime, work: timedelta) -> datetime:
        """When *work*, an amount of working time begun at *start*, is done; aware UTC.

        The other way round than `working_time`: exact to the microsecond, and as early as it can
        be. Raises NaiveTime and NoWorkingTime.
        """
        return self._work(_aware(start), work)

    def working_time(self, begin: datetime, end: datetime) -> timedelta:
        """How long the city works between the two aware times; negative when they are swapped."""
        begin, end = _aware(begin), _aware(end)
        if begin > end:
            return -self.working_time(end, begin)
        day, last = self._date(begin), self._date(end)
        total = _NOTHING
        while day <= last:
            total += sum((span.overlap(begin, end) for span in self._spans(day)), _NOTHING)
            day += _DAY
        return total

    def count(self, begin: datetime, end: datetime, unit: Unit) -> float:
        """How many of *unit* lie between the two: added to *begin*, so many give *end* again.

        None at all when *end* is not later, or no later than the first working moment. Raises
        NaiveTime, and NoWorkingTime when the city does not work for a year.
        """
        begin, end = _aware(begin), _aware(end)
        if end <= begin:
            return 0.0
        match unit:
            case Unit.URGENT_HOUR:
                return (end - begin) / _HOUR
            case Unit.URGENT_DAY:
                return (end - begin) / _DAY
            case Unit.WORK_HOUR:
                return self.working_time(begin, end) / _HOUR
            case Unit.WORK_DAY | Unit.NATURAL_DAY:
                return self._count_days(begin, end, unit)

    def _count_days(self, begin: datetime, end: datetime, unit: Unit) -> float:
        whole, reached, following = 0, begin, self.add(begin, 0, unit)
        while following <= end:
            whole, reached, following = whole + 1, following, self.add(begin, whole + 1, unit)
        if not whole:
            return 0.0
        if unit is Unit.WORK_DAY:
            part = self.working_time(reached, end) / self.working_time(reached, following)
        else:
            part = (end - reached) / (following - reached)
        return whole - 1 + part

    def _work(self, start: datetime, work: timedelta) -> datetime:
        for _, spans in self._working_days(self._date(start)):
            for span in spans:
                begin = max(start, span.begin)
                if begin < span.end and work <= span.end - begin:
                    return begin + work
                work -= max(_NOTHING, span.end - begin)
        raise NoWorkingTime(self._date(start), LONGEST_REST_DAYS)

    def _work_days(self, start: datetime, amount: float) -> datetime:
        fraction, whole = math.modf(amount)
        point = self._point(start)
        day = self._working_day_after(point.day, int(whole))
        reached = self._moment(Point(day, point.worked))
        if not fraction:
            return reached
        following = self._moment(Point(self._working_day_after(day, 1), point.worked))
        return self._work(reached, fraction * self.working_time(reached, following))

    def _natural_days(self, start: datetime, amount: float) -> datetime:
        fraction, whole = math.modf(amount)
        wall = wall_time(start, self.timezone) + int(whole) * _DAY
        reached = instant(wall, self.timezone) if whole else start
        if not fraction:
            return reached
        return reached + fraction * (instant(wall + _DAY, self.timezone) - reached)

    def _point(self, at: datetime) -> Point:
        """Where in its working day *at* lies, or the next working moment when it is in none."""
        begin = self._work(at, _NOTHING)
        day = self._date(begin)
        return Point(day, sum((s.overlap(s.begin, begin) for s in self._spans(day)), _NOTHING))

    def _moment(self, point: Point) -> datetime:
        """The instant of a point; a point beyond the end of a shortened day is its end."""
        spans = self._spans(point.day)
        for span, done in zip(spans, accumulate(s.end - s.begin for s in spans), strict=True):
            if point.worked < done:
                return span.end - (done - point.worked)
        return spans[-1].end

    def _working_day_after(self, day: date, count: int) -> date:
        for passed, (working, _) in enumerate(self._working_days(day)):
            if passed == count:
                return working
        raise NoWorkingTime(day, LONGEST_REST_DAYS)

    def _working_days(self, day: date) -> Iterator[tuple[date, tuple[Span, ...]]]:
        """Working days from *day* on; ends when the city has not worked for a year."""
        rest = 0
        while rest < LONGEST_REST_DAYS:
            spans = self._spans(day)
            rest = 0 if spans else rest + 1
            if spans:
                yield day, spans
            day += _DAY

    def _work_out(self, day: date) -> tuple[Span, ...]:
        """The working time of a date in order; empty on a free day and on one that never was."""
        if not self.is_workday(day):
            return ()
        spans = (
            Span(
                instant(at_minute(day, period.begin), self.timezone),
                instant(at_minute(day, period.end), self.timezone),
            )
            for period in self._periods
        )
        return tuple(span for span in spans if span.begin < span.end)

    def _date(self, at: datetime) -> date:
        return at.astimezone(self.timezone).date()


def _aware(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise NaiveTime(at)
    return at.astimezone(UTC)


def _check(amount: float, unit: Unit) -> None:
    if not 0 <= amount <= MOST_UNITS:
        raise BadAmount(amount, unit)
