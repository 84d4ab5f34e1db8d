"""Patterns: what a city takes for one situation, from the part ``situations`` of its pack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

from dispatch.situations.facts import Fact
from grid.naming import Label


@dataclass(frozen=True, slots=True)
class Family:
    """What belongs together: categories by the beginnings of their codes, observed properties."""

    name: str
    text: Label
    categories: tuple[str, ...]
    properties: frozenset[str] = frozenset()

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """The family of one row of the part."""
        return cls(
            row["name"],
            Label.of(row["text"]),
            tuple(row["categories"]),
            frozenset(row["properties"]),
        )

    def holds(self, fact: Fact) -> bool:
        """Whether the fact is of this family, by its category or by what was measured."""
        by_category = bool(fact.category) and fact.category.startswith(self.categories)
        return by_category or fact.observed_property in self.properties


@dataclass(frozen=True, slots=True)
class AlarmNeeded:
    """An alarm without which a rule does not hold: of a property, at least as grave as *level*."""

    observed_property: str
    level: int

    def met_by(self, fact: Fact) -> bool:
        """Whether the fact is such an alarm; a case that a sensor opened has no level and is."""
        if fact.observed_property != self.observed_property:
            return False
        return fact.level is None or fact.level <= self.level


@dataclass(frozen=True, slots=True)
class BurstRule:
    """At least so many things of a family within a radius and a time are one situation.

    *radius_m* is measured from one of them, *within* counts back from the same one. *sources* is
    how many kinds of source must agree. With *counts_reports* everybody who told counts.
    """

    name: str
    family: Family
    text: Label
    at_least: int
    radius_m: float
    within: timedelta
    quiet: timedelta
    sources: int = 1
    counts_reports: bool = False
    alarm: AlarmNeeded | None = None
    area: str | None = None
    plan: str | None = None

    @classmethod
    def of(cls, row: dict[str, Any], family: Family) -> Self:
        """The rule of one row of the part."""
        alarm = row["alarm"]
        return cls(
            name=row["name"],
            family=family,
            text=Label.of(row["text"]),
            at_least=row["at_least"],
            radius_m=row["radius_m"],
            within=timedelta(seconds=row["within_s"]),
            quiet=timedelta(seconds=row["quiet_s"]),
            sources=row["sources"],
            counts_reports=row["counts"] == "reports",
            alarm=AlarmNeeded(alarm["property"], alarm["level"]) if alarm else None,
            area=row["area"],
            plan=row["plan"],
        )

    def concerns(self, fact: Fact) -> bool:
        """Whether the fact is of the family and lies where the rule looks."""
        return self.family.holds(fact) and (self.area is None or self.area in fact.areas)


@dataclass(frozen=True, slots=True)
class ScanRule:
    """A look for hot spots of a family, against what is usual there.

    Time is counted in slots back from now, *windows* are how many of them a hot spot may have
    lasted. *neighbours* is how many areas it may cover at most, *radius_m* how far from the first.
    Chance alone makes one in *recurrence*, at most.
    """

    name: str
    family: Family
    text: Label
    slot: timedelta
    windows: tuple[int, ...]
    history: timedelta
    every: timedelta
    recurrence: timedelta
    quiet: timedelta
    neighbours: int = 12
    radius_m: float = 3_000.0
    at_least: int = 3
    plan: str | None = None

    @classmethod
    def of(cls, row: dict[str, Any], family: Family) -> Self:
        """The look of one row of the part."""
        return cls(
            name=row["name"],
            family=family,
            text=Label.of(row["text"]),
            slot=timedelta(seconds=row["slot_s"]),
            windows=tuple(row["windows"]),
            history=timedelta(seconds=row["history_s"]),
            every=timedelta(seconds=row["every_s"]),
            recurrence=timedelta(seconds=row["recurrence_s"]),
            quiet=timedelta(seconds=row["quiet_s"]),
            neighbours=row["neighbours"],
            radius_m=row["radius_m"],
            at_least=row["at_least"],
            plan=row["plan"],
        )

    @property
    def longest(self) -> timedelta:
        """The longest time that a hot spot may have lasted."""
        return self.slot * max(self.windows)

    @property
    def most_p(self) -> float:
        """The chance of a false hot spot that one look may take: looks come every *every*."""
        return min(1.0, self.every / self.recurrence)


@dataclass(frozen=True, slots=True)
class Patterns:
    """All that a city takes for situations; empty where its pack says nothing."""

    families: tuple[Family, ...] = ()
    rules: tuple[BurstRule, ...] = ()
    scans: tuple[ScanRule, ...] = ()
    texts: dict[str, Label] = field(default_factory=dict[str, Label])

    @classmethod
    def of(cls, part: dict[str, Any] | None) -> Self:
        """The patterns of the part ``situations``; None where there is none."""
        if part is None:
            return cls()
        families = {row["name"]: Family.of(row) for row in part["families"]}
        rules = tuple(BurstRule.of(row, families[row["family"]]) for row in part["rules"])
        scans = tuple(ScanRule.of(row, families[row["family"]]) for row in part["scans"])
        texts = {one.name: one.text for one in (*rules, *scans)}
        return cls(tuple(families.values()), rules, scans, texts)

    def families_of(self, fact: Fact) -> list[Family]:
        """The families that a fact is of."""
        return [one for one in self.families if one.holds(fact)]

    def rules_of(self, family: str) -> list[BurstRule]:
        """The rules about a family, in the order of the pack."""
        return [one for one in self.rules if one.family.name == family]

    @property
    def horizon(self) -> timedelta:
        """How far back facts matter to the rules."""
        spans = [rule.within * 2 + rule.quiet for rule in self.rules]
        return max([*spans, *(scan.quiet for scan in self.scans)], default=timedelta())

    @property
    def categories(self) -> tuple[str, ...]:
        """The beginnings of all categories that are of some family."""
        return _sorted(one.categories for one in self.families)

    @property
    def properties(self) -> tuple[str, ...]:
        """All observed properties that are of some family."""
        return _sorted(one.properties for one in self.families)


def _sorted(many: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({one for some in many for one in some}))


def named(rules: Sequence[BurstRule | ScanRule], name: str) -> BurstRule | ScanRule | None:
    """The rule with the name, or None: a pack may have dropped it."""
    return next((one for one in rules if one.name == name), None)
