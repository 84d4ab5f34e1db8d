"""What routing rules may ask about a case, put together from where each fact is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dispatch.calendar import WorkingCalendar
from grid.catalogue import Category


def facts_of(category: Category, cell: str, areas: Sequence[str]) -> dict[str, object]:
    """What is known of a case of a category in a cell before anybody reports it."""
    return {
        "category": category.code,
        "class_code": category.class_code,
        "kind": category.kind,
        "severity": category.severity,
        "areas": list(areas),
        "cell": cell,
    }


def time_facts(calendar: WorkingCalendar, at: datetime) -> dict[str, object]:
    """What the clocks and the calendar of the city say at *at*."""
    local = at.astimezone(calendar.timezone)
    return {
        "hour": local.hour,
        "weekday": local.isoweekday(),
        "workday": calendar.is_workday(local.date()),
    }


def told_facts(channel: str, attributes: Mapping[str, str], description: str) -> dict[str, object]:
    """What only the report tells."""
    return {"channel": channel, "attributes": dict(attributes), "description": description}
