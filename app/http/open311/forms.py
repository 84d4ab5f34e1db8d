"""The form of `POST requests`: read, keyed, and turned into what the intake is told."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.submission import Told, ToldReporter
from app.http.wiring import wiring_of
from app.policy import Actor, authorize
from app.problems import Fault, Problem
from geo.shift import Datum

_MOST_FIELDS: Final = 200
_DEGREES: Final = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{0,20})?")
_COUNT: Final = re.compile(r"[0-9]{1,18}")
_ATTRIBUTE: Final = re.compile(r"attribute\[([^\[\]]{1,64})\](\[\])?")
_KNOWN: Final = frozenset(
    (
        *("api_key", "jurisdiction_id", "service_code", "lat", "long", "address_string"),
        *("address_id", "email", "device_id", "account_id", "first_name", "last_name", "phone"),
        *("description", "media_url", "datum", "requested_datetime", "device_seq", "accuracy_m"),
    )
)

CANONICAL: Final = {
    "category": "service_code",
    "lon": "long",
    "happened_at": "requested_datetime",
    "address": "address_string",
    "condition": "attribute[condition]",
}
"""Our names of fields, where the standard has others."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as sent, each once, attributes apart; *sha256* is of the bytes."""

    fields: Mapping[str, str]
    attributes: Mapping[str, str]
    sha256: bytes


FormEndpoint = Callable[[Request, Actor, Form], Awaitable[Response]]


class FormGuarded:
    """A route whose key is inside its form; otherwise as `app.http.access.Guarded`."""

    def __init__(self, action: str, endpoint: FormEndpoint) -> None:
        self.action, self.endpoint = action, endpoint

    async def respond(self, request: Request) -> Response:
        """The endpoint's answer to the holder of the key."""
        check_type(request, "application/x-www-form-urlencoded")
        form = parse(await read_body(request, JSON_LIMIT))
        key = form.fields.get("api_key") or request.headers.get("x-api-key")
        if not key:
            raise Problem(403, "api_key is missing")
        actor = await wiring_of(request).doorkeeper.actor_of_key(key)
        authorize(actor, self.action)
        return await self.endpoint(request, actor, form)


def parse(body: bytes) -> Form:
    """The form; Problem 400 for other encodings, unknown fields, and fields that stand twice."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as err:
        raise Problem(400, "the form cannot be read as UTF-8 fields") from err
    fields: dict[str, str] = {}
    attributes: dict[str, list[str]] = {}
    for name, value in pairs:
        if attribute := _ATTRIBUTE.fullmatch(name):
            attributes.setdefault(attribute[1], []).append(value)
        elif name not in _KNOWN or name in fields:
            problem = "stands twice" if name in fields else "is not known"
            raise Problem(400, "bad field", Fault(name[:100], problem, "leave it out"))
        else:
            fields[name] = value
    joined = {name: "; ".join(values) for name, values in attributes.items()}
    return Form(fields, joined, hashlib.sha256(body).digest())


def told(form: Form) -> Told:
    """What the form tells, in our words. Device and account ids are not kept."""
    fields = form.fields
    lon, lat = _degrees(fields, "long"), _degrees(fields, "lat")
    # Latitude and longitude of the standard are WGS84: here the datum is stated by default.
    datum = fields.get("datum") or (None if lon is None and lat is None else Datum.WGS84.value)
    attributes = dict(form.attributes)
    condition = attributes.pop("condition", None)
    for name in ("media_url", "address_id"):
        if fields.get(name):
            attributes[name] = fields[name]
    full_name = f"{fields.get('first_name', '')} {fields.get('last_name', '')}".strip()
    return Told(
        category=_required(fields, "service_code"),
        lon=lon,
        lat=lat,
        datum=datum,
        accuracy_m=_degrees(fields, "accuracy_m"),
        happened_at=fields.get("requested_datetime") or None,
        device_seq=_count(fields, "device_seq"),
        description=fields.get("description", ""),
        address=fields.get("address_string") or fields.get("address_id", ""),
        condition=condition,
        attributes=attributes,
        reporter=ToldReporter(full_name, fields.get("phone", ""), fields.get("email", "")),
    )


def _required(fields: Mapping[str, str], name: str) -> str:
    if not fields.get(name):
        raise Problem(400, f"{name} is missing")
    return fields[name]


def _degrees(fields: Mapping[str, str], name: str) -> float | None:
    if not (text := fields.get(name, "")):
        return None
    if not _DEGREES.fullmatch(text):
        raise Problem(400, "bad number", Fault(name, "is not a decimal number", "like 113.25"))
    return float(text)


def _count(fields: Mapping[str, str], name: str) -> int | None:
    if not (text := fields.get(name, "")):
        return None
    if not _COUNT.fullmatch(text):
        raise Problem(400, "bad number", Fault(name, "is not a count", "whole, from 0"))
    return int(text)
