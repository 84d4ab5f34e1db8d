"""Living through days by the rules of the look-out, and counting what is false where nothing is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.situating.ground import Areas, Cases
from dispatch.situations.facts import Fact
from dispatch.situations.growing import grow, quiet_of
from dispatch.situations.patterns import Patterns, ScanRule
from dispatch.situations.scanning import Happened, inside, scan
from dispatch.situations.sighting import Sighting, sighted_by_scan
from dispatch.situations.situation import Situation
from dispatch.situations.zones import Zones


@dataclass(slots=True)
class Life:
    """Situations as they go; *looks* and *finds* count scans, and those that found something."""

    patterns: Patterns
    situations: list[Situation] = field(default_factory=list[Situation])
    looks: int = 0
    finds: int = 0

    def take(self, facts: Sequence[Fact], seen: Sequence[Sighting], now: datetime) -> None:
        """Let happen what follows."""
        known = [one for one in self.situations if self._matters(one, now)]
        for step in grow(known, facts, self.patterns, now, seen):
            number = step.situation.id
            if number is None:
                self.situations.append(replace(step.situation, id=len(self.situations) + 1))
            else:
                self.situations[number - 1] = step.situation

    def _matters(self, one: Situation, now: datetime) -> bool:
        return one.over_at is None or now < one.over_at + quiet_of(one, self.patterns) * 2


@dataclass(frozen=True, slots=True)
class Town:
    """Areas, and the cases of each family by its name."""

    areas: Areas
    cases: Mapping[str, Cases]
    clock: ZoneInfo

    def shuffled(self, rng: np.random.Generator) -> Town:
        """The town with nothing in it: the times of each family dealt out anew."""
        return replace(self, cases={name: one.shuffled(rng) for name, one in self.cases.items()})

    def scanned(self, rule: ScanRule, zones: Zones, now: datetime) -> list[Sighting]:
        """What a scan sees at a moment."""
        cases = self.cases[rule.family.name]
        happened = Happened(cases.areas, cases.at_s)
        spots = scan(happened, rule, zones, now, self.clock)
        return [
            sighted_by_scan(
                spot,
                rule,
                cases.facts(
                    self.areas.codes, inside(happened, spot, rule, zones, now), rule.family.name
                ),
            )
            for spot in spots
        ]


def scan_through(town: Town, patterns: Patterns, moments: Sequence[datetime]) -> Life:
    """The moments, each looked at by every scan."""
    life = Life(patterns)
    zones = {rule.name: town.areas.zones(rule) for rule in patterns.scans}
    for now in moments:
        for rule in patterns.scans:
            seen = town.scanned(rule, zones[rule.name], now)
            life.looks += 1
            life.finds += bool(seen)
            life.take([], seen, now)
    return life


@dataclass(frozen=True, slots=True)
class Falseness:
    """Looks at towns without clusters: how many found something, and how many were allowed to."""

    copies: int
    looks: int
    finds: int
    situations: int
    allowed: float

    def as_dict(self) -> dict[str, Any]:
        """With the rates that are to be compared."""
        rates = {"rate": self.finds / self.looks, "nominal": self.allowed / self.looks}
        return asdict(self) | {name: round(rate, 5) for name, rate in rates.items()}


def false_alarms(
    town: Town, patterns: Patterns, moments: Sequence[datetime], copies: int, seed: int
) -> Falseness:
    """What scans flag in shuffled copies."""
    rng = np.random.default_rng(seed)
    lives = [scan_through(town.shuffled(rng), patterns, moments) for _ in range(copies)]
    return Falseness(
        copies,
        looks=sum(one.looks for one in lives),
        finds=sum(one.finds for one in lives),
        situations=sum(len(one.situations) for one in lives),
        allowed=copies * len(moments) * sum(rule.most_p for rule in patterns.scans),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A situation: when it was first flagged, and the share of all and of its own cases by then.

    *own* are the cases of its areas where a scan found it, else its members.
    """

    place: str
    family: str
    rule: str
    flagged: str
    members_then: int
    members: int
    why: Mapping[str, Any]
    share_of_all: float
    share_of_own: float
    state: str


def found(one: Situation, town: Town, since: datetime) -> Found:
    """A situation against the cumulative curve of its family from *since* on."""
    cases, codes = town.cases[one.family], town.areas.codes
    counts = cases.at_s >= since.timestamp()
    then = counts & (cases.at_s <= one.flagged_at.timestamp())
    if one.zone:
        own = counts & np.isin(cases.areas, [codes.index(code) for code in one.zone])
        of_own = float((then & own).sum() / max(1, own.sum()))
    else:
        of_own = _joined_at_once(one) / len(one.members)
    middle = one.zone[0] if one.zone else one.facts[0].areas[0]
    return Found(
        place=town.areas.names[codes.index(middle)],
        family=one.family,
        rule=one.rules[0],
        flagged=one.flagged_at.astimezone(town.clock).isoformat(timespec="minutes"),
        members_then=_joined_at_once(one),
        members=len(one.members),
        why=one.why[one.rules[0]],
        share_of_all=round(float(then.sum() / max(1, counts.sum())), 5),
        share_of_own=round(of_own, 5),
        state=str(one.state),
    )


def _joined_at_once(one: Situation) -> int:
    return sum(member.joined_at == one.flagged_at for member in one.members.values())
