"""Answers that are not pages: JSON by the fast encoder, problems in the shape of their door."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from starlette.responses import Response

from app import problems
from app.problems import Fault
from grid.naming import Label

_JSON: Final = "application/json"


def json_answer(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """*content* as JSON; times become RFC 3339, structs and dataclasses objects."""
    body = msgspec.json.encode(content)
    return Response(
        body, status, headers={"cache-control": "no-store", **(headers or {})}, media_type=_JSON
    )


def problem_answer(
    status: int,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    told: Label | None = None,
) -> Response:
    """A problem details body. ASCII only: it may quote what no UTF-8 can hold."""
    body = json.dumps(problems.details(status, detail, faults, told))
    return Response(body, status, headers=dict(headers or {}), media_type=problems.MEDIA_TYPE)
