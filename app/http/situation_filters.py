"""What a list of situations may be narrowed by; what is told is checked, never put into SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, LiteralString, Self

from app.http.case_filters import LONGEST_LIST, flag, number, refuse_unknown, unfit, word
from app.http.parameters import Query, choice_query, flag_query, number_query
from app.http.sorting import Key, Sort, names_of
from app.policy import Reach
from dispatch.situations.situation import State

KEYS: Final[Mapping[str, Key]] = {
    "id": Key("situation.id", "bigint"),
    "members": Key("situation.members", "bigint"),
    "flagged_at": Key("situation.flagged_at", "timestamptz"),
    "last_at": Key("situation.last_at", "timestamptz"),
}
_LARGEST_ID: Final = 2**63 - 1
_KNOWN: Final = frozenset(
    {
        "state", "going_on", "family", "rule", "plan", "area", "acknowledged", "case", "sort",
        "after", "before", "limit",
    }
)  # fmt: skip

QUERY: Final = (
    choice_query("state", "In one of these states", tuple(State)),
    flag_query("going_on", "Whether it is neither over, nor dismissed, nor part of another"),
    Query("family", "Name of the family"),
    Query("rule", "Name of a rule or scan that takes it for a situation"),
    Query("plan", "Code of the plan that is proposed"),
    Query("area", "Code of an area that it touches"),
    flag_query("acknowledged", "Whether somebody sees to it"),
    number_query("case", "Id of a case that belongs to it", most=_LARGEST_ID),
    Query(
        "sort",
        "In which order; - is from the greatest down",
        {"type": "string", "enum": [*names_of(KEYS)], "default": "-id"},
    ),
    Query("after", "Only what comes after this: `next` of the page before, where it is a text"),
    number_query("before", "Only below this id: `next` of the page before", most=_LARGEST_ID),
    number_query("limit", "How many at the most", most=LONGEST_LIST, usual=50),
)
"""As `/api/openapi.json` tells it."""


@dataclass(frozen=True, slots=True)
class SituationFilter:
    """A page of a list of situations; *before* is an id."""

    states: tuple[State, ...] = ()
    going_on: bool | None = None
    family: str | None = None
    rule: str | None = None
    plan: str | None = None
    area: str | None = None
    acknowledged: bool | None = None
    case: int | None = None
    sort: Sort = field(default_factory=lambda: Sort(keys=KEYS))
    before: int | None = None
    limit: int = 50

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """The filter a query string asks for; Problem 400 for anything it cannot mean."""
        refuse_unknown(query, _KNOWN)
        return cls(
            states=_states(query.get("state")),
            going_on=flag(query, "going_on"),
            family=word(query, "family"),
            rule=word(query, "rule"),
            plan=word(query, "plan"),
            area=word(query, "area"),
            acknowledged=flag(query, "acknowledged"),
            case=number(query, "case", most=_LARGEST_ID),
            sort=Sort.of(query, KEYS),
            before=number(query, "before", most=_LARGEST_ID),
            limit=number(query, "limit", most=LONGEST_LIST) or 50,
        )

    def sql(self, within: Reach) -> tuple[LiteralString, dict[str, object]]:
        """WHERE, ORDER BY and LIMIT over `situation`, with parameters, within a reach."""
        reachable, values = within_sql(within)
        begins, order, placed = self.sort.sql()
        asked: list[tuple[object, LiteralString]] = [
            (self.states, "state = ANY(%(states)s)"),
            (self.going_on is not None, "(over_at IS NULL) = %(going_on)s"),
            (self.family, "family = %(family)s"),
            (self.rule, "%(rule)s = ANY(rules)"),
            (self.plan, "plan = %(plan)s"),
            (self.area, "%(area)s = ANY(areas)"),
            (self.acknowledged is not None, "(acknowledged_at IS NOT NULL) = %(acknowledged)s"),
            (
                self.case,
                "EXISTS (SELECT FROM situation_member m"
                " WHERE m.situation = situation.id AND m.case_id = %(case)s)",
            ),
            (self.before, "situation.id < %(before)s"),
            (self.sort.after, begins),
        ]
        conditions: tuple[LiteralString, ...] = (reachable, *(sql for given, sql in asked if given))
        narrowed: LiteralString = " AND ".join(conditions)
        values |= {
            "states": [state.value for state in self.states],
            "going_on": self.going_on,
            "family": self.family,
            "rule": self.rule,
            "plan": self.plan,
            "area": self.area,
            "acknowledged": self.acknowledged,
            "case": self.case,
            "before": self.before,
            "limit": self.limit,
            **placed,
        }
        return " WHERE " + narrowed + " ORDER BY " + order + " LIMIT %(limit)s", values


def within_sql(within: Reach) -> tuple[LiteralString, dict[str, object]]:
    """A reach as a condition on `situation`: it touches the areas, or has a case of theirs."""
    if within.city:
        return "true", {}
    return (
        "(situation.departments @> ARRAY[%(reach_department)s::text]"
        " OR situation.areas && %(reach_areas)s::text[])",
        {"reach_department": within.department, "reach_areas": sorted(within.areas)},
    )


def _states(text: str | None) -> tuple[State, ...]:
    if text is None:
        return ()
    try:
        return tuple(State(one) for one in text.split(","))
    except ValueError:
        raise unfit("state", "is not known", f"one or more of {','.join(State)}") from None
