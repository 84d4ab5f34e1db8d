"""What the rules of a sound pack do: as expected or not, and to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from zoneinfo import ZoneInfo

from app.city.expecting import Known, Spots, hold
from app.city.lines import Line
from app.city.routing import FILE
from app.city.territory import Areas, Cells
from dispatch.calendar import WorkingCalendar
from dispatch.conditions import Known as Told
from dispatch.errors import UndecidedCondition
from dispatch.expecting import Expectation
from dispatch.routing import Router
from dispatch.routing_rule import Rule
from dispatch.rule_review import Overlap, Unreachable, review
from grid.catalogue import Catalogue
from grid.cell import Place
from grid.department import Departments
from grid.duty import Jurisdiction
from grid.hierarchy import Hierarchy


@dataclass(frozen=True, slots=True)
class Town:
    """All that the rules are about."""

    rules: tuple[Rule, ...]
    router: Router
    catalogue: Catalogue
    calendar: WorkingCalendar
    places: tuple[Place, ...]
    known: Known

    @classmethod
    def of(cls, parts: Mapping[str, Any], areas: Areas, cells: Cells, zone: ZoneInfo) -> Self:
        """The town of a pack in which nothing is wrong."""
        hierarchy = Hierarchy.of(areas.rows)
        departments = Departments.of(parts["departments"])
        duties = Jurisdiction.of(parts["jurisdiction"])
        rules = tuple(Rule.of(row, departments) for row in parts["routing"])
        catalogue = Catalogue.of(parts["catalogue"])
        names = [rule.name for rule in rules]
        return cls(
            rules,
            Router(rules, duties, hierarchy),
            catalogue,
            WorkingCalendar.of(parts["calendar"]),
            tuple(Place(row["code"], hierarchy.path(row["area"])) for row in cells.rows),
            Known(catalogue, departments, names, Spots(areas, cells), zone),
        )


def check_rules(lines: Sequence[Line], expected: Sequence[Line], town: Town) -> None:
    """Note expectations that are missed and rules that never decide, hint at what overlaps.

    An overlap is settled, and not told, when an expectation is a case of it: then somebody has
    thought of it.
    """
    held = hold(expected, town.known, town.router, town.calendar)
    found = review(town.rules, tuple(town.catalogue), town.places)
    for one in found.unreachable:
        lines[one.rule.row - 1].wrong("when", *_never_decides(one))
    settled = {pair for one in held for pair in _settled(one, town)}
    for overlap in found.overlaps:
        if (overlap.first.row, overlap.second.row) not in settled:
            _hint(lines[overlap.second.row - 1], *_overlaps(overlap))
    for rule in found.open:
        _hint(lines[rule.row - 1], *_untold(rule))
    if not found.complete:
        problem = "there are too many rules to hold each against all others"
        lines[0].faults.hint(FILE, None, "rule", problem, "Other overlaps than these may be there")


def _hint(line: Line, problem: str, remedy: str) -> None:
    line.faults.hint(line.file, line.row, "when", problem, remedy)


def _settled(expected: Expectation, town: Town) -> list[tuple[int, int]]:
    """The pairs of rules, the first of which decides the expected case and the other holds too."""
    facts = expected.facts(town.calendar)
    holding = [
        rule.row for rule in town.rules if rule.in_force(expected.at) and _holds(rule, facts)
    ]
    return [(holding[0], other) for other in holding[1:]]


def _holds(rule: Rule, facts: Mapping[str, object]) -> bool:
    try:
        return rule.when.holds(Told(facts, rule.when.names))
    except UndecidedCondition:
        return False


def _never_decides(found: Unreachable) -> tuple[str, str]:
    if not found.before:
        problem = f"rule {found.rule.name!r} holds in no case that this city can have"
        return problem, "Correct the codes in it, or remove it"
    names = ", ".join(repr(rule.name) for rule in found.before[:5])
    take = "takes" if len(found.before) == 1 else "take"
    problem = f"rule {found.rule.name!r} never decides: {names} before it {take} all its cases"
    return problem, "Move it up, make what stands before it narrower, or remove it"


def _overlaps(found: Overlap) -> tuple[str, str]:
    first, second = found.first, found.second
    case = ", ".join(f"{name} {value!r}" for name, value in found.case.items()) or "any case"
    problem = (
        f"rules {first.name!r} (row {first.row}) and {second.name!r} both hold for {case}: "
        f"{first.department} takes it, not {second.department}"
    )
    return problem, "If that is meant, say so with [[expect]]; else make one of them narrower"


def _untold(rule: Rule) -> tuple[str, str]:
    problem = (
        f"whether rule {rule.name!r} ever decides could not be told: it asks what people write"
    )
    return problem, "Show a case that it decides with [[expect]]"
