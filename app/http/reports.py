"""`POST /api/reports` and what its sender may ask afterwards."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.decoding import decode
from app.http.submission import Envelope, Told, Unfit, submission
from app.http.wiring import wiring_of
from app.policy import Actor, Role
from app.problems import Fault, Problem
from dispatch.postgres.inbox import Standing, find_by_receipt
from dispatch.postgres.ratings import newest_rating
from dispatch.rating import Rating, open_until
from dispatch.report import Acceptance, Channel

KEY_HEADER: Final = "idempotency-key"
_RECEIPT: Final = re.compile(r"[0-9a-f]{32}")
_log = structlog.get_logger()


async def submit(request: Request, actor: Actor) -> Response:
    """Accept a report: 201 when it is durable, 200 with the same receipt for a repeat."""
    wiring = wiring_of(request)
    check_type(request, "application/json")
    client_key = idempotency_key(request)
    if client_key is None:
        remedy = "a UUID made once for each report and sent again with every repeat"
        raise Problem(400, "the key is missing", Fault("Idempotency-Key", "is missing", remedy))
    body = await read_body(request, JSON_LIMIT)
    told = decode(body, Told)
    envelope = Envelope(actor.name, client_key, hashlib.sha256(body).digest(), channel_of(actor))
    try:
        checked = submission(told, envelope, wiring.current_city(), datetime.now(UTC))
    except Unfit as unfit:
        raise Problem(422, "the report cannot be accepted as it is", *unfit.faults) from unfit
    acceptance = await wiring.intake.accept(checked)
    return _answer(note(request, acceptance, actor))


def idempotency_key(request: Request) -> str | None:
    """The key in its canonical form, None when none was sent; Problem 400 when it is no UUID."""
    sent = request.headers.get(KEY_HEADER)
    if sent is None:
        return None
    try:
        return str(UUID(sent if len(sent) == 36 else ""))
    except ValueError:
        fault = Fault(
            "Idempotency-Key", "is not a UUID", "like 0b6f0c9e-3d0f-4d0c-9a57-1f2e3d4c5b6a"
        )
        raise Problem(400, "the key is not a UUID", fault) from None


def channel_of(actor: Actor) -> Channel:
    """The channel that a report of this actor comes through, unless it comes by Open311."""
    return Channel.SENSOR if Role.SENSOR in actor.roles else Channel.API


def note(request: Request, acceptance: Acceptance, actor: Actor) -> Acceptance:
    """Log and count an acceptance; raises Problem 409 when the key was used for other bytes."""
    metrics = wiring_of(request).metrics
    if acceptance.conflict:
        metrics.conflicts.inc()
        raise Problem(
            409,
            "this key was used for another report",
            Fault("Idempotency-Key", "was used before with other bytes", "make a new key"),
        )
    (metrics.accepted if acceptance.fresh else metrics.repeated).inc()
    _log.info(
        "report accepted" if acceptance.fresh else "report repeated",
        report=acceptance.report_id,
        source=actor.name,
    )
    return acceptance


def _answer(acceptance: Acceptance) -> Response:
    return json_answer(
        {
            "receipt": acceptance.receipt,
            "state": "accepted",
            "received_at": acceptance.received_at,
        },
        201 if acceptance.fresh else 200,
        {"location": f"/api/reports/{acceptance.receipt}"},
    )


async def standing_of(request: Request, receipt: str) -> Standing:
    """How the report with the receipt stands; Problem 404 when there is none."""
    if _RECEIPT.fullmatch(receipt):
        async with wiring_of(request).database.connection() as conn:
            if (found := await find_by_receipt(conn, receipt)) is not None:
                return found
    raise Problem(404, "no report has this receipt")


def receipt_of(request: Request) -> str:
    """The receipt in the path; Problem 404 when it cannot be one."""
    receipt: str = request.path_params["receipt"]
    if not _RECEIPT.fullmatch(receipt):
        raise Problem(404, "no report has this receipt")
    return receipt


async def read_report(request: Request, actor: Actor) -> Response:
    """How a report stands, for whoever holds its receipt: 128 random bits are the permission."""
    receipt = receipt_of(request)
    async with wiring_of(request).database.connection() as conn:
        standing = await find_by_receipt(conn, receipt)
        rating = await newest_rating(conn, standing.report_id) if standing else None
    if standing is None:
        raise Problem(404, "no report has this receipt")
    return json_answer(_as_told(standing, rating))


def _as_told(standing: Standing, rating: Rating | None) -> dict[str, object]:
    case = None
    if standing.case_id is not None:
        case = {
            "number": standing.case_number,
            "state": standing.case_state,
            "department": standing.department,
            "due_at": standing.due_at,
            "closed_at": standing.closed_at,
            "merged_case": standing.merged_case,
        }
    return {
        "receipt": standing.receipt,
        "state": standing.state,
        "reason": standing.reason,
        "category": standing.category,
        "happened_at": standing.happened_at,
        "received_at": standing.received_at,
        "decided_at": standing.decided_at,
        "case": case,
        "rating": asdict(rating) if rating else None,
        "rate_until": open_until(standing.case_state, standing.closed_at),
    }


ROUTES: Final = [
    Route("/api/reports", guarded("report.submit", submit), methods=["POST"]),
    Route("/api/reports/{receipt}", guarded("report.read_own", read_report), methods=["GET"]),
]
