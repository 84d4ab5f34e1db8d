"""Service requests: sent by form, asked for by their id, which is our receipt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.city import City
from app.http.open311.forms import CANONICAL, Form, FormGuarded, told
from app.http.open311.services import check_jurisdiction, language_of
from app.http.open311.writing import PREFIX, Row, answer, format_of
from app.http.reports import idempotency_key, note, standing_of
from app.http.submission import Envelope, Unfit, parse_moment, submission
from app.http.texts import BadText, clean
from app.http.wiring import wiring_of
from app.policy import Actor, authorize
from app.problems import Fault, Problem
from dispatch.postgres.inbox import Standing, list_standing
from dispatch.report import Channel
from grid.naming import Label, Language

_SPAN: Final = timedelta(days=90)
_MOST_IDS: Final = 50
STAGES: Final[Mapping[str, Label]] = {
    "accepted": Label("已受理,等待立案", "received, waits for a decision"),
    "dead": Label("已受理,等待人工处理", "received, waits for a person"),
    "rejected": Label("不予立案", "not a case of this city"),
    "reported": Label("已上报,等待立案", "reported, waits to be filed"),
    "filed": Label("已立案,等待派遣", "filed, waits to be assigned"),
    "assigned": Label("已派遣,处置中", "assigned, being worked on"),
    "handled": Label("已处置,等待核查", "handled, waits to be verified"),
    "verified": Label("已核查,等待结案", "verified, waits to be closed"),
    "closed": Label("已结案", "closed"),
    "void": Label("已作废", "void"),
}
_ENDED: Final = frozenset({"rejected", "closed", "void"})


async def submit(request: Request, actor: Actor, form: Form) -> Response:
    """Accept a service request: 201 once it is durable; with Idempotency-Key, repeats are 200."""
    wiring = wiring_of(request)
    format_of(request)
    city = wiring.current_city()
    if form.fields.get("jurisdiction_id", city.code) != city.code:
        raise Problem(404, f"jurisdiction_id: this endpoint serves {city.code}")
    # Equal forms by one portal can be two citizens: without a key, every post is its own report.
    client_key = idempotency_key(request) or str(uuid4())
    envelope = Envelope(actor.name, client_key, form.sha256, Channel.OPEN311)
    try:
        checked = submission(told(form), envelope, city, datetime.now(UTC))
    except Unfit as unfit:
        raise Problem(
            400, "the request cannot be accepted", *map(_renamed, unfit.faults)
        ) from unfit
    acceptance = note(request, await wiring.intake.accept(checked), actor)
    row: Row = {
        "service_request_id": acceptance.receipt,
        "service_notice": "",
        "account_id": None,
    }
    status = 201 if acceptance.fresh else 200
    return answer(request, "service_requests", "request", [row], status)


def _renamed(fault: Fault) -> Fault:
    return Fault(CANONICAL.get(fault.field, fault.field), fault.problem, fault.remedy)


async def read(request: Request, actor: Actor) -> Response:
    """One request, for whoever knows its id."""
    city = wiring_of(request).current_city()
    check_jurisdiction(request, city)
    standing = await standing_of(request, request.path_params["receipt"])
    row = _as_told(standing, city, language_of(request, city))
    return answer(request, "service_requests", "request", [row])


async def read_many(request: Request, actor: Actor) -> Response:
    """The requests with the given ids; else those that the holder of the key sent."""
    city = wiring_of(request).current_city()
    check_jurisdiction(request, city)
    language = language_of(request, city)
    if ids := request.query_params.get("service_request_id"):
        found = [await standing_of(request, one) for one in _ids(ids)]
    else:
        authorize(actor, "report.list_own")
        found = await _own(request, actor)
    rows = [_as_told(standing, city, language) for standing in found]
    return answer(request, "service_requests", "request", rows)


def _ids(text: str) -> list[str]:
    ids = text.split(",")
    if len(ids) > _MOST_IDS:
        raise Problem(400, f"service_request_id: at most {_MOST_IDS} at once")
    return ids


async def _own(request: Request, actor: Actor) -> list[Standing]:
    query = request.query_params
    until = _moment(query.get("end_date"), "end_date") or datetime.now(UTC)
    since = _moment(query.get("start_date"), "start_date") or until - _SPAN
    if not timedelta(0) <= until - since <= _SPAN:
        raise Problem(400, "start_date to end_date: at most 90 days, and not backwards")
    async with wiring_of(request).database.connection() as conn:
        return await list_standing(
            conn,
            since=since,
            until=until,
            category=_code(query.get("service_code")),
            ended=_ended(query.get("status")),
            source=actor.name,
        )


def _code(text: str | None) -> str | None:
    try:
        return None if text is None else clean("service_code", text, longest=64)
    except BadText as bad:
        raise Problem(400, str(bad)) from bad


def _moment(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    moment = parse_moment(text.replace(" ", "+"))  # '+' that nobody escaped
    if moment is None or not 1900 < moment.year < 2200:
        raise Problem(400, f"{name}: a time like 2026-11-23T08:00:00Z, with its zone")
    return moment


def _ended(text: str | None) -> bool | None:
    words = set(text.split(",")) if text is not None else {"open", "closed"}
    if not words <= {"open", "closed"}:
        raise Problem(400, "status: open, closed, or open,closed")
    return None if len(words) == 2 else words == {"closed"}


async def token(request: Request, actor: Actor) -> Response:
    """Ids are given at once, so a token is the id."""
    standing = await standing_of(request, request.path_params["token"])
    row: Row = {"service_request_id": standing.receipt, "token": standing.receipt}
    return answer(request, "service_requests", "request", [row])


def _as_told(standing: Standing, city: City, language: Language) -> Row:
    stage = standing.case_state or standing.state
    category = city.catalogue.find(standing.category)
    department = city.departments.get(standing.department) if standing.department else None
    updated = standing.closed_at or standing.decided_at or standing.received_at
    return {
        "service_request_id": standing.receipt,
        "status": "closed" if stage in _ENDED else "open",
        "status_notes": _notes(standing, stage).get(language),
        "service_name": category.name.get(language) if category else standing.category,
        "service_code": standing.category,
        "description": standing.description,
        "agency_responsible": department.name.get(language) if department else "",
        "service_notice": "",
        "requested_datetime": _written(standing.received_at),
        "updated_datetime": _written(updated),
        "expected_datetime": _written(standing.due_at),
        "address": standing.address,
        "address_id": "",
        "zipcode": "",
        "lat": standing.lat,
        "long": standing.lon,
        "media_url": "",
    }


def _notes(standing: Standing, stage: str) -> Label:
    """The stage in words; a report whose case was merged is told which case goes on for it."""
    words = STAGES[stage]
    if standing.merged_case is None:
        return words
    number = standing.case_number
    return Label(f"{words.zh}(已并入案卷 {number})", f"{words.en} (merged into case {number})")


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_SUBMIT: Final = FormGuarded("report.submit", submit).respond
ROUTES: Final = [
    Route(f"{PREFIX}/requests.{{fmt}}", _SUBMIT, methods=["POST"]),
    Route(f"{PREFIX}/requests.{{fmt}}", guarded("report.read_own", read_many), methods=["GET"]),
    Route(
        f"{PREFIX}/requests/{{receipt}}.{{fmt}}",
        guarded("report.read_own", read),
        methods=["GET"],
    ),
    Route(f"{PREFIX}/tokens/{{token}}.{{fmt}}", guarded("report.read_own", token), methods=["GET"]),
]
