"""What a city expects of its own rules: this report goes to that department. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dispatch.calendar import WorkingCalendar
from dispatch.case_facts import facts_of, time_facts, told_facts
from dispatch.errors import NoDepartment
from dispatch.routing import Assignment, Router
from grid.catalogue import Category
from grid.cell import Place


@dataclass(frozen=True, slots=True)
class Expectation:
    """One report and where it must go; *row* counts in the city pack, *at* is aware.

    *rule* and *step* say which rule, and which step of the routing, must be what sends it there;
    None leaves that open.
    """

    row: int
    category: Category
    place: Place
    at: datetime
    department: str
    rule: str | None = None
    step: str | None = None
    channel: str = "api"
    attributes: Mapping[str, str] | None = None
    description: str = ""

    def facts(self, calendar: WorkingCalendar) -> dict[str, object]:
        """All that the rules may ask about the report."""
        return {
            **facts_of(self.category, self.place.cell, self.place.areas),
            **time_facts(calendar, self.at),
            **told_facts(self.channel, self.attributes or {}, self.description),
        }


@dataclass(frozen=True, slots=True)
class Missed:
    """An expectation that the rules do not meet: of which *field*, and what came instead, why."""

    field: str
    expected: str
    came: str


def missed(expected: Expectation, router: Router, calendar: WorkingCalendar) -> Missed | None:
    """How the routing misses what is expected of it; None when it does not."""
    try:
        found = router.route(expected.facts(calendar), expected.place.areas, expected.at)
    except NoDepartment as nobody:
        return Missed("department", expected.department, str(nobody))
    rule = found.name if found.step == "rule" else None
    came = {"department": found.department, "rule": rule, "step": found.step}
    asked = {"rule": expected.rule, "step": expected.step}
    wanted = {"department": expected.department} | {k: v for k, v in asked.items() if v is not None}
    for field, value in wanted.items():
        if came[field] != value:
            return Missed(field, value, _told(found))
    return None


def _told(found: Assignment) -> str:
    """The decision in one sentence, with the rules that could give no answer before it."""
    told = f"{found.department} by {found.step} {found.name} ({found.because.en})"
    passed = "; ".join(f"rule {one.name} was passed over: {one.problem}" for one in found.undecided)
    return f"{told}; {passed}" if passed else told
