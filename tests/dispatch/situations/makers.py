"""Facts and patterns for tests of situations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.situations.facts import Fact, Kind, Source
from dispatch.situations.patterns import BurstRule, Family, Patterns, ScanRule
from grid.naming import Label

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HERE = (113.1, 29.2)
METRE = 1 / 111_000
"""About so many degrees of latitude."""

FLOODING = Family("flooding", Label("内涝", "flooding"), ("01072", "0106"), frozenset({"water"}))


def fact(number: int, *, minutes: float = 0.0, north_m: float = 0.0, **changes: Any) -> Fact:
    """A case of flooding, so many metres north of the middle and minutes after noon."""
    told: dict[str, Any] = {
        "kind": Kind.CASE,
        "ref": str(number),
        "at": NOON + timedelta(minutes=minutes),
        "lon": HERE[0],
        "lat": HERE[1] + north_m * METRE,
        "areas": ("990101001001", "990101001", "990101"),
        "source": Source.CITIZEN,
        "category": "01072",
    }
    return Fact(**told | changes)


def alarm(key: str, **changes: Any) -> Fact:
    """An alarm of the water gauge."""
    told: dict[str, Any] = {
        "kind": Kind.ALARM, "ref": key, "source": Source.SENSOR, "category": "",
        "observed_property": "water", "level": 3,
    }  # fmt: skip
    return fact(0, **told | changes)


def rule(**changes: Any) -> BurstRule:
    """Three of flooding within 300 m and an hour; over after four quiet hours."""
    told: dict[str, Any] = {
        "name": "flooded", "family": FLOODING, "text": Label("积水聚集", "Flooded streets"),
        "at_least": 3, "radius_m": 300.0, "within": timedelta(hours=1),
        "quiet": timedelta(hours=4), "plan": "urban-flooding",
    }  # fmt: skip
    return BurstRule(**told | changes)


def scan_rule(**changes: Any) -> ScanRule:
    """A daily look for hot spots of flooding."""
    told: dict[str, Any] = {
        "name": "flood-spots", "family": FLOODING, "text": Label("积水热点", "Hot spots"),
        "slot": timedelta(days=1), "windows": (1, 3, 7), "history": timedelta(days=365),
        "every": timedelta(days=1), "recurrence": timedelta(days=365), "quiet": timedelta(days=7),
    }  # fmt: skip
    return ScanRule(**told | changes)


def patterns(*rules: BurstRule, scans: tuple[ScanRule, ...] = ()) -> Patterns:
    """The patterns of a city with these rules, the one rule when none is named."""
    return Patterns((FLOODING,), rules or (rule(),), scans)
