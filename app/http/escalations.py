"""Escalations: what was told of which case, how it was sent, and who sees to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, LiteralString, Self

import structlog
from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.acknowledging import acknowledge
from app.http.access import guarded
from app.http.answers import json_answer
from app.http.case_filters import LONGEST_LIST, flag, number, refuse_unknown
from app.http.cases import resource_of
from app.http.city import City
from app.http.wiring import wiring_of
from app.identity.postgres import write_audit
from app.policy import Actor, Reach, authorize, reach
from app.problems import Problem
from dispatch.escalation.errors import AcknowledgedBy, NotTold, UnknownEscalation
from dispatch.postgres.cases import read_case
from dispatch.postgres.clock import now
from dispatch.postgres.escalations import list_escalations, read_escalation
from grid.naming import Label

_KNOWN: Final = frozenset({"mine", "open", "failed", "case", "before", "limit"})
_LARGEST_ID: Final = 2**63 - 1
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class EscalationFilter:
    """A page of a list; *mine* are those that the asking person was told of, *before* is an id.

    *failed* are those of which some message did not get through.
    """

    mine: bool | None = None
    open: bool | None = None
    failed: bool | None = None
    case: int | None = None
    before: int | None = None
    limit: int = 50

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """The filter a query string asks for; Problem 422 for anything it cannot mean."""
        refuse_unknown(query, _KNOWN)
        return cls(
            mine=flag(query, "mine"),
            open=flag(query, "open"),
            failed=flag(query, "failed"),
            case=number(query, "case", most=_LARGEST_ID),
            before=number(query, "before", most=_LARGEST_ID),
            limit=number(query, "limit", most=LONGEST_LIST) or 50,
        )

    def sql(self, within: Reach, login: str) -> tuple[LiteralString, dict[str, object]]:
        """A condition with its parameters: the filter of a person within a reach of cases."""
        reachable, values = within.sql()
        asked: list[tuple[object, LiteralString]] = [
            (self.mine is not None, "(e.people @> ARRAY[%(login)s::text]) = %(mine)s"),
            (self.open is not None, "(e.acknowledged_at IS NULL) = %(open)s"),
            (
                self.failed is not None,
                "EXISTS (SELECT FROM notice n WHERE n.escalation = e.id AND n.state = 'dead')"
                " = %(failed)s",
            ),
            (self.case, "e.case_id = %(case)s"),
            (self.before, "e.id < %(before)s"),
        ]
        conditions: tuple[LiteralString, ...] = (reachable, *(sql for given, sql in asked if given))
        narrowed: LiteralString = " AND ".join(conditions)
        values |= {
            "mine": self.mine,
            "open": self.open,
            "failed": self.failed,
            "case": self.case,
            "before": self.before,
            "limit": self.limit,
            "login": login,
        }
        return narrowed, values


async def list_all(request: Request, actor: Actor) -> Response:
    """Escalations of cases within the actor's reach, newest first, with how each was sent."""
    wanted = EscalationFilter.of(request.query_params)
    condition, values = wanted.sql(reach(actor, "escalation.read"), actor.name)
    wiring = wiring_of(request)
    async with wiring.database.connection() as conn:
        rows = await list_escalations(conn, condition, values)
    following = rows[-1]["id"] if len(rows) == wanted.limit else None
    city = wiring.current_city()
    told = [{**row, "department_name": _name_of(row["department"], city)} for row in rows]
    return json_answer({"escalations": told, "next": following})


def _name_of(department: str | None, city: City) -> Mapping[str, str] | None:
    found = city.departments.get(department) if department else None
    return found.name.as_dict() if found else None


async def read(request: Request, actor: Actor) -> Response:
    """One escalation."""
    async with wiring_of(request).database.connection() as conn:
        escalation_id, _ = await _found(conn, request, actor, "escalation.read")
        return json_answer(await _told(conn, escalation_id))


async def take_notice(request: Request, actor: Actor) -> Response:
    """Acknowledge an escalation that one was told of: it is not told again."""
    wiring = wiring_of(request)
    city = wiring.current_city()
    async with wiring.database.connection() as conn:
        action = "escalation.acknowledge"
        escalation_id, number = await _found(conn, request, actor, action)
        try:
            done = await acknowledge(
                conn, escalation_id, actor.name, city=city.code, now=await now(conn)
            )
        except NotTold as err:
            told = Label("您不在此次提醒的通知人员之列", str(err))
            raise Problem(403, str(err), told=told) from err
        except AcknowledgedBy as err:
            told = Label(f"{err.person}已确认", str(err))
            raise Problem(409, str(err), told=told) from err
        if done:
            await write_audit(conn, actor.name, action, f"{number} {escalation_id}", "done")
            _log.info("escalation acknowledged", escalation=escalation_id, actor=actor.name)
        return json_answer(await _told(conn, escalation_id))


async def _found(
    conn: AsyncConnection[Any], request: Request, actor: Actor, action: str
) -> tuple[int, str]:
    """The id in the path, and the number of its case; 404 as well for what is out of reach."""
    try:
        escalation = await read_escalation(conn, _id_of(request))
    except UnknownEscalation as err:
        raise Problem(404, "there is no such escalation") from err
    case = await read_case(conn, escalation.case_id)
    authorize(actor, action, resource_of(case))
    return escalation.id, case.number


def _id_of(request: Request) -> int:
    text = str(request.path_params["escalation_id"])
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return found if found <= _LARGEST_ID else 0


async def _told(conn: AsyncConnection[Any], escalation_id: int) -> dict[str, Any]:
    [row] = await list_escalations(conn, "e.id = %(id)s", {"id": escalation_id, "limit": 1})
    return row


ROUTES: Final = [
    Route("/api/escalations", guarded("escalation.read", list_all), methods=["GET"]),
    Route("/api/escalations/{escalation_id}", guarded("escalation.read", read), methods=["GET"]),
    Route(
        "/api/escalations/{escalation_id}/acknowledge",
        guarded("escalation.acknowledge", take_notice),
        methods=["POST"],
    ),
]
