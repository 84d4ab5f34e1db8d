"""Who takes a case, and why: ordered rules, then jurisdiction, then the body of the territory.

Every answer carries its reason. Rules are refused when they are loaded, not when a case meets them.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, Self

from dispatch.conditions import Known
from dispatch.errors import BrokenRule, NoDepartment, UndecidedCondition
from dispatch.routing_rule import Rule
from grid.duty import EVERY_CATEGORY, EVERYWHERE, Duty, Jurisdiction
from grid.hierarchy import Hierarchy
from grid.naming import Label, Row


@dataclass(frozen=True, slots=True)
class Undecided:
    """A rule that was passed over because the case did not tell what it asks, and what that was."""

    row: int
    name: str
    problem: str

    def as_dict(self) -> dict[str, object]:
        """The form that is stored with the case."""
        return {"row": self.row, "name": self.name, "problem": self.problem}


@dataclass(frozen=True, slots=True)
class Assignment:
    """The department that takes a case, and what led there.

    *step* says what decided, *name* which rule, row or area; *row* is the line of the city pack,
    None for a territory. *category* and *area* are what the duty or the area was written for, empty
    where that plays no part. *undecided* are rules that went before but found no answer.
    """

    department: str
    step: Literal["rule", "jurisdiction", "territory"]
    name: str
    because: Label
    row: int | None = None
    category: str = ""
    area: str = ""
    undecided: tuple[Undecided, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """The form that is stored with the case as "why"."""
        return {
            "department": self.department,
            "step": self.step,
            "name": self.name,
            "because": self.because.as_dict(),
            "row": self.row,
            "category": self.category,
            "area": self.area,
            "undecided": [rule.as_dict() for rule in self.undecided],
        }


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Who takes cases of which only some facts are known.

    *depending* are the rules that go before and ask for what is not known, in order; where none of
    them holds it is *assignment*, None when nobody was named.
    """

    assignment: Assignment | None
    depending: tuple[Rule, ...]


