"""How many people, buildings, shelters and components are in a drawn area or a cell. Sums only."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, Literal

import msgspec
import numpy as np
from psycopg import AsyncConnection
from shapely.geometry.base import BaseGeometry
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.decoding import decode
from app.http.grid.asking import AT, parameters_of
from app.http.grid.cells import cell_asked
from app.http.wiring import wiring_of
from app.policy import Actor
from app.problems import Fault, Problem
from geo.errors import BadGeometry
from geo.geojson import geometry_of
from geo.measure import area_m2
from grid.components.postgres import count_components
from grid.naming import Label
from grid.profile.figures import ATTRIBUTES, FigureSum
from grid.profile.postgres import sum_figures

MOST_VERTICES: Final = 2000
MOST_KM2: Final = 100_000
_NOTE: Final = Label(
    "边界切过的地块按面积比例估算，假定其内部分布均匀；未列出的指标在此处没有数据，不等于零。",
    "Where the edge cuts a place its figure is estimated by the share of ground, as if all were "
    "spread evenly. An attribute that is not listed is unknown here, which is not zero.",
)


class ToldGeometry(msgspec.Struct, frozen=True):
    """A GeoJSON Polygon or MultiPolygon in degrees WGS84, longitude first; 2,000 vertices."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]


class ToldDrawing(msgspec.Struct, frozen=True):
    """The body of `POST /api/grid/profile`: a GeoJSON Polygon, MultiPolygon, or a Feature of one.

    Degrees WGS84, longitude first, up to 2,000 vertices. Other members of GeoJSON are ignored.
    """

    type: Literal["Polygon", "MultiPolygon", "Feature"]
    coordinates: list[Any] | None = None
    geometry: ToldGeometry | None = None


async def drawn(request: Request, actor: Actor) -> Response:
    """What is in a drawn area, as sums; says of each how much of it is estimated."""
    check_type(request, "application/json")
    shape = _shape(decode(await read_body(request, JSON_LIMIT), ToldDrawing))
    async with wiring_of(request).database.connection() as conn:
        return json_answer(await _profile(conn, shape))


async def of_cell(request: Request, actor: Actor) -> Response:
    """What is in a cell, as sums."""
    async with wiring_of(request).database.connection() as conn:
        found = await cell_asked(conn, request, parameters_of(request, AT))
        told = await _profile(conn, found.geometry)
    return json_answer({"cell": found.code, "version": found.version, **told})


def _shape(told: ToldDrawing) -> BaseGeometry:
    feature = told.type == "Feature"
    path = "geometry" if feature else "$"
    value = msgspec.to_builtins(told.geometry if feature else told)
    try:
        shape = geometry_of(
            value, path=path, kinds=("Polygon", "MultiPolygon"), most_vertices=MOST_VERTICES
        )
    except BadGeometry as bad:
        fault = Fault(
            bad.path[:100], bad.reason, f"a valid area of at most {MOST_VERTICES} vertices"
        )
        raise Problem(422, "the drawing is no area", fault) from bad
    [size_m2] = area_m2(np.array([shape], dtype=object)).tolist()
    if size_m2 > MOST_KM2 * 1e6:
        fault = Fault(path, f"has {size_m2 / 1e6:,.0f} km²", f"draw at most {MOST_KM2:,} km²")
        raise Problem(422, "the drawing is too large", fault)
    return shape


async def _profile(conn: AsyncConnection[Any], shape: BaseGeometry) -> dict[str, object]:
    figures = await sum_figures(conn, shape)
    components = await count_components(conn, shape)
    return {
        "estimated": any(one.estimated for one in figures.values()),
        "note": _NOTE,
        "figures": {name: _figure(one) for name, one in figures.items()},
        "components": components,
    }


def _figure(figure: FigureSum) -> dict[str, object]:
    told = asdict(figure)
    del told["attribute"]
    return {"name": ATTRIBUTES[figure.attribute], **told, "estimated": figure.estimated}


ROUTES: Final = [
    Route("/api/grid/profile", guarded("profile.read", drawn), methods=["POST"]),
    Route("/api/grid/cells/{code:path}/profile", guarded("profile.read", of_cell), methods=["GET"]),
]
