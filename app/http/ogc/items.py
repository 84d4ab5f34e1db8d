"""The features of a collection: a page of them, or one."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.http.access import guarded
from app.http.ogc.asking import asked_of, refuse_parameters
from app.http.ogc.collections import COLLECTIONS, Collection, Time
from app.http.ogc.reading import ForeignReleases, Row, find_feature, read_page
from app.http.ogc.writing import PREFIX, feature_collection, geojson_answer, single_feature
from app.http.texts import BadText, clean
from app.http.wiring import wiring_of
from app.policy import Actor, Resource, authorize, reach
from app.problems import Fault, Problem

_LARGEST_ID: Final = 2**63 - 1


class Door:
    """The two doors of one collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def items(self, request: Request, actor: Actor) -> Response:
        """The features of the collection that the parameters choose, page by page (OGC API)."""
        collection, wiring = self._collection, wiring_of(request)
        asked = asked_of(collection, request.query_params.multi_items())
        within = reach(actor, collection.action) if collection.time is Time.LIFE else None
        try:
            async with wiring.database.connection() as conn:
                page = await read_page(conn, collection, asked, within)
        except ForeignReleases as err:
            fault = Fault("cursor", "is none of ours", "follow the link `next` as it is")
            raise Problem(400, "the features cannot be given as asked", fault) from err
        return geojson_answer(feature_collection(request, collection, page, wiring.city.current))

    async def item(self, request: Request, actor: Actor) -> Response:
        """One feature of the collection by its id (OGC API)."""
        collection, wiring = self._collection, wiring_of(request)
        refuse_parameters(request.query_params.multi_items())
        key = self._key(str(request.path_params["feature"]))
        row = None
        if key is not None:
            async with wiring.database.connection() as conn:
                row = await find_feature(conn, collection, key)
        if row is None:
            raise Problem(404, f"{collection.id} has no such feature")
        if collection.time is Time.LIFE:
            authorize(actor, collection.action, _seen(row))
        return geojson_answer(single_feature(request, collection, row, wiring.city.current))

    def _key(self, text: str) -> str | int | None:
        if self._collection.key_kind is int:
            number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
            return number if 0 < number <= _LARGEST_ID else None
        try:
            return clean("feature", text, longest=64)
        except BadText:
            return None


def _seen(case: Row) -> Resource:
    return Resource(
        department=case["department"],
        areas=frozenset(case["areas"]),
        helpers=frozenset(case["helpers"]),
    )


def _routes(collection: Collection) -> list[BaseRoute]:
    door, path = Door(collection), f"{PREFIX}/collections/{collection.id}/items"
    return [
        Route(path, guarded(collection.action, door.items), methods=["GET"]),
        Route(f"{path}/{{feature:path}}", guarded(collection.action, door.item), methods=["GET"]),
    ]


ROUTES: Final = [route for one in COLLECTIONS.values() for route in _routes(one)]
