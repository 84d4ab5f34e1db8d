"""The door of ratings: what those who reported think of what was done, by their receipt."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
import structlog
from msgspec import Meta
from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.decoding import decode
from app.http.reports import receipt_of
from app.http.texts import BadText, clean
from app.http.wiring import wiring_of
from app.policy import Actor, Role
from app.problems import Problem
from dispatch.postgres.clock import now
from dispatch.postgres.inbox import Standing, find_by_receipt
from dispatch.postgres.ratings import add_rating, count_ratings, newest_rating
from dispatch.rating import LASTS, MOST, MOST_CHANGES, Rating, open_until
from dispatch.report import Channel

_log = structlog.get_logger()

# Inspectors are part of what is rated.
_BY_INSPECTOR: Final = """
    SELECT EXISTS (SELECT FROM person WHERE login = %(source)s AND %(role)s = ANY(roles))
        OR EXISTS (SELECT FROM api_key WHERE source = %(source)s AND %(role)s = ANY(roles))
"""


class ToldRating(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `POST /api/reports/{receipt}/rating`: *stars* from 1, the worst, to 5."""

    stars: Annotated[int, Meta(ge=1, le=MOST)]
    text: Annotated[str, Meta(max_length=1000)] = ""


async def rate(request: Request, actor: Actor) -> Response:
    """Keep what the holder of a receipt says: 200, also for the same again; 409 when not now."""
    check_type(request, "application/json")
    told = decode(await read_body(request, JSON_LIMIT), ToldRating)
    try:
        text = clean("text", told.text, longest=1000, lines=True)
    except BadText as bad:
        raise Problem(422, "the rating cannot be stored", bad.fault) from bad
    async with wiring_of(request).database.connection() as conn:
        standing = await find_by_receipt(conn, receipt_of(request))
        if standing is None:
            raise Problem(404, "no report has this receipt")
        rating = Rating(told.stars, text, await now(conn))
        await _keep(conn, standing, rating)
    _log.info("report rated", report=standing.report_id, case=standing.case_id, stars=rating.stars)
    return json_answer({"stars": rating.stars, "text": rating.text, "at": rating.at})


async def _keep(conn: AsyncConnection[Any], standing: Standing, rating: Rating) -> None:
    until = open_until(standing.case_state, standing.closed_at)
    if standing.case_id is None or until is None:
        raise Problem(409, "only what was done and closed can be rated")
    if rating.at > until:
        raise Problem(409, f"it was closed more than {LASTS.days} days ago")
    if standing.channel == Channel.SENSOR or await _is_by_inspector(conn, standing.source):
        raise Problem(409, "reports of sensors and inspectors are not rated")
    times = await count_ratings(conn, standing.report_id)
    before = await newest_rating(conn, standing.report_id)
    if before is not None and (before.stars, before.text) == (rating.stars, rating.text):
        return
    if times > MOST_CHANGES:
        raise Problem(429, f"a rating can be changed {MOST_CHANGES} times")
    await add_rating(
        conn,
        rating,
        report_id=standing.report_id,
        case_id=standing.case_id,
        department=standing.department,
    )


async def _is_by_inspector(conn: AsyncConnection[Any], source: str) -> bool:
    found = await conn.execute(_BY_INSPECTOR, {"source": source, "role": Role.INSPECTOR.value})
    row = await found.fetchone()
    return row is not None and row[0]


ROUTES: Final = [
    Route("/api/reports/{receipt}/rating", guarded("report.rate", rate), methods=["POST"]),
]
