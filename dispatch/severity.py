"""How severe a case is: as its category says, raised or set by the ordered rules of the city.

Pure. 1 is the most severe, 4 the least. Every rule that holds is applied, one after the other, and
the case keeps which ones did: a screen that shows a 1 can say why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from dispatch.conditions import FACTS, Condition, Known
from dispatch.errors import BrokenCondition, BrokenSeverityRule, UndecidedCondition
from dispatch.sites import Sites
from grid.naming import Label, Row

MOST, LEAST = 1, 4
ASKED: Final[Mapping[str, str]] = {**FACTS, "near": "metres", "alarms": "list"}
"""What these conditions can ask: as routing does, with *severity* as the category has it, and

*near*, metres to the nearest site of each kind that the city has, and *alarms*, the kinds of
warnings in force in the areas of the cell.
"""


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """When the condition holds, the case is *raises* steps more severe, or as severe as *sets*."""

    row: int
    name: str
    when: Condition
    because: Label
    raises: int = 0
    sets: int | None = None

    @classmethod
    def of(cls, row: Row, kinds: Collection[str]) -> Self:
        """One rule of the part ``severity``; BrokenSeverityRule when it could not be followed.

        *kinds* are those of the sites of the city: a rule that asks for another never holds.
        """
        number, name = row["row"], row["name"]
        try:
            when = Condition.of(row["when"], ASKED)
        except BrokenCondition as broken:
            raise BrokenSeverityRule(number, name, broken.reason) from broken
        if strange := sorted(when.keys_of("near") - set(kinds)):
            known = ", ".join(sorted(kinds)) or "none: add sites"
            reason = f"there is no site of kind {strange[0]!r}; there are {known}"
            raise BrokenSeverityRule(number, name, reason)
        return cls(
            number, name, when, Label.of(row["because"]), row.get("raise") or 0, row.get("set")
        )

    def applied_to(self, severity: int) -> int:
        """The severity after the rule."""
        changed = severity - self.raises if self.sets is None else self.sets
        return min(LEAST, max(MOST, changed))


@dataclass(frozen=True, slots=True)
class Graded:
    """How severe a case is, and what led there in the form that is stored with it."""

    severity: int
    why: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class Grading:
    """The rules of a city over its sites."""

    rules: tuple[SeverityRule, ...] = ()
    sites: Sites = field(default_factory=lambda: Sites(()))

    @classmethod
    def of(cls, rules: Sequence[Row], sites: Iterable[Row]) -> Self:
        """The rules of the parts ``severity`` and ``sites``; BrokenSeverityRule for the first."""
        known = Sites.of(sites)
        return cls(tuple(SeverityRule.of(row, known.kinds) for row in rules), known)

    @property
    def names(self) -> frozenset[str]:
        """The facts that any of the rules asks for."""
        return frozenset[str]().union(*(rule.when.names for rule in self.rules))

    def grade(self, severity: int, facts: Mapping[str, object], lon: float, lat: float) -> Graded:
        """The severity of a case whose category says *severity*, at a place in degrees WGS84.

        *facts* are those of routing and *alarms*. A rule that asks what the case does not tell does
        not hold, and is named beside those that did.
        """
        if not self.rules:
            return Graded(severity)
        asked = self.names
        near = self.sites.nearest(lon, lat) if "near" in asked else {}
        told = {**facts, "near": {kind: metres for kind, (metres, _) in near.items()}}
        known, now = Known(told, asked), severity
        held: list[dict[str, object]] = []
        undecided: list[dict[str, object]] = []
        for rule in self.rules:
            try:
                holds = rule.when.holds(known)
            except UndecidedCondition as failure:
                named = {"row": rule.row, "name": rule.name}
                undecided.append({**named, "problem": failure.problem})
                continue
            if holds:
                before, now = now, rule.applied_to(now)
                held.append(_told(rule, before, now))
        why: dict[str, object] = {"category": severity, "rules": held, "undecided": undecided}
        if near:
            why["near"] = {
                kind: {"metres": round(metres, 1), "name": site.name.as_dict()}
                for kind, (metres, site) in near.items()
            }
        return Graded(now, why)


def broken_severity_rules(rules: Iterable[Row], kinds: Collection[str]) -> list[BrokenSeverityRule]:
    """Every rule of the part ``severity`` that would be refused, in order."""
    broken: list[BrokenSeverityRule] = []
    for row in rules:
        try:
            SeverityRule.of(row, kinds)
        except BrokenSeverityRule as refused:
            broken.append(refused)
    return broken


def _told(rule: SeverityRule, before: int, after: int) -> dict[str, object]:
    return {
        "row": rule.row,
        "name": rule.name,
        "because": rule.because.as_dict(),
        "from": before,
        "to": after,
    }
