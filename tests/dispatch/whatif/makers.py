"""Past cases of Littletown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dispatch.decide import Opened, open_case
from dispatch.report import Report
from dispatch.routing import Router
from dispatch.rulebook import Rulebook
from dispatch.whatif.past import Past, Turn, Verdict, reason
from grid.department import Departments
from grid.duty import Jurisdiction
from tests.makers import NOON, PARTS, label, report, rulebook

RULES = rulebook()
HOUR = timedelta(hours=1)


def opened(told: Report, rules: Rulebook = RULES) -> Opened:
    assert told.lon is not None
    assert told.lat is not None
    place = rules.grid.place(told.lon, told.lat)
    assert place is not None
    return open_case(told, place, rules, case_id=1, now=NOON)


def past(*turns: Turn, missed_at: datetime | None = None, **changes: Any) -> Past:
    """A case as Littletown's rules decided it at noon; *changes* are those of its report."""
    told = report(**changes)
    first = opened(told)
    done = bool(turns) and turns[-1].kind == "handled"
    return Past(
        case_id=1,
        number=first.case.number,
        report=told,
        opened_at=NOON,
        verdict=Verdict(
            department=first.case.department,
            cell=first.case.cell,
            areas=first.case.areas,
            severity=first.case.severity,
            due=first.due,
            missed_at=missed_at,
            routing=reason(first.case.why, "routing"),
            limit=reason(first.case.why, "limit"),
        ),
        turns=turns,
        handled_by=first.case.department if done else None,
    )


def with_rule(when: str, department: str) -> Rulebook:
    """Littletown's rules with one more in front."""
    rule = {"row": 1, "name": "tried", "when": when, "department": department,
            "because": label("It is tried")}  # fmt: skip
    departments = Departments.of(PARTS["departments"])
    duties = Jurisdiction.of(PARTS["jurisdiction"])
    router = Router.of([rule, *PARTS["routing"]], duties, RULES.grid.hierarchy, departments)
    return replace(RULES, router=router)
