"""What can be reported, and who answers for it: open to everybody, in both languages."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.wiring import wiring_of
from app.policy import Actor

_KEEP_A_MINUTE: Final = {"cache-control": "public, max-age=60"}


async def catalogue(request: Request, actor: Actor) -> Response:
    """The categories that can be reported, with the standard that names them."""
    city = wiring_of(request).current_city()
    categories = [asdict(category) for category in city.catalogue.reportable]
    content = {"standard": city.catalogue.standard, "categories": categories}
    return json_answer(content, headers=_KEEP_A_MINUTE)


async def departments(request: Request, actor: Actor) -> Response:
    """The departments of the city."""
    city = wiring_of(request).current_city()
    content = {"departments": [asdict(one) for one in city.departments.values()]}
    return json_answer(content, headers=_KEEP_A_MINUTE)


ROUTES: Final = [
    Route("/api/catalogue", guarded("catalogue.read", catalogue), methods=["GET"]),
    Route("/api/departments", guarded("catalogue.read", departments), methods=["GET"]),
]
