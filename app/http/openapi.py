"""The description of the doors at `/api/openapi.json`, made from the shapes they decode.

The doors at `/ogc` and `/open311` have descriptions of their own, as their standards want them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.gateway.samples import ToldSample
from app.http import (
    alarm_filters,
    duplicates,
    evaluation,
    lines,
    listing,
    sensors,
    situation_filters,
)
from app.http.access import guarded
from app.http.answers import json_answer
from app.http.grid import asking, cells, components
from app.http.grid.locating import ToldPositions
from app.http.grid.profiles import ToldDrawing
from app.http.moves import ToldMove
from app.http.observations import ToldSamples
from app.http.parameters import Query
from app.http.rating import ToldRating
from app.http.sessions import Credentials
from app.http.situation_orders import SeenTo, SituationPart, SituationReason
from app.http.sta.options import QUERIES as SENSORTHINGS
from app.http.submission import Told
from app.http.unmerging import ToldReason
from app.http.warnings import ToldWarning
from app.policy import Actor
from app.righting import Correction

_BODIES: Final[Mapping[tuple[str, str], type]] = {
    ("/api/reports", "post"): Told,
    ("/api/reports/{receipt}/rating", "post"): ToldRating,
    ("/api/observations", "post"): ToldSamples,
    ("/api/session", "post"): Credentials,
    ("/api/cases/{case_id}/moves", "post"): ToldMove,
    ("/api/cases/{case_id}/reports/{report_id:int}/unmerge", "post"): ToldReason,
    ("/api/situations/{situation_id}/acknowledge", "post"): SeenTo,
    ("/api/situations/{situation_id}/dismiss", "post"): SituationReason,
    ("/api/situations/{situation_id}/reopen", "post"): SituationReason,
    ("/api/situations/{situation_id}/attach", "post"): SituationPart,
    ("/api/situations/{situation_id}/detach", "post"): SituationPart,
    ("/api/warnings", "post"): ToldWarning,
    ("/api/dead/{report_id:int}/edit", "post"): Correction,
    ("/api/grid/locate", "post"): ToldPositions,
    ("/api/grid/profile", "post"): ToldDrawing,
}
_LINES: Final[Mapping[tuple[str, str], type]] = {("/api/observations", "post"): ToldSample}
"""What stands in each line, where JSON lines are taken as well."""
_QUERIES: Final[Mapping[str, Sequence[Query]]] = {
    "/api/cases": listing.CASES,
    "/api/tasks": listing.TASKS,
    "/api/escalations": listing.ESCALATIONS,
    "/api/alarms": alarm_filters.ALARMS,
    "/api/sensors": sensors.SENSORS,
    "/api/situations": situation_filters.QUERY,
    "/api/evaluation": evaluation.QUERY,
    "/api/duplicates": duplicates.QUERY,
    "/api/grid/areas": (asking.AT,),
    "/api/grid/cells/{code}": cells.QUERY,
    "/api/grid/cells/{code}/profile": (asking.AT,),
    "/api/grid/locate": (*asking.POSITION, asking.AT),
    "/api/grid/components": components.QUERY,
    "/sta/v1.1/{path}": SENSORTHINGS,
}
"""What is asked by GET, by path."""
_SECURITY: Final = {
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "session": {"type": "apiKey", "in": "cookie", "name": "city_session"},
    # A device that signs shows all three: docs/api.md says over what.
    "deviceKey": {"type": "apiKey", "in": "header", "name": "X-Device-Key"},
    "timestamp": {"type": "apiKey", "in": "header", "name": "X-Timestamp"},
    "signature": {"type": "apiKey", "in": "header", "name": "X-Signature"},
}
_SCHEMA: Final = "#/components/schemas/{name}"


async def openapi(request: Request, actor: Actor) -> Response:
    """The description as JSON."""
    return json_answer(describe(request.app))


def describe(app: Starlette) -> dict[str, Any]:
    """OpenAPI 3.1 of all routes, with the shapes of their bodies."""
    paths: dict[str, Any] = {}
    _, schemas = msgspec.json.schema_components(_BODIES.values(), ref_template=_SCHEMA)
    for route in app.routes:
        if isinstance(route, Route):
            _add(paths, route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "citygrid", "version": version("citygrid")},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _SECURITY},
        "security": [
            {"key": []},
            {"session": []},
            {"deviceKey": [], "timestamp": [], "signature": []},
        ],
    }


def _add(paths: dict[str, Any], route: Route) -> None:
    for method in sorted((route.methods or set()) - {"HEAD"}):
        operation = _operation(route, method.lower())
        # OpenAPI names a parameter without the type that the router converts it to.
        paths.setdefault(route.path_format, {})[method.lower()] = operation


def _operation(route: Route, method: str) -> dict[str, Any]:
    guard: Any = getattr(route.endpoint, "__self__", None)
    described = (getattr(guard, "endpoint", None) or route.endpoint).__doc__ or ""
    operation: dict[str, Any] = {
        "summary": " ".join(described.split()),
        "x-action": getattr(guard, "action", None),
        "parameters": _parameters(route, method),
        "responses": {
            "default": {
                "description": "An answer, or a problem (RFC 9457) that says what is wrong."
            }
        },
    }
    if (body := _BODIES.get((route.path, method))) is not None:
        operation["requestBody"] = {"required": True, "content": _content(route, method, body)}
    if (route.path, method) == ("/api/reports", "post"):
        operation["parameters"].append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "format": "uuid"},
            }
        )
    return operation


def _content(route: Route, method: str, body: type) -> dict[str, object]:
    shapes = {"application/json": body}
    if (line := _LINES.get((route.path, method))) is not None:
        shapes[lines.MEDIA_TYPE] = line
    return {
        media_type: {"schema": {"$ref": _SCHEMA.format(name=shape.__name__)}}
        for media_type, shape in shapes.items()
    }


def _parameters(route: Route, method: str) -> list[dict[str, object]]:
    in_path: list[dict[str, object]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in route.param_convertors
    ]
    asked = _QUERIES.get(route.path_format, ()) if method == "get" else ()
    return in_path + [one.as_dict() for one in asked]


ROUTES: Final = [
    Route("/api/openapi.json", guarded("catalogue.read", openapi), methods=["GET"]),
]
