"""From positions to cells, one or many at once."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray
from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.decoding import decode
from app.http.grid.asking import (
    AT,
    DETAIL,
    POSITION,
    datum_of,
    moment_of,
    parameters_of,
    position_of,
    release_at,
)
from app.http.parameters import Parameters
from app.http.wiring import wiring_of
from app.policy import Actor
from app.problems import Fault, Problem
from geo.shift import to_wgs84
from grid.cell import Place
from grid.postgres import load_hierarchy
from grid.register.postgres import locate_cells

MOST: Final = 1000


class ToldPositions(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `POST /api/grid/locate`: up to 1,000 pairs of degrees in *datum*, lon first.

    *at* is RFC 3339 with a zone; without it the release in force now answers.
    """

    positions: Annotated[list[tuple[float, float]], Meta(min_length=1, max_length=MOST)]
    datum: str
    at: str | None = None


async def locate(request: Request, actor: Actor) -> Response:
    """The cell of a position and the areas above it; null where no cell holds it."""
    given = parameters_of(request, *POSITION, AT)
    position, at = position_of(given), given.take("at", moment_of)
    given.finish(422, DETAIL)
    if position is None:
        raise TypeError("a position that is missing is a fault")
    async with wiring_of(request).database.connection() as conn:
        version = (await release_at(conn, at)).version
        [place] = await _places(conn, np.array([[position.lon, position.lat]]), version)
    return json_answer(
        {"version": version, "lon": position.lon, "lat": position.lat, **_told(place)}
    )


async def locate_many(request: Request, actor: Actor) -> Response:
    """The cells of up to 1,000 positions, in their order."""
    check_type(request, "application/json")
    told = decode(await read_body(request, JSON_LIMIT), ToldPositions)
    pairs = [("datum", told.datum), *([("at", told.at)] if told.at is not None else [])]
    given = Parameters(pairs, ("datum", "at"))
    datum, at = given.take("datum", datum_of), given.take("at", moment_of)
    given.finish(422, DETAIL)
    if datum is None:
        raise TypeError("a datum that is missing is a fault")
    lon_lat = to_wgs84(_in_degrees(told), datum)
    async with wiring_of(request).database.connection() as conn:
        version = (await release_at(conn, at)).version
        places = await _places(conn, lon_lat, version)
    return json_answer({"version": version, "places": [_told(place) for place in places]})


def _in_degrees(told: ToldPositions) -> NDArray[np.float64]:
    lon_lat = np.array(told.positions, dtype=np.float64)
    beyond = np.flatnonzero((np.abs(lon_lat) > (180, 90)).any(axis=1)).tolist()
    if beyond:
        remedy = "longitude first, -180 to 180, then latitude, -90 to 90"
        faults = (Fault(f"positions[{i}]", "is no position in degrees", remedy) for i in beyond)
        raise Problem(422, DETAIL, *faults)
    return lon_lat


async def _places(
    conn: AsyncConnection[Any], lon_lat: NDArray[np.float64], version: int
) -> list[Place | None]:
    held = await locate_cells(conn, lon_lat, version)
    hierarchy = await load_hierarchy(conn, version)
    return [one and Place(one[0], hierarchy.path(one[1])) for one in held]


def _told(place: Place | None) -> dict[str, object]:
    if place is None:
        return {"cell": None, "areas": []}
    return {"cell": place.cell, "areas": place.areas}


ROUTES: Final = [
    Route("/api/grid/locate", guarded("grid.read", locate), methods=["GET"]),
    Route("/api/grid/locate", guarded("grid.read", locate_many), methods=["POST"]),
]
