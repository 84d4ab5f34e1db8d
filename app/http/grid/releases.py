"""Releases of the grid as they followed each other, and the areas of one as a tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.grid.asking import AT, DETAIL, moment_of, parameters_of, release_at
from app.http.wiring import wiring_of
from app.policy import Actor
from dispatch.postgres.clock import now
from grid.hierarchy import Area
from grid.postgres import load_hierarchy
from grid.register.postgres import Edition, list_editions


async def releases(request: Request, actor: Actor) -> Response:
    """The release in force, those before it and those ordered to follow; the latest first."""
    parameters_of(request).finish(422, DETAIL)
    async with wiring_of(request).database.connection() as conn:
        moment, editions = await now(conn), await list_editions(conn)
        in_force = await release_at(conn, None)
    told = [asdict(one) | {"standing": _standing(one, moment)} for one in editions]
    return json_answer({"in_force": in_force.version, "releases": told})


def _standing(edition: Edition, moment: datetime) -> str:
    if edition.active_from > moment:
        return "coming"
    ended = edition.active_until is not None and edition.active_until <= moment
    return "past" if ended else "in_force"


async def areas(request: Request, actor: Actor) -> Response:
    """The areas of the release in force as a tree, or of that in force `at` a moment."""
    given = parameters_of(request, AT)
    at = given.take("at", moment_of)
    given.finish(422, DETAIL)
    async with wiring_of(request).database.connection() as conn:
        version = (await release_at(conn, at)).version
        hierarchy = await load_hierarchy(conn, version)
    below: dict[str | None, list[Area]] = defaultdict(list)
    for area in hierarchy:
        below[area.parent].append(area)
    return json_answer({"version": version, "areas": _tree(below, None)})


def _tree(below: Mapping[str | None, Sequence[Area]], parent: str | None) -> list[dict[str, Any]]:
    return [
        {
            "code": area.code,
            "level": area.level,
            "name": area.name,
            "department": area.department,
            "areas": _tree(below, area.code),
        }
        for area in below.get(parent, ())
    ]


ROUTES: Final = [
    Route("/api/grid", guarded("grid.read", releases), methods=["GET"]),
    Route("/api/grid/areas", guarded("grid.read", areas), methods=["GET"]),
]
