"""The dispatch map: its page and files, its tiles, and the names it shows."""

from __future__ import annotations

import gzip
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.map_room import map_room_of
from app.http.wiring import wiring_of
from app.policy import Actor
from app.problems import Problem
from dispatch.case import State
from maps.assets import PAGE_HEADERS, Asset
from maps.errors import MapWithoutCity, NoSuchTile, UnknownLayer
from maps.layers import LAYERS, TileNumber
from maps.postgres.city import find_cell, read_map_parts
from maps.postgres.tiles import GridStamp, draw_tile, read_grid_stamp
from maps.tiles import FORMAT

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_HEAD: Final = "page.html"
"""The one head of all pages but the map."""
SHEETS: Final = ("/dead", "/escalations", "/evaluation", "/whatif")
_TILE_TYPE: Final = "application/vnd.mapbox-vector-tile"


async def page(request: Request, actor: Actor) -> Response:
    """The dispatch map; who is not logged in is sent to the login page."""
    if not actor.is_known:
        return RedirectResponse("/login", 303, headers={"cache-control": "no-store"})
    return _page(request, "map.html")


async def sheet(request: Request, actor: Actor) -> Response:
    """A page beside the map, by its path; its data asks the policy."""
    if not actor.is_known:
        return RedirectResponse("/login", 303, headers={"cache-control": "no-store"})
    return _page(request, _HEAD, page=request.url.path.removeprefix("/"), look="sheet")


async def login_page(request: Request, actor: Actor) -> Response:
    """The login page."""
    return _page(request, _HEAD, page="login", look="door")


def _page(request: Request, name: str, **told: str) -> Response:
    content = map_room_of(request).assets.page(name, **told)
    return Response(content, headers=dict(PAGE_HEADERS), media_type="text/html; charset=utf-8")


async def static(request: Request, actor: Actor) -> Response:
    """A file of the page. Under the current build it may be kept for ever."""
    assets = map_room_of(request).assets
    asset = assets.find(request.path_params["name"])
    if asset is None:
        raise Problem(404, "there is no such file")
    fresh = request.path_params["build"] == assets.build
    headers = {
        "cache-control": _FOR_EVER if fresh else "no-cache",
        "etag": asset.etag,
        "vary": "accept-encoding",
    }
    if request.headers.get("if-none-match") == asset.etag:
        return Response(status_code=304, headers=headers)
    return _file(request, asset, headers)


def _file(request: Request, asset: Asset, headers: dict[str, str]) -> Response:
    if _takes_gzip(request):
        return Response(
            asset.packed,
            headers={**headers, "content-encoding": "gzip"},
            media_type=asset.media_type,
        )
    return Response(asset.content, headers=headers, media_type=asset.media_type)


async def tile(request: Request, actor: Actor) -> Response:
    """A vector tile; 204 where nothing lies, 404 for a layer or number that cannot be."""
    number = _tile_number(request)
    stamp = await _stamp(request)
    headers = {
        "etag": f'"{FORMAT}-{stamp}-{number.path()}"',
        "cache-control": _tile_caching(request, stamp),
        "vary": "accept-encoding",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    packed = await _packed_tile(request, number, stamp)
    if not packed:
        return Response(status_code=204, headers=headers)
    if _takes_gzip(request):
        return Response(
            packed, headers={**headers, "content-encoding": "gzip"}, media_type=_TILE_TYPE
        )
    return Response(gzip.decompress(packed), headers=headers, media_type=_TILE_TYPE)


async def _packed_tile(request: Request, number: TileNumber, stamp: GridStamp) -> bytes:
    database = wiring_of(request).database

    async def draw(wanted: TileNumber) -> bytes:
        async with database.connection() as conn:
            return await draw_tile(conn, wanted, stamp)

    return await map_room_of(request).shelf.tile(number, str(stamp), draw)


def _tile_number(request: Request) -> TileNumber:
    told = request.path_params
    try:
        return TileNumber(told["layer"], told["z"], told["x"], told["y"])
    except (UnknownLayer, NoSuchTile) as err:
        raise Problem(404, str(err)) from err


def _tile_caching(request: Request, stamp: GridStamp) -> str:
    """Tiles asked for by their grid never change; others must be asked about each time."""
    if request.query_params.get("grid") == str(stamp):
        return "private, max-age=31536000, immutable"
    return "private, no-cache"


async def _stamp(request: Request) -> GridStamp:
    try:
        async with wiring_of(request).database.connection() as conn:
            return await read_grid_stamp(conn)
    except MapWithoutCity as err:
        raise Problem(503, str(err), retry_after_s=10) from err


async def city(request: Request, actor: Actor) -> Response:
    """Everything the page must know of the city to draw and name it, in both languages."""
    stamp = await _stamp(request)
    async with wiring_of(request).database.connection() as conn:
        parts = await read_map_parts(conn)
    layers = [
        {"name": one.name, "first_zoom": one.first_zoom, "last_zoom": one.last_zoom}
        for one in LAYERS.values()
    ]
    told = {"grid": str(stamp), "layers": layers, "states": [str(state) for state in State]}
    return json_answer(told | parts)


async def cell(request: Request, actor: Actor) -> Response:
    """The name, size and place of one cell."""
    async with wiring_of(request).database.connection() as conn:
        found = await find_cell(conn, request.path_params["code"])
    if found is None:
        raise Problem(404, "there is no such cell")
    return json_answer(found, headers={"cache-control": "private, max-age=3600"})


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


ROUTES: Final = [
    Route("/", guarded("page.read", page), methods=["GET"]),
    *(Route(path, guarded("page.read", sheet), methods=["GET"]) for path in SHEETS),
    Route("/login", guarded("page.read", login_page), methods=["GET"]),
    Route("/static/{build}/{name:path}", guarded("page.read", static), methods=["GET"]),
    Route("/tiles/{layer}/{z:int}/{x:int}/{y:int}.mvt", guarded("map.read", tile), methods=["GET"]),
    Route("/api/map/city", guarded("map.read", city), methods=["GET"]),
    Route("/api/map/cells/{code:path}", guarded("map.read", cell), methods=["GET"]),
]
