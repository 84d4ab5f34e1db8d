"""Components: the nearest to a position, and everything that was with one of them."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.case_filters import CaseFilter
from app.http.cases import list_within
from app.http.grid.asking import DETAIL, POSITION, number, parameters_of, position_of
from app.http.parameters import BadValue, Query, number_query
from app.http.texts import BadText, clean
from app.http.wiring import wiring_of
from app.policy import Actor, reach
from app.problems import Problem
from grid.components.postgres import component_versions, nearest_components

FARTHEST_M: Final = 1000
MOST: Final = 50
USUAL_M: Final = 50
USUAL: Final = 5
_MOST_CATEGORIES: Final = 20
_CODES: Final = {"type": "array", "items": {"type": "string"}, "maxItems": _MOST_CATEGORIES}
QUERY: Final = (
    *POSITION,
    Query("category", "Codes of categories, commas between", _CODES),
    number_query("radius_m", "How far away at the most", most=FARTHEST_M, usual=USUAL_M),
    number_query("count", "How many at the most", most=MOST, usual=USUAL),
)


async def nearest(request: Request, actor: Actor) -> Response:
    """The components nearest to a position, the nearest first, each with its distance in metres."""
    given = parameters_of(request, *QUERY)
    position = position_of(given)
    categories = given.take("category", _categories)
    radius_m = given.take("radius_m", number(FARTHEST_M)) or USUAL_M
    count = given.take("count", number(MOST)) or USUAL
    given.finish(422, DETAIL)
    if position is None:
        raise TypeError("a position that is missing is a fault")
    async with wiring_of(request).database.connection() as conn:
        found = await nearest_components(
            conn,
            position.lon,
            position.lat,
            categories=categories,
            radius_m=radius_m,
            count=count,
        )
    return json_answer({"lon": position.lon, "lat": position.lat, "components": found})


def _categories(text: str) -> list[str]:
    codes = [clean("category", code, longest=64) for code in text.split(",")]
    if len(codes) > _MOST_CATEGORIES:
        raise BadValue(f"are {len(codes)}", f"at most {_MOST_CATEGORIES}, with commas between")
    return codes


async def component(request: Request, actor: Actor) -> Response:
    """What the surveys said of a component, and its cases within the actor's reach, newest first.

    `cases` is null for who reads no cases at all; GET /api/cases?component=… goes on from `next`.
    """
    parameters_of(request).finish(422, DETAIL)
    try:
        code = clean("component", str(request.path_params["component"]), longest=64)
    except BadText as err:
        raise Problem(404, "there is no such component") from err
    within = reach(actor, "case.read")
    async with wiring_of(request).database.connection() as conn:
        versions = await component_versions(conn, code)
        if not versions:
            raise Problem(404, "there is no such component")
        told: dict[str, object] = {"cases": None, "next": None}
        if within:
            told = await list_within(conn, CaseFilter(component=code), within)
    return json_answer({"id": code, "versions": versions, **told})


ROUTES: Final = [
    Route("/api/grid/components", guarded("component.read", nearest), methods=["GET"]),
    Route(
        "/api/grid/components/{component:path}",
        guarded("component.read", component),
        methods=["GET"],
    ),
]
