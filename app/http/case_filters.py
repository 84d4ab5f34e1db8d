"""What a list of cases may be narrowed by; names and values are checked, never put into SQL."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, LiteralString, Self

from starlette.datastructures import QueryParams

from app.http.sorting import Sort
from app.http.texts import BadText, clean
from app.policy import Reach
from app.problems import Fault, Problem
from dispatch.case import State

LONGEST_LIST: Final = 200
_KNOWN: Final = frozenset(
    {
        "state",
        "department",
        "category",
        "area",
        "component",
        "overdue",
        "suspended",
        "excused",
        "bbox",
        "cell",
        "severity",
        "sort",
        "after",
        "before",
        "limit",
    }
)
_FLAGS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """A page of a list. *bbox* is west, south, east, north in degrees WGS84.

    *sort* says what comes first and where the page begins; only cases with a smaller id than
    *before* are in it.
    """

    states: tuple[State, ...] = ()
    department: str | None = None
    category: str | None = None
    area: str | None = None
    component: str | None = None
    overdue: bool | None = None
    suspended: bool | None = None
    excused: bool | None = None
    bbox: tuple[float, float, float, float] | None = None
    cell: str | None = None
    severity: int | None = None
    sort: Sort = field(default_factory=Sort)
    before: int | None = None
    limit: int = 50

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """The filter a query string asks for; Problem 400 for anything it cannot mean."""
        refuse_unknown(query, _KNOWN)
        return cls(
            states=_states(query.get("state")),
            department=word(query, "department"),
            category=word(query, "category"),
            area=word(query, "area"),
            component=word(query, "component"),
            overdue=flag(query, "overdue"),
            suspended=flag(query, "suspended"),
            excused=flag(query, "excused"),
            bbox=bbox(query.get("bbox")),
            cell=word(query, "cell"),
            severity=number(query, "severity", most=4),
            sort=Sort.of(query),
            before=number(query, "before", most=2**63 - 1),
            limit=number(query, "limit", most=LONGEST_LIST) or 50,
        )

    def sql(self, within: Reach) -> tuple[LiteralString, dict[str, object]]:
        """WHERE, ORDER BY and LIMIT over `cases`, with parameters: the filter within a reach."""
        reachable, values = within.sql()
        begins, order, placed = self.sort.sql()
        asked: list[tuple[object, LiteralString]] = [
            (self.states, "state = ANY(%(states)s::case_state[])"),
            (self.department, "department = %(department)s"),
            (self.category, "category = %(category)s"),
            (self.area, "%(area)s = ANY(areas)"),
            (self.component, "component = %(component)s"),
            (self.overdue is not None, "overdue = %(overdue)s"),
            (self.suspended is not None, "(suspended_at IS NOT NULL) = %(suspended)s"),
            (
                self.excused is not None,
                "(overdue AND appeal IS NOT DISTINCT FROM 'excused') = %(excused)s",
            ),
            (self.bbox, "position && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326)"),
            (self.cell, "cell = %(cell)s"),
            (self.severity, "severity = %(severity)s"),
            (self.before, "id < %(before)s"),
            (self.sort.after, begins),
        ]
        conditions: tuple[LiteralString, ...] = (reachable, *(sql for given, sql in asked if given))
        narrowed: LiteralString = " AND ".join(conditions)
        west, south, east, north = self.bbox or (None, None, None, None)
        values |= {
            "states": [state.value for state in self.states],
            "department": self.department,
            "category": self.category,
            "area": self.area,
            "component": self.component,
            "overdue": self.overdue,
            "suspended": self.suspended,
            "excused": self.excused,
            "cell": self.cell,
            "severity": self.severity,
            "w": west,
            "s": south,
            "e": east,
            "n": north,
            "before": self.before,
            "limit": self.limit,
            **placed,
        }
        return " WHERE " + narrowed + " ORDER BY " + order + " LIMIT %(limit)s", values


def refuse_unknown(query: Mapping[str, str], known: Collection[str]) -> None:
    """Problem 400 for a filter that there is not, or is told twice: the list would be wrong."""
    told = [name for name, _ in query.multi_items()] if isinstance(query, QueryParams) else []
    if twice := sorted(name for name, count in Counter(told).items() if count > 1):
        raise unfit(twice[0][:100], "is given twice", "give it once")
    if unknown := sorted(query.keys() - set(known)):
        remedy = f"there are {', '.join(sorted(known))}"
        raise unfit(unknown[0][:100], "is not known here", remedy)


def unfit(field: str, problem: str, remedy: str) -> Problem:
    """The answer to a list that cannot be asked for."""
    return Problem(400, "the list cannot be given", Fault(field, problem, remedy))


def _states(text: str | None) -> tuple[State, ...]:
    if text is None:
        return ()
    try:
        return tuple(State(word) for word in text.split(","))
    except ValueError:
        raise unfit("state", "is not known", f"one or more of {','.join(State)}") from None


def word(query: Mapping[str, str], name: str) -> str | None:
    """A code, checked to be a storable text; None when nothing is asked."""
    if (text := query.get(name)) is None:
        return None
    try:
        return clean(name, text, longest=64)
    except BadText as bad:
        raise Problem(400, "the list cannot be given", bad.fault) from bad


def flag(query: Mapping[str, str], name: str) -> bool | None:
    """True, false, or None when nothing is asked."""
    text = query.get(name)
    if text is not None and text not in _FLAGS:
        raise unfit(name, "is neither true nor false", "send true or false")
    return None if text is None else _FLAGS[text]


def number(query: Mapping[str, str], name: str, *, most: int) -> int | None:
    """A number from 1 to *most*; None when nothing is asked."""
    if (text := query.get(name)) is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= most:
        return int(text)
    raise unfit(name, "is not a number that can be asked for", f"1 to {most}")


def bbox(text: str | None) -> tuple[float, float, float, float] | None:
    """West, south, east, north in degrees; None when nothing is asked."""
    if text is None:
        return None
    remedy = "west,south,east,north in degrees, west < east and south < north"
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise unfit("bbox", "is not four numbers", remedy) from None
    if not all(map(math.isfinite, (west, south, east, north))):
        raise unfit("bbox", "is not finite", remedy)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise unfit("bbox", "is no box", remedy)
    return west, south, east, north
