"""What there is at `/ogc`: the landing page, what it conforms to, and the collections."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import action_asked, guarded
from app.http.answers import json_answer
from app.http.city import City
from app.http.ogc.asking import refuse_parameters
from app.http.ogc.collections import COLLECTIONS, Collection, Time
from app.http.ogc.describing import describe
from app.http.ogc.writing import CRS84, GEOJSON, JSON, OPENAPI, PREFIX, link
from app.http.wiring import wiring_of
from app.policy import Actor, Refused, reach
from app.problems import Problem
from grid.naming import Label
from grid.versions.postgres import list_reigns

CONFORMS_TO: Final = [
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}"
    for name in ("core", "geojson", "oas30")
]
_TITLE: Final = Label("管理网格与案卷", "Management grid and cases")


async def landing(request: Request, actor: Actor) -> Response:
    """Where to begin: links to the description, the conformance and the collections (OGC API)."""
    refuse_parameters(request.query_params.multi_items())
    city = wiring_of(request).city.current
    name = Label(f"{city.name.zh}：", f"{city.name.en}: ") if city else Label("", "")
    return json_answer(
        {
            "title": f"{name.zh}{_TITLE.zh} / {name.en}{_TITLE.en}",
            "description": "OGC API - Features Part 1, CRS84. Show a key in the header X-Api-Key.",
            "links": [
                link(request, "self", "/", JSON, "this page"),
                link(request, "service-desc", "/api", OPENAPI, "the description, OpenAPI 3.0"),
                link(request, "conformance", "/conformance", JSON, "what this conforms to"),
                link(request, "data", "/collections", JSON, "the collections"),
            ],
        }
    )


async def conformance(request: Request, actor: Actor) -> Response:
    """The conformance classes that are kept (OGC API)."""
    refuse_parameters(request.query_params.multi_items())
    return json_answer({"conformsTo": CONFORMS_TO})


async def description(request: Request, actor: Actor) -> Response:
    """The description of these doors as OpenAPI 3.0 (OGC API)."""
    refuse_parameters(request.query_params.multi_items())
    answer = json_answer(describe(request))
    answer.headers["content-type"] = OPENAPI
    return answer


async def collections(request: Request, actor: Actor) -> Response:
    """The collections the actor may read (OGC API)."""
    refuse_parameters(request.query_params.multi_items())
    readable = [one for one in COLLECTIONS.values() if _may_read(request, actor, one)]
    if not readable:
        raise Refused(actor, "grid.read")
    begun = await _begun(request)
    city = wiring_of(request).city.current
    return json_answer(
        {
            "links": [link(request, "self", "/collections", JSON, "the collections")],
            "collections": [_as_told(request, one, city, begun) for one in readable],
        }
    )


async def collection(request: Request, actor: Actor) -> Response:
    """One collection: its name, extent and links (OGC API)."""
    refuse_parameters(request.query_params.multi_items())
    asked = COLLECTIONS.get(request.path_params["collection"])
    if asked is None:
        raise Problem(404, f"there is no such collection; there are {', '.join(COLLECTIONS)}")
    if not _may_read(request, actor, asked):
        raise Refused(actor, asked.action)
    city = wiring_of(request).city.current
    return json_answer(_as_told(request, asked, city, await _begun(request)))


def _may_read(request: Request, actor: Actor, asked: Collection) -> bool:
    return bool(reach(actor, action_asked(request, asked.action)))


async def _begun(request: Request) -> str | None:
    """Since when there is a grid at all."""
    async with wiring_of(request).database.connection() as conn:
        reigns = await list_reigns(conn)
    return reigns[0].active_from.isoformat() if reigns else None


def _as_told(
    request: Request, asked: Collection, city: City | None, begun: str | None
) -> dict[str, Any]:
    path = f"/collections/{asked.id}"
    since = begun if asked.time is Time.RELEASE else None
    extent: dict[str, Any] = {"temporal": {"interval": [[since, None]]}}
    if city is not None:
        extent["spatial"] = {"bbox": [list(city.bbox)], "crs": CRS84}
    return {
        "id": asked.id,
        "title": f"{asked.title.zh} / {asked.title.en}",
        "description": f"{asked.text.zh} / {asked.text.en}",
        "itemType": "feature",
        "crs": [CRS84],
        "extent": extent,
        "links": [
            link(request, "self", path, JSON, asked.title.en),
            link(request, "items", f"{path}/items", GEOJSON, f"{asked.title.en} as GeoJSON"),
        ],
    }


_OPEN: Final = "catalogue.read"
ROUTES: Final = [
    Route(PREFIX, guarded(_OPEN, landing), methods=["GET"]),
    Route(f"{PREFIX}/", guarded(_OPEN, landing), methods=["GET"]),
    Route(f"{PREFIX}/conformance", guarded(_OPEN, conformance), methods=["GET"]),
    Route(f"{PREFIX}/api", guarded(_OPEN, description), methods=["GET"]),
    Route(f"{PREFIX}/collections", guarded(_OPEN, collections), methods=["GET"]),
    Route(f"{PREFIX}/collections/{{collection}}", guarded(_OPEN, collection), methods=["GET"]),
]
