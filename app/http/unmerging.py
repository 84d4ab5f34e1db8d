"""Taking a report out of a case it was merged into by mistake: it becomes a case of its own."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
import structlog
from msgspec import Meta
from psycopg import AsyncConnection
from psycopg.rows import class_row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.cases import as_told, case_for
from app.http.decoding import decode
from app.http.texts import BadText, clean
from app.http.wiring import wiring_of
from app.identity.postgres import write_audit
from app.policy import Actor
from app.problems import Problem
from app.rulebook import load_rulebook
from dispatch import actions
from dispatch.case import Case
from dispatch.errors import NotMerged
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.clock import now
from dispatch.report import Report
from dispatch.workflow.errors import MergedFurther

_log = structlog.get_logger()

# Locked, so that two people cannot take the same report out.
_MERGED: Final = """
    SELECT id, channel, source, category, ST_X(position) AS lon, ST_Y(position) AS lat,
           happened_at, received_at, body_sha256,
           body->>'description' AS description, body->>'address' AS address,
           body->>'condition' AS condition, body->'attributes' AS attributes, attempts,
           accuracy_m
      FROM inbox
     WHERE id = %(report)s
       AND case_id = %(case)s
       AND state = 'merged'
       FOR UPDATE
"""


class ToldReason(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Why the report is another incident."""

    reason: Annotated[str, Meta(min_length=1, max_length=1000)]


async def unmerge(request: Request, actor: Actor) -> Response:
    """Take a merged report out of its case: 201 with the new case, 409 when it was not merged."""
    wiring = wiring_of(request)
    check_type(request, "application/json")
    told = decode(await read_body(request, JSON_LIMIT), ToldReason)
    try:
        reason = clean("reason", told.reason, longest=1000, lines=True)
    except BadText as bad:
        raise Problem(422, "the reason cannot be stored", bad.fault) from bad
    cache = wiring.settings.home / "cache"
    async with wiring.database.connection() as conn:
        case = await case_for(conn, request, actor, "case.move.unmerge")
        report = await _merged(conn, case, request.path_params["report_id"])
        rules = await load_rulebook(conn, cache)
        try:
            alone = await actions.unmerge(
                PostgresBook(conn),
                report,
                case.id,
                rules,
                actor=actor.name,
                reason=reason,
                now=await now(conn),
            )
        except (NotMerged, MergedFurther) as err:
            raise Problem(409, str(err)) from err
        await write_audit(conn, actor.name, "case.move.unmerge", case.number, "done")
    _log.info("report taken out", report=report.id, case=alone.id, was=case.id, actor=actor.name)
    return json_answer({"case": as_told(alone, wiring.current_city())}, 201)


async def _merged(conn: AsyncConnection[Any], case: Case, report_id: int) -> Report:
    async with conn.cursor(row_factory=class_row(Report)) as cursor:
        await cursor.execute(_MERGED, {"report": report_id, "case": case.id})
        report = await cursor.fetchone()
    if report is None:
        raise Problem(409, "this report was not merged into this case")
    return report


ROUTES: Final = [
    Route(
        "/api/cases/{case_id}/reports/{report_id:int}/unmerge",
        guarded("case.move.unmerge", unmerge),
        methods=["POST"],
    ),
]
