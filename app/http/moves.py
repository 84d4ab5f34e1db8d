"""The door of moves: what people order to be done with a case."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import structlog
from msgspec import Meta
from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.cases import case_answer, case_for, resource_of
from app.http.city import City
from app.http.correcting import ToldCorrection, read_correction
from app.http.decoding import decode
from app.http.refusals import refusal
from app.http.texts import BadText, clean
from app.http.wiring import wiring_of
from app.identity.postgres import write_audit
from app.policy import Actor, reach
from app.problems import Fault, Problem
from app.rulebook import load_rulebook
from dispatch import actions
from dispatch.case import MOVES, Case, Move, Order
from dispatch.corrections import correct
from dispatch.errors import UnknownCase
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import history, read_case
from dispatch.postgres.clock import now
from dispatch.rulebook import Rulebook
from dispatch.workflow.errors import MoveRefused, StaleCase
from dispatch.workflow.moves import Need

_log = structlog.get_logger()
_UNFIT: Final = "the move cannot be made as sent"

# Of this round is what was added since the department got the case, or got it again.
_PHOTOS: Final = """
    SELECT p.id::text,
           p.added_by = %(actor)s
           AND p.added_at >= (
               SELECT max(e.at) FROM case_event e
                WHERE e.case_id = %(case)s
                  AND (e.seq = 1 OR e.kind IN ('assigned', 'transferred', 'reworked', 'reopened')))
      FROM photo p
      JOIN inbox i ON i.id = p.inbox_id
     WHERE p.id = ANY(%(photos)s)
       AND i.case_id IN (SELECT cases_stood_for(%(case)s))
"""


class ToldMove(ToldCorrection, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The body of `POST /api/cases/{id}/moves`; *version* is the one the person looked at.

    *until* is a new deadline with its zone; *photos* are ids of photos of the case; *case* is that
    to merge into. What is told anew of it belongs to a correction.
    """

    move: Move
    reason: Annotated[str, Meta(max_length=1000)] = ""
    department: Annotated[str, Meta(max_length=64)] | None = None
    version: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None
    photos: Annotated[tuple[UUID, ...], Meta(max_length=12)] = ()
    severity: Annotated[int, Meta(ge=1, le=4)] | None = None
    case: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None


async def move(request: Request, actor: Actor) -> Response:
    """Carry out a move: 200 with the case as it is then, 409 when it cannot be made (any more).

    With `If-Match`, the entity tag of the case as it was seen, a change since is 412.
    """
    wiring = wiring_of(request)
    city = wiring.current_city()
    check_type(request, "application/json")
    told = decode(await read_body(request, JSON_LIMIT), ToldMove)
    order = replace(_order(told, city), by=actor.department)
    cache = wiring.settings.home / "cache"
    async with wiring.database.connection() as conn:
        case = await case_for(conn, request, actor, f"case.move.{order.move}")
        order = replace(order, correction=read_correction(told, order.move, case, city))
        rules = await load_rulebook(conn, cache) if order.correction else None
        _refuse_misplaced(told, case)
        await _check_photos(conn, case, order, actor, city)
        await _check_other(conn, actor, order)
        tagged = _is_matched(request, case)
        # What was authorized is this version; after a change by somebody else it is asked anew.
        seen = replace(order, version=case.version if order.version is None else order.version)
        if tagged is False:
            raise await _changed_since(conn, case, request, seen, city)
        act = _act(conn, case.id, seen, actor, city, rules)
        moved = await _carry_out(conn, act, case, seen, city, status=412 if tagged else 409)
        await write_audit(conn, actor.name, f"case.move.{order.move}", case.number, "done")
        answer = await case_answer(conn, moved, actor, wiring)
    _log.info("case moved", case=moved.id, move=order.move, state=moved.state, actor=actor.name)
    return answer


def _order(told: ToldMove, city: City) -> Order:
    try:
        reason = clean("reason", told.reason, longest=1000, lines=True)
    except BadText as bad:
        raise Problem(422, _UNFIT, bad.fault) from bad
    if told.department is not None and told.department not in city.departments:
        fault = Fault("department", "is none of this city", "take one of /api/departments")
        raise Problem(422, _UNFIT, fault)
    photos = tuple(str(photo) for photo in told.photos)
    return Order(
        told.move,
        reason,
        told.department,
        told.version,
        told.until,
        photos=photos,
        severity=told.severity,
        case=told.case,
    )