class Router:
    """The routing of one city at one version of rules, jurisdiction and areas."""

    def __init__(
        self, rules: Iterable[Rule], jurisdiction: Jurisdiction, hierarchy: Hierarchy
    ) -> None:
        self._rules = tuple(rules)
        self._facts = frozenset[str]().union(*(rule.when.names for rule in self._rules))
        self._jurisdiction = jurisdiction
        self._areas = {area.code: area for area in hierarchy}

    @classmethod
    def of(
        cls,
        rules: Sequence[Row],
        jurisdiction: Jurisdiction,
        hierarchy: Hierarchy,
        departments: Container[str],
    ) -> Self:
        """The router of the part ``routing``; BrokenRule for the first rule that is none."""
        return cls([Rule.of(row, departments) for row in rules], jurisdiction, hierarchy)

    def route(
        self, facts: Mapping[str, object], areas: Sequence[str], at: datetime | None = None
    ) -> Assignment:
        """Who takes the case with these facts in these areas (codes, smallest first), and why.

        The first rule that is in force *at* the aware moment and holds decides. A rule that asks
        what the case does not tell does not hold, and is named in `Assignment.undecided`; so is
        one that is in force for a time only when no moment is told. Raises NoDepartment when
        neither a rule nor a duty nor an area gives an answer, and KeyError when *facts* lacks one
        of `dispatch.conditions.FACTS`.
        """
        category = str(facts["category"])
        found, undecided = self._first_rule(facts, at)
        found = found or self._duty(category, areas) or self._territory(areas)
        if found is None:
            raise NoDepartment(category, tuple(areas))
        return replace(found, undecided=undecided) if undecided else found

    def find(self, facts: Mapping[str, object], areas: Sequence[str], at: datetime) -> str | None:
        """The department that takes the case; None where nobody answers for it."""
        try:
            return self.route(facts, areas, at).department
        except NoDepartment:
            return None

    def foresee(
        self, facts: Mapping[str, object], areas: Sequence[str], at: datetime | None = None
    ) -> Foreseen:
        """Who takes a case with these facts, whatever the others are, in these areas.

        *facts* are some of `dispatch.conditions.FACTS`, ``category`` among them. Without *at* a
        rule that is in force for a time only may decide or not.
        """
        depending: list[Rule] = []
        for rule in self._rules_at(at):
            try:
                holds = rule.when.holds(Known(facts, rule.when.names & facts.keys()))
            except UndecidedCondition:
                depending.append(rule)
            else:
                if holds and (at is not None or not rule.is_timed):
                    return Foreseen(_by_rule(rule), tuple(depending))
                if holds:
                    depending.append(rule)
        found = self._duty(str(facts["category"]), areas) or self._territory(areas)
        return Foreseen(found, tuple(depending))

    def _rules_at(self, at: datetime | None) -> Sequence[Rule]:
        """The rules in force, in order; without a moment all that ever are."""
        return self._rules if at is None else [rule for rule in self._rules if rule.in_force(at)]

    def _first_rule(
        self, facts: Mapping[str, object], at: datetime | None
    ) -> tuple[Assignment | None, tuple[Undecided, ...]]:
        undecided: list[Undecided] = []
        known = Known(facts, self._facts)
        for rule in self._rules_at(at):
            if at is None and rule.is_timed:
                undecided.append(Undecided(rule.row, rule.name, _NO_TIME_TOLD))
                continue
            try:
                if rule.when.holds(known):
                    return _by_rule(rule), tuple(undecided)
            except UndecidedCondition as failure:
                undecided.append(Undecided(rule.row, rule.name, failure.problem))
        return None, tuple(undecided)

    def _duty(self, category: str, areas: Sequence[str]) -> Assignment | None:
        duty = self._jurisdiction.responsible(category, areas)
        return _by_duty(duty, category, self._name(duty.area)) if duty else None

    def _territory(self, areas: Sequence[str]) -> Assignment | None:
        for code in areas:
            area = self._areas.get(code)
            if area and area.department:
                return _by_territory(code, area.department, area.name)
        return None

    def _name(self, area: str) -> Label:
        if area == EVERYWHERE:
            return Label("全市", "the whole city")
        return self._areas[area].name if area in self._areas else Label(area, area)


def broken_rules(rules: Iterable[Row], departments: Container[str]) -> list[BrokenRule]:
    """Every rule of the part ``routing`` that would be refused, in order; empty when none is."""
    broken: list[BrokenRule] = []
    for row in rules:
        try:
            Rule.of(row, departments)
        except BrokenRule as refused:
            broken.append(refused)
    return broken


def _by_rule(rule: Rule) -> Assignment:
    return Assignment(rule.department, "rule", rule.name, rule.because, rule.row)


_NO_TIME_TOLD: Final = "it is in force for a time only, and no time was told"
_DUTIES: Final = Label("职责表", "the table of duties")


def _by_duty(duty: Duty, category: str, area: Label) -> Assignment:
    what = _categories(duty, category)
    table = Label("目录", "the catalogue") if duty.default else _DUTIES
    because = Label(
        f"{table.zh}第 {duty.row} 行：{area.zh}，{what.zh}",
        f"row {duty.row} of {table.en}: {what.en} in {area.en}",
    )
    return Assignment(
        duty.department,
        "jurisdiction",
        f"row {duty.row}",
        because,
        duty.row,
        duty.category,
        duty.area,
    )


def _categories(duty: Duty, category: str) -> Label:
    if duty.category == EVERY_CATEGORY:
        return Label("全部类别", "every category")
    if duty.category == category:
        return Label(f"类别 {category}", f"category {category}")
    return Label(f"类别 {duty.category}…", f"categories {duty.category}…")


def _by_territory(code: str, department: str, area: Label) -> Assignment:
    because = Label(
        f"无适用规则和职责分工，由{area.zh}属地兜底",
        f"no rule and no duty applies; who answers for {area.en} takes it",
    )
    return Assignment(department, "territory", code, because, area=code)
