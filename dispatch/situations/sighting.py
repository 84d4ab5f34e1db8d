"""Sightings: what a rule or a scan takes for one situation at this moment, not yet held against
the situations that are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dispatch.situations.facts import Fact, Kind
from dispatch.situations.gathering import gather, weight
from dispatch.situations.patterns import BurstRule, Patterns, ScanRule
from dispatch.situations.scan import HotSpot


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one rule sees: these facts are one thing, and why."""

    family: str
    way: str
    rule: str
    facts: tuple[Fact, ...]
    why: dict[str, Any]
    plan: str | None = None
    zone: tuple[str, ...] = ()


def sightings(facts: Sequence[Fact], patterns: Patterns) -> list[Sighting]:
    """What the simple rules see, in the order of the pack."""
    return [
        Sighting(rule.family.name, "rule", rule.name, one, _why(one, rule), rule.plan)
        for rule in patterns.rules
        for one in gather(facts, rule)
    ]


def sighted_by_scan(spot: HotSpot, rule: ScanRule, facts: Iterable[Fact]) -> Sighting:
    """What a scan sees: a hot spot with the *facts* of its areas and window."""
    why: dict[str, Any] = {
        "observed": spot.observed,
        "expected": round(spot.expected, 3),
        "window_s": spot.window * rule.slot.total_seconds(),
        "areas": len(spot.areas),
        "p": float(f"{spot.chance.p:.3g}"),
        "by_tail": spot.chance.by_tail,
        "replicates": spot.chance.replicates,
        "recurrence_s": spot.chance.recurrence(rule.every).total_seconds(),
        "score": round(spot.score, 3),
    }
    return Sighting(rule.family.name, "scan", rule.name, tuple(facts), why, rule.plan, spot.areas)


def _why(facts: Sequence[Fact], rule: BurstRule) -> dict[str, Any]:
    alarm = rule.alarm
    return {
        "things": weight(facts),
        "told": weight(facts, counts_reports=True),
        "at_least": rule.at_least,
        "counts": "reports" if rule.counts_reports else "things",
        "radius_m": rule.radius_m,
        "within_s": rule.within.total_seconds(),
        "sources": sorted({str(source) for fact in facts for source in fact.sources}),
        "alarms": sum(fact.kind is Kind.ALARM for fact in facts),
        "needed": {"property": alarm.observed_property, "level": alarm.level} if alarm else None,
    }
