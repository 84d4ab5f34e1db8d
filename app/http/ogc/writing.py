"""What the doors at `/ogc` answer: GeoJSON features, and links that are absolute."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from app.http.addresses import base_of
from app.http.city import City
from app.http.ogc.collections import Collection
from app.http.ogc.reading import Page, Row
from grid.catalogue import Category

PREFIX: Final = "/ogc"
JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

# Programs with tables have no place for a list: the smallest of the areas stands for all.
_BESIDE: Final = ("id", "geometry", "areas", "helpers")

Link = dict[str, str]


def link(request: Request, rel: str, path: str, media_type: str, title: str) -> Link:
    """A link to *path* below `/ogc`."""
    href = f"{base_of(request)}{PREFIX}{path}"
    return {"href": href, "rel": rel, "type": media_type, "title": title}


def geojson_answer(content: object) -> Response:
    """*content* as GeoJSON; what one may see another may not, so nobody in between keeps it."""
    headers = {"cache-control": "private, no-store"}
    return Response(msgspec.json.encode(content), headers=headers, media_type=GEOJSON)


def feature_collection(
    request: Request, collection: Collection, page: Page, city: City | None
) -> dict[str, object]:
    """A page as a FeatureCollection, with the link to the next one."""
    path = f"/collections/{collection.id}"
    items, title = f"{path}/items", collection.title.en
    links = [
        link(
            request, "self", _with_query(items, request.query_params.multi_items()), GEOJSON, title
        ),
        link(request, "collection", path, JSON, title),
    ]
    if page.following is not None:
        kept = [
            (name, text) for name, text in request.query_params.multi_items() if name != "cursor"
        ]
        onward = _with_query(items, [*kept, ("cursor", page.following.write())])
        links.append(link(request, "next", onward, GEOJSON, "the next page"))
    return {
        "type": "FeatureCollection",
        "timeStamp": datetime.now(UTC).replace(microsecond=0),
        "numberMatched": page.matched,
        "numberReturned": len(page.rows),
        "links": links,
        "features": [feature(row, city) for row in page.rows],
    }


def single_feature(
    request: Request, collection: Collection, row: Row, city: City | None
) -> dict[str, object]:
    """One feature with its links."""
    path, title = f"/collections/{collection.id}", collection.title.en
    own = f"{path}/items/{quote(str(row['id']), safe='')}"
    links = [
        link(request, "self", own, GEOJSON, title),
        link(request, "collection", path, JSON, title),
    ]
    return {**feature(row, city), "links": links}


def feature(row: Row, city: City | None) -> dict[str, object]:
    """A row as a Feature; codes of categories and departments get their names beside them."""
    properties = {name: told for name, told in row.items() if name not in _BESIDE}
    if city is not None:
        properties |= _names(properties, city)
    return {
        "type": "Feature",
        "id": row["id"],
        "geometry": msgspec.Raw(row["geometry"].encode("ascii")),
        "properties": properties,
    }


def _names(properties: dict[str, Any], city: City) -> dict[str, str | None]:
    names: dict[str, str | None] = {}
    if (code := properties.get("category")) is not None:
        # Only cases have a department; what else has a category is a component.
        category = city.catalogue.find(code) if "department" in properties else None
        category = category or _component_of(code, city)
        names["category_zh"] = category.name.zh if category else None
        names["category_en"] = category.name.en if category else None
    if "department" in properties:
        department = city.departments.get(properties["department"] or "")
        names["department_zh"] = department.name.zh if department else None
        names["department_en"] = department.name.en if department else None
    return names


def _component_of(code: str, city: City) -> Category | None:
    return next((one for one in city.catalogue.components if one.code == code), None)


def _with_query(path: str, pairs: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path
