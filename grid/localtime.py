"""From what a clock on the wall says to the instant, also on days when the clocks change.

A time the clocks skip is the instant they skip it; a time they show twice is the first of the two.
Both keep the order: a later wall time is never an earlier instant.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant, aware UTC, at which clocks in *zone* reach the naive *wall* time."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    last = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return first if first <= last else clock_change(zone, last, first)


def wall_time(at: datetime, zone: ZoneInfo) -> datetime:
    """What clocks in *zone* say at the aware *at*, naive; never running backwards.

    While the clocks show an hour for the second time, the end of that hour is given.
    """
    local = at.astimezone(zone)
    if not local.fold:
        return local.replace(tzinfo=None)
    first = local.replace(fold=0).astimezone(UTC)
    change = clock_change(zone, first, at.astimezone(UTC))
    return (change - _SECOND).astimezone(zone).replace(tzinfo=None, fold=0) + _SECOND


def clock_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first whole second in (before, after] with the UTC offset that *after* has.

    Both are aware UTC with exactly one change of the clocks between them.
    """
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def at_minute(day: date, minute: int) -> datetime:
    """The naive wall time *minute* minutes after midnight; 1440 is the midnight that ends *day*."""
    return datetime.combine(day, time()) + timedelta(minutes=minute)
