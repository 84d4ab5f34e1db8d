"""The federal holidays of the United States, on the days they are observed."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from grid.naming import Label

MONDAY, THURSDAY = 0, 3
LAST: Final = -1
# Name, month, and either the day or which weekday of the month.
FIXED: Final = (
    (Label("元旦", "New Year's Day"), 1, 1),
    (Label("六月节", "Juneteenth"), 6, 19),
    (Label("独立日", "Independence Day"), 7, 4),
    (Label("退伍军人节", "Veterans Day"), 11, 11),
    (Label("圣诞节", "Christmas Day"), 12, 25),
)
MOVABLE: Final = (
    (Label("马丁·路德·金日", "Martin Luther King Jr. Day"), 1, MONDAY, 3),
    (Label("总统日", "Washington's Birthday"), 2, MONDAY, 3),
    (Label("阵亡将士纪念日", "Memorial Day"), 5, MONDAY, LAST),
    (Label("劳动节", "Labor Day"), 9, MONDAY, 1),
    (Label("哥伦布日", "Columbus Day"), 10, MONDAY, 2),
    (Label("感恩节", "Thanksgiving Day"), 11, THURSDAY, 4),
)


def holidays(first: int, last: int) -> list[dict[str, str]]:
    """The lines of ``calendar.csv`` for all days observed in the years *first* to *last*."""
    days = [one for year in range(first, last + 2) for one in _year(year)]
    return [
        {"date": day.isoformat(), "kind": "holiday", "name_zh": name.zh, "name_en": name.en}
        for day, name in sorted(days, key=lambda one: one[0])
        if first <= day.year <= last
    ]


def _year(year: int) -> Iterator[tuple[date, Label]]:
    for name, month, day in FIXED:
        yield _observed(date(year, month, day)), name
    for name, month, weekday, nth in MOVABLE:
        yield _nth(year, month, weekday, nth), name


def _observed(day: date) -> date:
    """A holiday on a Saturday is kept on the Friday before, on a Sunday on the Monday after."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    if nth == LAST:
        following = date(year + month // 12, month % 12 + 1, 1)
        return _nth(following.year, following.month, weekday, 1) - timedelta(days=7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
