"""Cases for staff: one with everything about it, many in a list, and the moves people make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any, Final

import msgspec
import structlog
from msgspec import Meta
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.case_filters import CaseFilter
from app.http.city import City
from app.http.decoding import decode
from app.http.texts import BadText, clean
from app.http.wiring import Wiring, wiring_of
from app.identity.postgres import write_audit
from app.policy import Actor, Resource, authorize, reach
from app.problems import Fault, Problem
from dispatch import actions
from dispatch import errors as dispatch_errors
from dispatch.case import MOVES, Case, Move, Order, moves_from
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import CaseReport, StoredEvent, history, read_case, reports_of
from dispatch.postgres.clock import now

_LARGEST_ID: Final = 2**63 - 1
_log = structlog.get_logger()


class ToldMove(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `POST /api/cases/{id}/moves`; *version* is the one the person looked at."""

    move: Move
    reason: Annotated[str, Meta(max_length=1000)] = ""
    department: Annotated[str, Meta(max_length=64)] | None = None
    version: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None


def resource_of(case: Case) -> Resource:
    """The case as the policy sees it."""
    return Resource(department=case.department, areas=frozenset(case.areas))


async def case_for(conn: AsyncConnection[Any], request: Request, actor: Actor, action: str) -> Case:
    """The case named in the path; 404 both when there is none and when the actor may not see it."""
    text = str(request.path_params["case_id"])
    case_id = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if not 0 < case_id <= _LARGEST_ID:
        raise Problem(404, "there is no such case")
    try:
        case = await read_case(conn, case_id)
    except dispatch_errors.UnknownCase as err:
        raise Problem(404, "there is no such case") from err
    authorize(actor, "case.read", resource_of(case))
    if action != "case.read":
        authorize(actor, action, resource_of(case))
    return case


async def read(request: Request, actor: Actor) -> Response:
    """One case: itself, its history, its reports, why it is where it is, and what may be done."""
    wiring = wiring_of(request)
    async with wiring.database.connection() as conn:
        case = await case_for(conn, request, actor, "case.read")
        return await _case_answer(conn, case, actor, wiring)


async def _case_answer(
    conn: AsyncConnection[Any], case: Case, actor: Actor, wiring: Wiring
) -> Response:
    events = await history(conn, case.id)
    reports = await reports_of(conn, case.id)
    return json_answer(
        {
            "case": as_told(case, wiring.current_city()),
            "history": [_event_as_told(event) for event in events],
            "reports": [_report_as_told(report) for report in reports],
            "why": case.why,
            "moves": moves_open_to(actor, case),
        }
    )


def as_told(case: Case, city: City) -> dict[str, object]:
    """The case as staff read it, with the names of category and department in both languages."""
    category = city.catalogue.find(case.category)
    department = city.departments.get(case.department) if case.department else None
    told = asdict(case)
    del told["head"], told["why"]
    return {
        **told,
        "closed": case.closed_at is not None,
        "category_name": category.name.as_dict() if category else None,
        "department_name": department.name.as_dict() if department else None,
    }


def moves_open_to(actor: Actor, case: Case) -> list[dict[str, object]]:
    """The moves that the state allows and the policy grants this actor on this case."""
    return [
        {
            "move": move,
            "needs_reason": MOVES[move].needs_reason,
            "needs_department": MOVES[move].needs_department,
        }
        for move in moves_from(case.state)
        if reach(actor, f"case.move.{move}").covers(resource_of(case))
        and not (move is Move.VERIFY and case.handled_by == actor.name)
    ]


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
    """Cases within the actor's reach, newest first; `next` goes on below the last one."""
    wiring = wiring_of(request)
    wanted = CaseFilter.of(request.query_params)
    condition, values = wanted.sql(reach(actor, "case.read"))
    async with (
        wiring.database.connection() as conn,
        conn.cursor(row_factory=dict_row) as cursor,
    ):
        await cursor.execute(_LIST + condition, values)
        rows = await cursor.fetchall()
    return json_answer({"cases": rows, "next": _next(rows, wanted.limit)})


def _next(rows: Sequence[dict[str, Any]], limit: int) -> int | None:
    return rows[-1]["id"] if len(rows) == limit else None


_LIST: Final = """
    SELECT id, number, state::text AS state, category, severity, cell, areas, department,
           ST_X(position) AS lon, ST_Y(position) AS lat, address, description, reported_at,
           opened_at, due_at, overdue, closed_at, reports, version
      FROM cases
"""


async def move(request: Request, actor: Actor) -> Response:
    """Carry out a move: 200 with the case as it is then, 409 when it cannot be made (any more)."""
    wiring = wiring_of(request)
    check_type(request, "application/json")
    told = decode(await read_body(request, JSON_LIMIT), ToldMove)
    order = _order(told, wiring.current_city())
    async with wiring.database.connection() as conn:
        case = await case_for(conn, request, actor, f"case.move.{order.move}")
        # What was authorized is this version; after a change by somebody else it is asked anew.
        seen = replace(order, version=case.version if order.version is None else order.version)
        moved = await _carry_out(conn, case, seen, actor, wiring.current_city())
        await write_audit(conn, actor.name, f"case.move.{order.move}", case.number, "done")
        answer = await _case_answer(conn, moved, actor, wiring)
    _log.info("case moved", case=moved.id, move=order.move, state=moved.state, actor=actor.name)
    return answer


def _order(told: ToldMove, city: City) -> Order:
    try:
        reason = clean("reason", told.reason, longest=1000, lines=True)
    except BadText as bad:
        raise Problem(422, "the move cannot be made as sent", bad.fault) from bad
    if told.department is not None and told.department not in city.departments:
        fault = Fault("department", "is none of this city", "take one of /api/departments")
        raise Problem(422, "the move cannot be made as sent", fault)
    return Order(told.move, reason, told.department, told.version)


async def _carry_out(
    conn: AsyncConnection[Any], case: Case, order: Order, actor: Actor, city: City
) -> Case:
    try:
        return await actions.move(
            PostgresBook(conn),
            case.id,
            order,
            actor=actor.name,
            city=city.code,
            now=await now(conn),
        )
    except (dispatch_errors.MissingReason, dispatch_errors.MissingDepartment) as err:
        raise Problem(422, str(err)) from err
    except dispatch_errors.OwnWork as err:
        raise Problem(403, str(err)) from err
    except (dispatch_errors.IllegalMove, dispatch_errors.StaleCase) as err:
        raise Problem(409, str(err)) from err


ROUTES: Final = [
    Route("/api/cases", guarded("case.read", list_cases), methods=["GET"]),
    Route("/api/cases/{case_id}", guarded("case.read", read), methods=["GET"]),
    Route("/api/cases/{case_id}/moves", guarded("case.read", move), methods=["POST"]),
]
