"""Cases for staff: one with everything about it and what may be done, and many in a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.case_filters import CaseFilter
from app.http.city import City
from app.http.wiring import Wiring, wiring_of
from app.policy import Actor, Reach, Resource, authorize, reach
from app.problems import Problem
from dispatch.case import MOVES, Case, Move
from dispatch.errors import UnknownCase
from dispatch.postgres.cases import (
    CaseReport,
    StoredEvent,
    deadlines_of,
    history,
    read_case,
    reports_of,
)
from dispatch.postgres.clock import now
from dispatch.postgres.situations import situations_of_case
from dispatch.workflow.clocks import Deadline
from dispatch.workflow.moves import Need
from dispatch.workflow.offers import offered
from dispatch.workflow.variant import Variant
from dispatch.workflow.words import MOVE_NAMES

_LARGEST_ID: Final = 2**63 - 1


def resource_of(case: Case, action: str = "case.read") -> Resource:
    """The case as the policy sees it for an action.

    Departments that help, or have helped, see the case; what they may do is about their own task.
    """
    move = action.removeprefix("case.move.")
    own_task = case.partners if move in _BY_HELPERS else ()
    helpers = case.helpers if move == action else own_task
    return Resource(
        department=case.department, areas=frozenset(case.areas), helpers=frozenset(helpers)
    )


_BY_HELPERS: Final = frozenset(move for move, step in MOVES.items() if step.by_helper)


async def case_for(conn: AsyncConnection[Any], request: Request, actor: Actor, action: str) -> Case:
    """The case named in the path; 404 both when there is none and when the actor may not see it."""
    text = str(request.path_params["case_id"])
    case_id = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if not 0 < case_id <= _LARGEST_ID:
        raise Problem(404, "there is no such case")
    try:
        case = await read_case(conn, case_id)
    except UnknownCase as err:
        raise Problem(404, "there is no such case") from err
    authorize(actor, "case.read", resource_of(case))
    if action != "case.read":
        authorize(actor, action, resource_of(case, action))
    return case


async def read(request: Request, actor: Actor) -> Response:
    """One case: itself, its history, its reports, why it is where it is, and what may be done."""
    wiring = wiring_of(request)
    async with wiring.database.connection() as conn:
        case = await case_for(conn, request, actor, "case.read")
        return await case_answer(conn, case, actor, wiring)


async def case_answer(
    conn: AsyncConnection[Any], case: Case, actor: Actor, wiring: Wiring
) -> Response:
    """Everything about a case as one answer; its version is the entity tag."""
    events = await history(conn, case.id)
    reports = await reports_of(conn, case.id)
    deadlines = await deadlines_of(conn, case.id)
    city = wiring.current_city()
    moment = await now(conn)
    return json_answer(
        {
            "case": as_told(case, city),
            "history": [_event_as_told(event) for event in events],
            "reports": [_report_as_told(report) for report in reports],
            "deadlines": [_deadline_as_told(one) for one in deadlines],
            "why": case.why,
            "situations": await situations_of_case(conn, case.id),
            "moves": moves_open_to(actor, case, city, deadlines, moment),
        },
        headers={"etag": f'"{case.version}"'},
    )


def as_told(case: Case, city: City) -> dict[str, object]:
    """The case as staff read it, with the names of category and department in both languages."""
    category = city.catalogue.find(case.category)
    department = city.departments.get(case.department) if case.department else None
    told = asdict(case)
    del told["head"], told["why"]
    return {
        **told,
        "helpers": case.helpers,
        "excused": case.excused,
        "closed": case.closed_at is not None,
        "category_name": category.name.as_dict() if category else None,
        "department_name": department.name.as_dict() if department else None,
    }


def moves_open_to(
    actor: Actor, case: Case, city: City, deadlines: Sequence[Deadline], now: datetime
) -> list[dict[str, object]]:
    """The moves that the case, the city and the policy grant this actor, and what each needs."""

    def allows(move: Move) -> bool:
        action = f"case.move.{move}"
        return reach(actor, action).covers(resource_of(case, action))

    variant = city.terms.variant
    found = offered(
        case,
        actor=actor.name,
        by=actor.department,
        variant=variant,
        deadlines=deadlines,
        now=now,
        allows=allows,
    )
    return [_move_as_told(move, case, variant) for move in found]


def _move_as_told(move: Move, case: Case, variant: Variant) -> dict[str, object]:
    step = MOVES[move]
    return {
        "move": move,
        "name": (variant.names.get(move) or MOVE_NAMES[move]).as_dict(),
        "needs_reason": step.needs_reason,
        "needs_department": step.needs_department_of(case),
        "needs_deadline": Need.DEADLINE in step.needs,
        "needs_severity": Need.SEVERITY in step.needs,
        "needs_case": Need.CASE in step.needs,
        "takes_deadline": step.takes_deadline,
        "needs_photo": move in variant.photographed,
        "needs_correction": Need.CORRECTION in step.needs,
    }


def _deadline_as_told(one: Deadline) -> dict[str, object]:
    return {"kind": one.kind, "due_at": one.due_at, "state": one.ending or "pending"}


def _event_as_told(event: StoredEvent) -> dict[str, object]:
    fields = {k: v for k, v in event.fields.items() if k not in _TOLD_BESIDE}
    return {
        "seq": event.seq,
        "kind": event.kind,
        "at": event.at,
        "actor": event.actor,
        "fields": fields,
        "hash": event.hash.hex(),
    }


_TOLD_BESIDE: Final = frozenset({"seq", "kind", "at", "actor", "case"})


def _report_as_told(report: CaseReport) -> dict[str, object]:
    return asdict(report)


async def list_cases(request: Request, actor: Actor) -> Response:
    """Cases within the actor's reach, as `sort` says, newest first; `next` is where it goes on.

    A number is to be sent as `before`, a text as `after`.
    """
    wanted = CaseFilter.of(request.query_params)
    async with wiring_of(request).database.connection() as conn:
        return json_answer(await list_within(conn, wanted, reach(actor, "case.read")))


async def list_within(
    conn: AsyncConnection[Any], wanted: CaseFilter, within: Reach
) -> dict[str, object]:
    """A page of the cases that lie within a reach, as the doors tell it."""
    condition, values = wanted.sql(within)
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_LIST + condition, values)
        rows = await cursor.fetchall()
    return {"cases": rows, "next": wanted.sort.following(rows, wanted.limit, "id")}


_LIST: Final = """
    SELECT id, number, state::text AS state, category, severity, cell, areas, department,
           ST_X(position) AS lon, ST_Y(position) AS lat, address, description, reported_at,
           opened_at, due_at, overdue, closed_at, reports, version, round, suspended_at,
           supervised_at, appeal, helpers, merged_into
      FROM cases
"""


ROUTES: Final = [
    Route("/api/cases", guarded("case.read", list_cases), methods=["GET"]),
    Route("/api/cases/{case_id}", guarded("case.read", read), methods=["GET"]),
]
