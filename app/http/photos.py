"""Photos: taken with a report's receipt or for a case, shown to whoever may read the case."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

import structlog
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import PHOTO_LIMIT, read_body
from app.http.cases import case_for
from app.http.reports import standing_of
from app.http.wiring import wiring_of
from app.imaging import NotAPhoto, media_type_of
from app.modes import Mode
from app.policy import Actor
from app.problems import Fault, Problem
from dispatch.postgres.inbox import add_photo

MOST_PHOTOS: Final = 12
"""Photos of one report."""

_SHOWN_WITH: Final = {
    "cache-control": "private, max-age=86400, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "content-disposition": "inline",
}
_log = structlog.get_logger()

# The same photo again is no further one.
_OTHER_PHOTOS: Final = """
    SELECT count(*)
      FROM photo AS p
     WHERE p.inbox_id = %(report)s
       AND p.sha256 <> %(sha256)s
"""

_FIRST_REPORT: Final = """
    SELECT i.id, i.receipt
      FROM inbox AS i
     WHERE i.case_id = %(case)s
     ORDER BY i.state = 'cased' DESC, i.id
     LIMIT 1
"""

_SHOW: Final = """
    SELECT p.display
      FROM photo AS p
      JOIN inbox AS i ON i.id = p.inbox_id
     WHERE p.id = %(photo)s
       AND i.case_id IN (SELECT cases_stood_for(%(case)s))
"""


async def upload(request: Request, actor: Actor) -> Response:
    """Keep a photo, sent as the file `photo` of a form: 201 with its id, also for a repeat."""
    _refuse_when_full(request)
    standing = await standing_of(request, request.path_params["receipt"])
    if standing.source != actor.name:
        raise Problem(404, "no report has this receipt")
    return await _keep(request, actor, standing.report_id, standing.receipt)


async def upload_to_case(request: Request, actor: Actor) -> Response:
    """Keep a photo with a case, sent as the file `photo` of a form: 201 with its id.

    It stands with the report that the case was opened from.
    """
    _refuse_when_full(request)
    async with wiring_of(request).database.connection() as conn:
        case = await case_for(conn, request, actor, "case.add_photo")
        found = await conn.execute(_FIRST_REPORT, {"case": case.id})
        row = await found.fetchone()
    if row is None:
        raise Problem(409, "this case has no report that a photo could stand with")
    return await _keep(request, actor, *row)


def _refuse_when_full(request: Request) -> None:
    if Mode.DISK_LOW in wiring_of(request).lookout.degraded:
        problem = "no photos are taken while the disk is nearly full; the report itself is safe"
        raise Problem(503, problem, retry_after_s=60)


async def _keep(request: Request, actor: Actor, report_id: int, receipt: str) -> Response:
    wiring = wiring_of(request)
    content = await _read_photo(request)
    media_type = media_type_of(content)
    if media_type is None:
        raise _unfit("it is no JPEG, PNG or WebP")
    try:
        display = await wiring.darkroom.display_copy(content)
    except NotAPhoto as problem:
        raise _unfit(problem.reason) from problem
    sha256 = hashlib.sha256(content).digest()
    async with wiring.database.connection() as conn:
        found = await conn.execute(_OTHER_PHOTOS, {"report": report_id, "sha256": sha256})
        row = await found.fetchone()
        if row is not None and row[0] >= MOST_PHOTOS:
            raise Problem(429, f"a report takes at most {MOST_PHOTOS} photos")
        photo = await add_photo(
            conn,
            receipt,
            sha256=sha256,
            media_type=media_type,
            original=content,
            display=display,
            added_by=actor.name,
        )
    _log.info("photo added", report=report_id, source=actor.name, bytes=len(content))
    return json_answer({"photo": str(photo), "sha256": sha256.hex()}, 201)


def _unfit(reason: str) -> Problem:
    remedy = "a still picture as JPEG, PNG or WebP, at most 50 million pixels"
    return Problem(422, "the photo cannot be taken", Fault("photo", reason, remedy))


async def _read_photo(request: Request) -> bytes:
    """The bytes of the file `photo`; its name and stated type are not looked at."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem(415, "send the photo as the file 'photo' of multipart/form-data")
    body = await read_body(request, PHOTO_LIMIT)
    form = MultiPartParser(request.headers, _at_once(body), max_files=1, max_fields=4)
    try:
        fields = await form.parse()
    except (MultiPartException, UnicodeDecodeError, ValueError) as err:
        raise Problem(422, f"the form cannot be read: {err}") from err
    try:
        photo = fields.get("photo")
        if isinstance(photo, UploadFile):
            return await photo.read()
    finally:
        await fields.close()
    raise Problem(422, "there is no photo", Fault("photo", "is missing", "send it as a file"))


async def _at_once(body: bytes) -> AsyncGenerator[bytes]:
    yield body


async def show(request: Request, actor: Actor) -> Response:
    """The display copy of a photo of a case that the actor may read."""
    try:
        photo = UUID(request.path_params["photo"])
    except ValueError:
        raise Problem(404, "there is no such photo") from None
    async with wiring_of(request).database.connection() as conn:
        case = await case_for(conn, request, actor, "case.read")
        found = await conn.execute(_SHOW, {"photo": photo, "case": case.id})
        row = await found.fetchone()
    if row is None:
        raise Problem(404, "there is no such photo")
    return Response(bytes(row[0]), media_type="image/jpeg", headers=_SHOWN_WITH)


ROUTES: Final = [
    Route("/api/reports/{receipt}/photos", guarded("report.add_photo", upload), methods=["POST"]),
    Route(
        "/api/cases/{case_id}/photos", guarded("case.add_photo", upload_to_case), methods=["POST"]
    ),
    Route("/api/cases/{case_id}/photos/{photo}", guarded("case.read", show), methods=["GET"]),
]
