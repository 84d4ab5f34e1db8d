"""What the city warns of, which makes cases more severe where its rules say so."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.decoding import decode
from app.http.grid.asking import release_at
from app.http.texts import BadText, clean
from app.http.wiring import wiring_of
from app.identity.postgres import write_audit
from app.policy import Actor, Resource, authorize
from app.problems import Fault, Problem
from dispatch.context import CityWarning, unfit
from dispatch.postgres.clock import now
from dispatch.postgres.warnings import coming_warnings, find_warning, lift_warning, set_warning
from grid.hierarchy import Hierarchy
from grid.postgres import find_last_path, load_hierarchy

_UNFIT: Final = "the warning cannot be set as sent"


class ToldWarning(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `POST /api/warnings`; without *since* it is in force at once."""

    kind: Annotated[str, Meta(max_length=64)]
    area: Annotated[str, Meta(max_length=64)]
    until: Annotated[datetime, Meta(tz=True)]
    since: Annotated[datetime, Meta(tz=True)] | None = None
    note: Annotated[str, Meta(max_length=500)] = ""


async def read(request: Request, actor: Actor) -> Response:
    """The warnings that are in force or will be, oldest first."""
    async with wiring_of(request).database.connection() as conn:
        found = await coming_warnings(conn, await now(conn))
    return json_answer({"warnings": [asdict(one) for one in found]})


async def create(request: Request, actor: Actor) -> Response:
    """Warn of something in an area until a time: 201 with the warning."""
    check_type(request, "application/json")
    told = decode(await read_body(request, JSON_LIMIT), ToldWarning)
    try:
        note = clean("note", told.note, longest=500)
    except BadText as bad:
        raise Problem(422, _UNFIT, bad.fault) from bad
    async with wiring_of(request).database.connection() as conn:
        moment = await now(conn)
        since = told.since or moment
        if wrong := unfit(told.kind, since, told.until, moment):
            raise Problem(422, _UNFIT, Fault(*wrong))
        await _authorize(conn, actor, told.area)
        made = await set_warning(
            conn,
            kind=told.kind,
            area=told.area,
            since=since,
            until=told.until,
            note=note,
            by=actor.name,
        )
        await write_audit(conn, actor.name, "warning.set", f"{made.kind} {made.area}", "done")
    return json_answer({"warning": asdict(made)}, 201)


async def lift(request: Request, actor: Actor) -> Response:
    """End a warning now; 404 when there is none that the actor may end, 409 when it is over."""
    warning_id = int(request.path_params["warning_id"])
    async with wiring_of(request).database.connection() as conn:
        known = await find_warning(conn, warning_id) if warning_id < 2**63 else None
        if known is None:
            raise Problem(404, "there is no such warning")
        # The grid of now may have no such area any more; whoever reached it then ends it now.
        reached = await find_last_path(conn, known.area)
        authorize(actor, "warning.set", Resource(areas=frozenset(reached)))
        lifted = await lift_warning(conn, warning_id, at=await now(conn), by=actor.name)
        if lifted is None:
            raise Problem(409, "this warning is over already")
        await write_audit(conn, actor.name, "warning.lift", f"{lifted.kind} {lifted.area}", "done")
    return json_answer({"warning": _told(lifted)})


def _told(warning: CityWarning) -> dict[str, object]:
    return asdict(warning)


async def _authorize(conn: AsyncConnection[Any], actor: Actor, area: str) -> None:
    """Whoever sets a warning must reach the whole area, and it must be one of now."""
    hierarchy = await load_hierarchy(conn, (await release_at(conn, None)).version)
    if not _holds(hierarchy, area):
        raise Problem(422, _UNFIT, Fault("area", "is none of this city", "see /api/grid/areas"))
    authorize(actor, "warning.set", Resource(areas=frozenset(hierarchy.path(area))))


def _holds(hierarchy: Hierarchy, area: str) -> bool:
    return any(one.code == area for one in hierarchy)


ROUTES: Final = [
    Route("/api/warnings", guarded("warning.read", read), methods=["GET"]),
    Route("/api/warnings", guarded("warning.set", create), methods=["POST"]),
    Route("/api/warnings/{warning_id:int}/lift", guarded("warning.set", lift), methods=["POST"]),
]
