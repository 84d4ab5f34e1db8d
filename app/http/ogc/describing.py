"""The doors at `/ogc` as OpenAPI 3.0, made from the table of collections that they work by."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from starlette.requests import Request

from app.http.addresses import base_of
from app.http.ogc.asking import MOST, USUAL
from app.http.ogc.collections import COLLECTIONS, Collection, Queryable
from app.http.ogc.writing import GEOJSON, JSON, PREFIX

_Schema = dict[str, Any]
_NUMBERS: Final[_Schema] = {"type": "number"}
_TEXT: Final[_Schema] = {"type": "string"}
_OBJECT: Final[_Schema] = {"type": "object"}
_LINKS: Final[_Schema] = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}
_SCHEMAS: Final[_Schema] = {
    "link": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": dict.fromkeys(("href", "rel", "type", "title"), _TEXT),
    },
    "feature": {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"oneOf": [_TEXT, {"type": "integer"}]},
            "geometry": _OBJECT,
            "properties": _OBJECT,
            "links": _LINKS,
        },
    },
    "features": {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
            "links": _LINKS,
            "timeStamp": {"type": "string", "format": "date-time"},
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
        },
    },
    "problem": {
        "type": "object",
        "properties": {
            "title": _TEXT,
            "titles": _OBJECT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "errors": {"type": "array", "items": _OBJECT},
        },
    },
}


def describe(request: Request) -> _Schema:
    """The whole description."""
    paths: _Schema = {
        "/": _get("landing", "Where to begin", JSON, _OBJECT),
        "/conformance": _get("conformance", "What this conforms to", JSON, _OBJECT),
        "/collections": _get("collections", "The collections you may read", JSON, _OBJECT),
    }
    for one in COLLECTIONS.values():
        paths |= _paths_of(one)
    return {
        "openapi": "3.0.3",
        "info": {"title": "citygrid: OGC API - Features", "version": version("citygrid")},
        "servers": [{"url": f"{base_of(request)}{PREFIX}"}],
        "paths": paths,
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
        },
        "security": [{"key": []}],
    }


def _paths_of(collection: Collection) -> _Schema:
    path, name = f"/collections/{collection.id}", collection.title.en
    by_id = {"name": "featureId", "in": "path", "required": True, "schema": _TEXT}
    features = {"$ref": "#/components/schemas/features"}
    return {
        path: _get(collection.id, name, JSON, _OBJECT),
        f"{path}/items": _get(
            f"{collection.id}.items",
            collection.text.en,
            GEOJSON,
            features,
            *_paging(),
            *(_parameter(one) for one in collection.queryables.values()),
        ),
        f"{path}/items/{{featureId}}": _get(
            f"{collection.id}.item",
            f"One of: {name}",
            GEOJSON,
            {"$ref": "#/components/schemas/feature"},
            by_id,
        ),
    }


def _paging() -> list[_Schema]:
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
    box = {
        "type": "array",
        "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
        "items": _NUMBERS,
    }
    return [
        {**_query("bbox", box, "What lies in or touches this box, CRS84"), "explode": False},
        _query("datetime", _TEXT, "What was at a moment, or within a span with / between its ends"),
        _query("limit", limit, "How many features a page holds"),
        _query("cursor", _TEXT, "Of the link `next`; nothing to make up"),
    ]


def _parameter(queryable: Queryable) -> _Schema:
    schema: _Schema = {"type": queryable.kind}
    if queryable.choices:
        schema["enum"] = list(queryable.choices)
    return _query(queryable.name, schema, f"{queryable.text.zh} / {queryable.text.en}")


def _query(name: str, schema: _Schema, text: str) -> _Schema:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": text,
        "style": "form",
        "schema": schema,
    }


def _get(
    operation: str, summary: str, media_type: str, schema: _Schema, *parameters: _Schema
) -> _Schema:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": list(parameters),
            "responses": {
                "200": {"description": summary, "content": {media_type: {"schema": schema}}},
                "default": {"description": "What is wrong", "content": problem},
            },
        }
    }