def _refuse_misplaced(told: ToldMove, case: Case) -> None:
    """What a move does not take is a slip of whoever sent it, and not to be passed over."""
    step = MOVES[told.move]
    owner = Need.OWNER in step.needs and case.department in (None, told.department)
    taken = {
        "department": step.needs_department or owner,
        "until": step.takes_deadline,
        "severity": Need.SEVERITY in step.needs,
        "case": Need.CASE in step.needs,
    }
    faults = [
        Fault(field, f"does not go with {told.move}", "leave it out")
        for field, is_taken in taken.items()
        if getattr(told, field) is not None and not is_taken
    ]
    if faults:
        raise Problem(422, _UNFIT, *faults)


async def _check_photos(
    conn: AsyncConnection[Any], case: Case, order: Order, actor: Actor, city: City
) -> None:
    """They are of the case; where the city asks for one, the actor has taken one in this round."""
    if not order.photos:
        return
    photos = [UUID(photo) for photo in order.photos]
    values = {"photos": photos, "case": case.id, "actor": actor.name}
    found = await conn.execute(_PHOTOS, values)
    known = dict(await found.fetchall())
    if strange := [photo for photo in order.photos if photo not in known]:
        fault = Fault(
            "photos", f"{strange[0]} is no photo of this case", "add it to the case first"
        )
        raise Problem(422, _UNFIT, fault)
    if order.move in city.terms.variant.photographed and not any(known.values()):
        problem = "none of them was added by you since this round of the work began"
        raise Problem(422, _UNFIT, Fault("photos", problem, "add one that shows what was done"))


async def _check_other(conn: AsyncConnection[Any], actor: Actor, order: Order) -> None:
    """The case to merge into must be one that the actor may merge as well, or it is not there."""
    if order.move is not Move.MERGE or order.case is None:
        return
    action = f"case.move.{order.move}"
    with suppress(UnknownCase):
        other = await read_case(conn, order.case)
        if reach(actor, action).covers(resource_of(other, action)):
            return
    fault = Fault("case", f"there is no case {order.case} that you may merge", "give its id")
    raise Problem(422, _UNFIT, fault)


def _is_matched(request: Request, case: Case) -> bool | None:
    """Whether the case is as `If-Match` says it was seen; None when that was not sent or is `*`."""
    told = request.headers.get("if-match")
    if told is None or told.strip() == "*":
        return None
    return f'"{case.version}"' in [tag.strip() for tag in told.split(",")]


async def _changed_since(
    conn: AsyncConnection[Any], case: Case, request: Request, order: Order, city: City
) -> Problem:
    seen = _seen(request.headers["if-match"])
    stale = StaleCase(case.id, seen, case.version)
    return await _refused(conn, stale, case.id, order.move, city, status=412)


def _seen(tags: str) -> int:
    """The version that a person saw, by the entity tag; 0 for one that we never gave."""
    told = tags.partition(",")[0].strip().strip('"')
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else 0


async def _act(
    conn: AsyncConnection[Any],
    case_id: int,
    order: Order,
    actor: Actor,
    city: City,
    rules: Rulebook | None,
) -> Case:
    """Make the move; *rules* are there when it is a correction, which is decided by them."""
    book, moment = PostgresBook(conn), await now(conn)
    if rules is not None:
        return await correct(book, case_id, order, rules, actor=actor.name, now=moment)
    return await actions.move(
        book, case_id, order, actor=actor.name, city=city.code, now=moment, terms=city.terms
    )


async def _carry_out(
    conn: AsyncConnection[Any],
    act: Awaitable[Case],
    case: Case,
    order: Order,
    city: City,
    *,
    status: int,
) -> Case:
    try:
        return await act
    except MoveRefused as refused:
        raise await _refused(conn, refused, case.id, order.move, city, status) from refused


async def _refused(
    conn: AsyncConnection[Any],
    refused: MoveRefused,
    case_id: int,
    move: Move,
    city: City,
    status: int,
) -> Problem:
    """The answer; an order for an older version is told what happened since, and by whom."""
    if not isinstance(refused, StaleCase):
        return refusal(refused, move, city.terms.variant)
    since = [event for event in await history(conn, case_id) if event.seq > refused.seen]
    problem = refusal(refused, move, city.terms.variant, since[-_TOLD_CHANGES:])
    problem.status = status
    return problem


_TOLD_CHANGES: Final = 20

ROUTES: Final = [
    Route("/api/cases/{case_id}/moves", guarded("case.read", move), methods=["POST"]),
]
