"""Orders about situations: see to one, say that it is none, add to it, take away, go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
import structlog
from msgspec import Meta
from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.cases import resource_of as resource_of_case
from app.http.decoding import decode
from app.http.situations import id_in, resource_of, situation_answer
from app.http.texts import BadText, clean
from app.http.wiring import wiring_of
from app.identity.postgres import write_audit
from app.policy import Actor, authorize, reach
from app.problems import Fault, Problem
from dispatch.errors import DispatchError, UnknownCase
from dispatch.postgres.cases import read_case
from dispatch.postgres.clock import now
from dispatch.postgres.situation_facts import alarms_named, cases_named
from dispatch.postgres.situations import lock_situation, save_steps
from dispatch.situations import orders
from dispatch.situations.changes import Change
from dispatch.situations.errors import (
    AlreadyMember,
    LastMember,
    NoMember,
    SituationOver,
    UnknownSituation,
)
from dispatch.situations.facts import Fact, Kind
from dispatch.situations.growing import Step
from dispatch.situations.situation import Situation
from grid.naming import Label
from grid.versions.postgres import active_version

_log: Final = structlog.get_logger()
_UNFIT: Final = "the order cannot be followed as sent"


class SeenTo(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of an acknowledgement; the reason may be left out."""

    reason: Annotated[str, Meta(max_length=1000)] = ""


class SituationReason(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Why it is none, or why it goes on."""

    reason: Annotated[str, Meta(min_length=1, max_length=1000)]


class SituationPart(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A case by its id or an alarm by its key, and why it belongs there or does not."""

    kind: Kind
    ref: Annotated[str, Meta(min_length=1, max_length=64)]
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]


Ordered = Callable[[AsyncConnection[Any], Situation, datetime], Awaitable[Change]]


async def acknowledge(request: Request, actor: Actor) -> Response:
    """See to a situation that goes on; 409 when it is over, 412 when it is not as `If-Match`."""
    reason = _clean((await _told(request, SeenTo)).reason)

    async def order(_: object, one: Situation, at: datetime) -> Change:
        return orders.acknowledge(one, reason=reason, by=actor.name, now=at)

    return await _carry_out(request, actor, "acknowledge", order)


async def dismiss(request: Request, actor: Actor) -> Response:
    """Say with a reason that it is none: its members are settled, more of them make a new one."""
    reason = _clean((await _told(request, SituationReason)).reason)

    async def order(_: object, one: Situation, at: datetime) -> Change:
        return orders.dismiss(one, reason=reason, by=actor.name, now=at)

    return await _carry_out(request, actor, "dismiss", order)


async def reopen(request: Request, actor: Actor) -> Response:
    """Say with a reason that one which ended or was dismissed goes on."""
    reason = _clean((await _told(request, SituationReason)).reason)

    async def order(_: object, one: Situation, at: datetime) -> Change:
        return orders.reopen(one, reason=reason, by=actor.name, now=at)

    return await _carry_out(request, actor, "reopen", order)


async def attach(request: Request, actor: Actor) -> Response:
    """Add a case that the actor may see, or an alarm; 409 when it belongs to it already."""
    told = await _told(request, SituationPart)
    reason = _clean(told.reason)

    async def order(conn: AsyncConnection[Any], one: Situation, at: datetime) -> Change:
        fact = await _fact(conn, told, actor)
        return orders.attach(one, fact, reason=reason, by=actor.name, now=at)

    return await _carry_out(request, actor, "attach", order)


async def detach(request: Request, actor: Actor) -> Response:
    """Take a case or an alarm away for good: no rule takes it in again."""
    told = await _told(request, SituationPart)
    reason, key = _clean(told.reason), f"{told.kind}:{told.ref}"

    async def order(_: object, one: Situation, at: datetime) -> Change:
        return orders.detach(one, key, reason=reason, by=actor.name, now=at)

    return await _carry_out(request, actor, "detach", order)


async def _told(request: Request, shape: type[msgspec.Struct]) -> Any:
    check_type(request, "application/json")
    return decode(await read_body(request, JSON_LIMIT), shape)


def _clean(reason: str) -> str:
    try:
        return clean("reason", reason, longest=1000, lines=True)
    except BadText as bad:
        raise Problem(422, _UNFIT, bad.fault) from bad


async def _carry_out(request: Request, actor: Actor, name: str, order: Ordered) -> Response:
    wiring, action = wiring_of(request), f"situation.{name}"
    city = wiring.current_city()
    async with wiring.database.connection() as conn:
        try:
            situation = await lock_situation(conn, id_in(request))
        except UnknownSituation as err:
            raise Problem(404, "there is no such situation") from err
        authorize(actor, "situation.read", resource_of(situation))
        authorize(actor, action, resource_of(situation))
        _refuse_changed(request, situation)
        moment = await now(conn)
        step = Step(situation)
        try:
            step.take(await order(conn, situation, moment))
        except DispatchError as refused:
            raise _problem(refused) from refused
        version = await active_version(conn, moment)
        [stored] = await save_steps(conn, [step], city=city.code, grid_version=version)
        await write_audit(conn, actor.name, action, str(stored.id), "done")
        answer = await situation_answer(conn, stored, actor)
    _log.info("situation ordered", situation=stored.id, order=name, actor=actor.name)
    return answer


def _refuse_changed(request: Request, situation: Situation) -> None:
    """Problem 412 when the situation is not as `If-Match` says it was seen."""
    told = request.headers.get("if-match")
    if told is None or told.strip() == "*":
        return
    if f'"{situation.version}"' not in [tag.strip() for tag in told.split(",")]:
        detail = f"the situation is at version {situation.version} by now: look at it again"
        raise Problem(412, detail, told=Label("态势已有变化，请重新查看", detail))


async def _fact(conn: AsyncConnection[Any], told: SituationPart, actor: Actor) -> Fact:
    if told.kind is Kind.ALARM:
        found = await alarms_named(conn, [told.ref])
    else:
        found = await cases_named(conn, [await _case_id(conn, told.ref, actor)])
    if not found:
        fault = Fault("ref", f"there is no such {told.kind}", "give the id of a case, not void")
        raise Problem(422, _UNFIT, fault)
    return found[0]


async def _case_id(conn: AsyncConnection[Any], ref: str, actor: Actor) -> int:
    """The id of a case that the actor may see; 0 where there is none."""
    case_id = int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 19 else 0
    try:
        case = await read_case(conn, case_id)
    except UnknownCase:
        return 0
    return case_id if reach(actor, "case.read").covers(resource_of_case(case)) else 0


def _problem(refused: DispatchError) -> Problem:
    """An order that the situation as it stands does not allow."""
    words: dict[type[DispatchError], str] = {
        SituationOver: "态势已结束、已排除或已并入其他态势",
        AlreadyMember: "已属于该态势",
        NoMember: "不属于该态势",
        LastMember: "这是态势的最后一项，请改用排除",
    }
    zh = words.get(type(refused), "无法执行")
    return Problem(409, str(refused), told=Label(zh, str(refused)))


_DOORS: Final = {
    "acknowledge": acknowledge,
    "dismiss": dismiss,
    "reopen": reopen,
    "attach": attach,
    "detach": detach,
}

ROUTES: Final = [
    Route(
        f"/api/situations/{{situation_id}}/{name}",
        guarded(f"situation.{name}", door),
        methods=["POST"],
    )
    for name, door in _DOORS.items()
]
