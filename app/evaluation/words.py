"""How figures and periods are said to people."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from app.evaluation.asking import GridAsked, Question, month_of
from dispatch.evaluation.indicators import Indicator
from dispatch.evaluation.tables import Counts
from grid.naming import Label

NONE: Final = "—"
"""Shown where there was nothing to be measured."""

GRIDS: Final = {
    GridAsked.THEN: Label("按当时网格", "as then"),
    GridAsked.NOW: Label("按现行网格", "as now"),
}


def shown(indicator: Indicator, counts: Counts) -> str:
    """The value of an indicator: percents, or hours."""
    value = indicator.of(counts).value
    if value is None:
        return NONE
    return f"{value / 3600:,.1f} h" if indicator.unit == "s" else f"{value:.1%}"


def moment_told(moment: datetime, timezone: str) -> str:
    """A moment by the clocks of the city, to the minute."""
    return f"{moment.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M}"


def span_told(question: Question, timezone: str) -> Label:
    """The period: a month by its name, anything else by its ends."""
    period, zone = question.period, ZoneInfo(timezone)
    first = period.begin.astimezone(zone)
    if month_of(f"{first:%Y-%m}", timezone) == (period.begin, period.until):
        return Label(f"{first.year}年{first.month}月", f"{first:%B %Y}")
    ends = [moment_told(one, timezone) for one in (period.begin, period.until)]
    return Label(*[" – ".join(ends)] * 2)


def period_told(question: Question, timezone: str) -> Label:
    """The period, what was known of it, and on which grid."""
    span, grid = span_told(question, timezone), GRIDS[question.grid]
    known = moment_told(question.period.known_at, timezone)
    return Label(
        f"{span.zh} · 数据截至 {known} · {grid.zh}", f"{span.en} · as known at {known} · {grid.en}"
    )
