"""Tasks: which department has what to do, as the lead of a case or as a helper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, Self

from psycopg.rows import dict_row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.case_filters import LONGEST_LIST, flag, number, refuse_unknown, unfit, word
from app.http.sorting import Sort
from app.http.wiring import wiring_of
from app.policy import Actor, Reach, reach
from dispatch.workflow.state import PartState

# fmt: off
_KNOWN: Final = frozenset({
    "state", "department", "lead", "case", "category", "area", "severity", "suspended", "overdue",
    "sort", "after", "before", "limit",
})
# fmt: on

_LIST: Final[LiteralString] = """
    SELECT t.case_id, t.part, t.department, t.lead, t.task_state AS state,
           t.task_taken_by AS taken_by, t.task_ended_by AS ended_by,
           cases.number, cases.state::text AS case_state, cases.category, cases.severity,
           cases.cell, cases.address, cases.reported_at, cases.opened_at, cases.due_at,
           cases.overdue, cases.appeal,
           cases.suspended_at, cases.extension_until, cases.supervised_at, cases.round,
           cases.version
      FROM case_task t
      JOIN cases ON cases.id = t.case_id
"""


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """A page of a list of tasks; *before* is the id of a case."""

    states: tuple[PartState, ...] = ()
    department: str | None = None
    lead: bool | None = None
    case: int | None = None
    suspended: bool | None = None
    overdue: bool | None = None
    category: str | None = None
    area: str | None = None
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
            lead=flag(query, "lead"),
            case=number(query, "case", most=2**63 - 1),
            suspended=flag(query, "suspended"),
            overdue=flag(query, "overdue"),
            category=word(query, "category"),
            area=word(query, "area"),
            severity=number(query, "severity", most=4),
            sort=Sort.of(query),
            before=number(query, "before", most=2**63 - 1),
            limit=number(query, "limit", most=LONGEST_LIST) or 50,
        )

    def sql(self, within: Reach) -> tuple[LiteralString, dict[str, object]]:
        """WHERE, ORDER BY and LIMIT with parameters: the filter within a reach of cases."""
        reachable, values = within.sql()
        begins, order, placed = self.sort.sql()
        asked: list[tuple[object, LiteralString]] = [
            (self.states, "t.task_state = ANY(%(states)s)"),
            (self.department, "t.department = %(department)s"),
            (self.lead is not None, "t.lead = %(lead)s"),
            (self.case, "t.case_id = %(case)s"),
            (self.suspended is not None, "(cases.suspended_at IS NOT NULL) = %(suspended)s"),
            (self.overdue is not None, "cases.overdue = %(overdue)s"),
            (self.category, "cases.category = %(category)s"),
            (self.area, "%(area)s = ANY(cases.areas)"),
            (self.severity, "cases.severity = %(severity)s"),
            (self.before, "t.case_id < %(before)s"),
            (self.sort.after, begins),
        ]
        conditions: tuple[LiteralString, ...] = (reachable, *(sql for given, sql in asked if given))
        narrowed: LiteralString = " AND ".join(conditions)
        values |= {
            "states": [state.value for state in self.states],
            "department": self.department,
            "lead": self.lead,
            "case": self.case,
            "suspended": self.suspended,
            "overdue": self.overdue,
            "category": self.category,
            "area": self.area,
            "severity": self.severity,
            "before": self.before,
            "limit": self.limit,
            **placed,
        }
        # The tasks of one case stay together: a page ends with a whole case.
        paged: LiteralString = " ORDER BY " + order + " FETCH FIRST %(limit)s ROWS WITH TIES"
        return " WHERE " + narrowed + paged, values


def _states(text: str | None) -> tuple[PartState, ...]:
    if text is None:
        return ()
    try:
        return tuple(PartState(one) for one in text.split(","))
    except ValueError:
        known = ",".join(PartState)
        raise unfit("state", "is not known", f"one or more of {known}") from None


async def list_tasks(request: Request, actor: Actor) -> Response:
    """Tasks of the cases within the actor's reach, as `sort` says, newest case first.

    `next` is where it goes on: a number is to be sent as `before`, a text as `after`.
    """
    wanted = TaskFilter.of(request.query_params)
    condition, values = wanted.sql(reach(actor, "case.read"))
    async with (
        wiring_of(request).database.connection() as conn,
        conn.cursor(row_factory=dict_row) as cursor,
    ):
        await cursor.execute(_LIST + condition, values)
        rows: list[dict[str, Any]] = await cursor.fetchall()
    following = wanted.sort.following(rows, wanted.limit, "case_id")
    return json_answer({"tasks": rows, "next": following})


ROUTES: Final = [Route("/api/tasks", guarded("case.read", list_tasks), methods=["GET"])]
