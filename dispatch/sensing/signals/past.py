"""The signal that compares a device with its own past."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from statistics import median
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from dispatch.sensing.rules import SensorRule
from dispatch.sensing.signals.base import Judged, Timeless, Values

WEEK_H: Final = 168
HOUR_MS: Final = 3_600_000
TO_SIGMA: Final = 1.4826
"""A median absolute deviation times this is a standard deviation, where values are normal."""


@lru_cache(maxsize=4096)
def local_hour(hour: int, zone: ZoneInfo) -> int:
    """The hour since 1970 by the clocks of the zone, of an hour since 1970 in UTC."""
    at = datetime.fromtimestamp(hour * 3600, UTC)
    offset = at.astimezone(zone).utcoffset()
    return hour + (int(offset.total_seconds()) // 3600 if offset else 0)


class Deviation(Timeless):
    """Robust z-score against the medians of this hour of the week in the last *weeks* weeks.

    z = (value - median) / max(1.4826 MAD, *floor*); nothing while fewer than *least* of these weeks
    have samples in that hour. The present week does not count: what is late by less than six days
    cannot change what the score is measured by.
    """

    __slots__ = (
        "_floor", "_hour", "_least", "_norm", "_past", "_values", "_weeks", "_zone",
    )  # fmt: skip

    def __init__(self, rule: SensorRule, zone: ZoneInfo) -> None:
        told = rule.settings
        self._weeks, self._least, self._floor = told["weeks"], told["least"], told["floor"]
        self._zone = zone
        self._past: dict[int, tuple[tuple[int, float], ...]] = {}
        self._hour: int | None = None
        self._values: tuple[float, ...] = ()
        self._norm: tuple[float, float] | None = None

    def take(self, at: int, values: Values) -> Judged:
        """The score."""
        value = values[0]
        if value is None:
            return None
        hour = local_hour(at // HOUR_MS, self._zone)
        if hour != self._hour:
            self._close_hour()
            self._hour, self._norm = hour, self._norm_of(hour)
        self._values = (*self._values, value)
        if self._norm is None:
            return None
        middle, spread = self._norm
        facts = {"measured": value, "median": middle, "spread": spread}
        return (value - middle) / spread, facts

    def _close_hour(self) -> None:
        """Let the hour that is over be part of the past."""
        if self._hour is not None:
            week, slot = divmod(self._hour, WEEK_H)
            kept = [one for one in self._past.get(slot, ()) if one[0] >= week - self._weeks]
            self._past[slot] = (*kept, (week, median(self._values)))
        self._values = ()

    def _norm_of(self, hour: int) -> tuple[float, float] | None:
        """Median and spread of the hour of the week."""
        week, slot = divmod(hour, WEEK_H)
        past = [m for w, m in self._past.get(slot, ()) if week - self._weeks <= w < week]
        if len(past) < self._least:
            return None
        middle = median(past)
        spread = max(TO_SIGMA * median(abs(one - middle) for one in past), self._floor)
        return middle, spread

    def copy(self) -> Self:
        """A signal of its own."""
        twin = object.__new__(type(self))
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        twin._past = self._past.copy()
        return twin

    def dump(self) -> Any:
        """The past."""
        return [list(self._past.items()), self._hour, self._values]

    def load(self, told: Any) -> None:
        """Take that past over."""
        past, self._hour, values = told
        self._past = {slot: tuple((w, m) for w, m in one) for slot, one in past}
        self._values = tuple(values)
        self._norm = None if self._hour is None else self._norm_of(self._hour)
