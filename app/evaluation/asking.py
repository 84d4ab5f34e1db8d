"""What is asked of an evaluation: by what, over which period, on which grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from dispatch.evaluation.counts import Period
from dispatch.evaluation.meanings import Post
from grid.localtime import instant

CELL: Final = "cell"
POSTS: Final = (Post.DEPARTMENT, Post.INSPECTOR, Post.OPERATOR, Post.DISPATCHER)
LONGEST: Final = timedelta(days=5 * 366)
"""A period that is longer is a slip of the keyboard."""


class GridAsked(StrEnum):
    """Whose cells cases are counted under."""

    THEN = "then"  # the cell that each case was opened in
    NOW = "now"  # the cell that holds its position today


@dataclass(frozen=True, slots=True)
class Question:
    """*by* is ``cell``, a level of areas of the city, or a post."""

    by: str
    period: Period
    grid: GridAsked = GridAsked.THEN

    @property
    def post(self) -> Post | None:
        """The post that is asked about; None for a place."""
        return Post(self.by) if self.by in POSTS else None


class WrongQuestion(ValueError):
    """A question that has no answer: which part of it, what is wrong, what to do."""

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(f"{field} {problem}: {remedy}")
        self.field, self.problem, self.remedy = field, problem, remedy


def known_by(levels: Sequence[str]) -> tuple[str, ...]:
    """By what can be asked in a city with these levels of areas, widest first."""
    return (*levels, CELL, *POSTS)


def check_period(
    begin: datetime | None, until: datetime | None, known_at: datetime | None, now: datetime
) -> Period:
    """The period asked for; WrongQuestion when it is none.

    Without a beginning it is this month so far, in the time zone that *now* is in; without an end
    up to now. Nothing later than now is known, and nothing later than the end unless it is asked
    for: so a period that is over has the same figures for ever.
    """
    begin = begin or datetime.combine(now.date().replace(day=1), time(), now.tzinfo)
    until = until or now
    if not begin < until:
        raise WrongQuestion("until", "is not later than the beginning", "swap or correct the two")
    if until - begin > LONGEST:
        raise WrongQuestion("from", "is too long before the end", "ask for five years at most")
    if begin >= now:
        raise WrongQuestion("from", "lies in the future", "ask for what has been")
    if known_at is not None and known_at < min(until, now):
        raise WrongQuestion("as_of", "is before the end", "leave it out, or give a later time")
    return Period(begin, until, min(known_at or until, now))


def moment_of(text: str, timezone: str) -> datetime | None:
    """A day (its midnight) or a time, by the clocks of the city unless it has an offset.

    None for anything else.
    """
    zone = ZoneInfo(timezone)
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
        wall = datetime.combine(day, time()) if day else datetime.fromisoformat(text)
        return wall.astimezone(UTC) if wall.tzinfo else instant(wall, zone)
    except (ValueError, OverflowError):
        return None


def month_of(text: str, timezone: str) -> tuple[datetime, datetime] | None:
    """The first instant of a month written 2026-11 and that of the next; None for no month."""
    try:
        first = date.fromisoformat(f"{text}-01")
        following = (first + timedelta(days=31)).replace(day=1)
        zone = ZoneInfo(timezone)
        begin, until = (instant(datetime.combine(day, time()), zone) for day in (first, following))
    except (ValueError, OverflowError):
        return None
    return begin, until
