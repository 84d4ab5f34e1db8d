"""Dead reports for operators and administrators: seen, decided again, or put right.

Administrators mend the pack and so must know what stood in the way; what a report says is for
operators and auditors.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.city import City
from app.http.decoding import decode
from app.http.submission import Unfit
from app.http.wiring import wiring_of
from app.identity.postgres import write_audit
from app.policy import Actor, reach
from app.problems import Problem
from app.righting import Correction, NotDead, Replaced, put_right
from dispatch.postgres.dead import find_dead, list_dead, revive

_LARGEST_ID: Final = 2**63 - 1
_log = structlog.get_logger()


async def list_all(request: Request, actor: Actor) -> Response:
    """Dead reports not yet put right, oldest first, by what stood in the way; no content."""
    wiring = wiring_of(request)
    async with wiring.database.connection() as conn:
        dead = await list_dead(conn)
    city = wiring.city.current
    rows = [{**asdict(one), "category_name": _name_of(one.category, city)} for one in dead]
    acts = {act: bool(reach(actor, f"dead.{act}")) for act in ("read", "replay", "edit")}
    return json_answer({"dead": rows, "may": acts})


def _name_of(category: str, city: City | None) -> dict[str, str] | None:
    found = city.catalogue.find(category) if city else None
    return found.name.as_dict() if found else None


async def read(request: Request, actor: Actor) -> Response:
    """Everything about a dead report but who reported it."""
    report_id = _id_of(request)
    async with wiring_of(request).database.connection() as conn:
        dead = await find_dead(conn, report_id)
    if dead is None:
        raise Problem(404, "no dead report has this number")
    return json_answer(dead)


async def replay(request: Request, actor: Actor) -> Response:
    """Let a dead report be decided again: 202, or 409 when it is not dead (any more)."""
    report_id = _id_of(request)
    async with wiring_of(request).database.connection() as conn:
        if not await revive(conn, report_id):
            raise Problem(409, "the report is not dead any more, or was put right")
        await write_audit(conn, actor.name, "report.replay", str(report_id), "done")
    _log.info("dead report replayed", report=report_id, actor=actor.name)
    return json_answer({"report": report_id, "state": "accepted"}, 202)


async def edit(request: Request, actor: Actor) -> Response:
    """Submit a dead report again with some fields put right: 201 with the report made from it."""
    wiring = wiring_of(request)
    report_id = _id_of(request)
    check_type(request, "application/json")
    correction = decode(await read_body(request, JSON_LIMIT), Correction)
    async with wiring.database.connection() as conn:
        try:
            done = await put_right(conn, report_id, correction, wiring.current_city())
        except NotDead as err:
            raise Problem(404, "no dead report has this number") from err
        except Replaced as err:
            raise Problem(409, str(err)) from err
        except Unfit as unfit:
            raise Problem(422, "the report cannot be accepted so", *unfit.faults) from unfit
        detail: dict[str, Any] = {"report": done.report, "fields": _fields_of(correction)}
        await write_audit(conn, actor.name, "report.edit", str(report_id), "done", detail)
    _log.info("dead report put right", report=done.report, was=report_id, actor=actor.name)
    return json_answer({"report": done.report, "replay_of": done.replay_of}, 201)


def _fields_of(correction: Correction) -> list[str]:
    """The names only: what a report says does not belong into the audit trail."""
    return sorted(correction.changes)


def _id_of(request: Request) -> int:
    report_id: int = request.path_params["report_id"]
    if not 0 < report_id <= _LARGEST_ID:
        raise Problem(404, "no dead report has this number")
    return report_id


ROUTES: Final = [
    Route("/api/dead", guarded("dead.list", list_all), methods=["GET"]),
    Route("/api/dead/{report_id:int}", guarded("dead.read", read), methods=["GET"]),
    Route("/api/dead/{report_id:int}/replay", guarded("dead.replay", replay), methods=["POST"]),
    Route("/api/dead/{report_id:int}/edit", guarded("dead.edit", edit), methods=["POST"]),
]
