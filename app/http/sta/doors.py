"""The doors at `/sta/v1.1` for those who read: what is there, and every address below."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from app.http.addresses import base_of
from app.http.answers import json_answer
from app.http.sta.graph import Entity, Graph
from app.http.sta.kinds import COLLECTIONS
from app.http.sta.observed import Connection, Observation, Scope, be_patient, read_page
from app.http.sta.options import Options, options_of
from app.http.sta.paths import Several, Single, nothing_there, resolve
from app.http.sta.telling import Teller, of_one, references
from app.http.sta.tokens import BadExpression
from app.http.wiring import wiring_of
from app.policy import Actor, Reach, Resource, reach
from app.problems import Fault, Problem
from grid.hierarchy import Hierarchy
from grid.postgres import load_hierarchy, version_in_force

PREFIX: Final = "/sta/v1.1"
_SPEC: Final = "http://www.opengis.net/spec/iot_sensing/1.1/req"
CONFORMANCE: Final = [
    f"{_SPEC}/{name}"
    for name in (
        "datamodel",
        "resource-path/resource-path-to-entities",
        "request-data",
        "create-update-delete/create-entity",
        "create-update-delete/link-to-existing-entities",
        "create-update-delete/deep-insert",
        "create-update-delete/deep-insert-status-code",
        "data-array/data-array",
    )
]
"""What is kept of the standard; docs/sensorthings.md says what each leaves out."""


async def service(request: Request, actor: Actor) -> Response:
    """What there is: the collections, and what of the standard is kept (SensorThings)."""
    root = root_of(request)
    value = [{"name": plural, "url": f"{root}/{plural}"} for plural in COLLECTIONS]
    return json_answer({"value": value, "serverSettings": {"conformance": CONFORMANCE}})


async def read(request: Request, actor: Actor) -> Response:
    """Entities, one entity or a property of it, by its address (SensorThings)."""
    path = str(request.path_params["path"]).strip("/")
    async with looking(request, actor) as view:
        found = await resolve(view.conn, view.graph, path, view.scope)
        options = options_of(request.query_params.multi_items(), found.type)
        teller = Teller(view.conn, view.graph, root_of(request))
        try:
            if isinstance(found, Several):
                return json_answer(await _collection(teller, found, options, path))
            return await _single(teller, found, options)
        except BadExpression as bad:
            fault = Fault("$filter", bad.problem, bad.remedy)
            raise Problem(400, "the entities cannot be given as asked", fault) from bad


@dataclass(frozen=True, slots=True)
class View:
    """What an actor sees: a graph, and the observations in *scope*."""

    conn: Connection
    graph: Graph
    scope: Scope


@asynccontextmanager
async def looking(request: Request, actor: Actor) -> AsyncGenerator[View]:
    """What the actor sees now; the questions within are not waited for without end."""
    wiring = wiring_of(request)
    city = wiring.current_city()
    within = reach(actor, "observation.read")
    async with wiring.database.connection() as conn:
        await be_patient(conn)
        graph = await wiring.things.graph(conn, city)
        if within.city:
            yield View(conn, graph, Scope())
        else:
            hierarchy = await _hierarchy(conn) if within.areas else Hierarchy(())
            own = await asyncio.to_thread(graph.narrowed, lambda one: _sees(within, hierarchy, one))
            yield View(conn, own, Scope([one.id for one in own.all("Datastream")]))


def _sees(within: Reach, hierarchy: Hierarchy, entity: Entity) -> bool:
    areas = hierarchy.path(entity.area) if entity.area in hierarchy else ()
    return within.covers(Resource(owner=entity.owner, areas=frozenset(areas)))


async def _hierarchy(conn: Connection) -> Hierarchy:
    version = await version_in_force(conn)
    return await load_hierarchy(conn, version[0]) if version else Hierarchy(())


def root_of(request: Request) -> str:
    """The address of the service, as those outside type it."""
    return f"{base_of(request)}{PREFIX}"


async def _collection(
    teller: Teller, found: Several, options: Options, path: str
) -> Mapping[str, Any]:
    address = f"{teller.root}/{path.removesuffix('/$ref')}"
    if found.references:
        return await _references(teller, found, options)
    if found.type.name == "Observation":
        return await teller.observations_page(found.scope, options, address)
    return await teller.page(found.type, found.entities, options, address)


async def _references(teller: Teller, found: Several, options: Options) -> Mapping[str, Any]:
    if found.type.name == "Observation":
        page = await read_page(teller.conn, teller.graph, found.scope, options)
        ids = [row.id for row in page.rows]
    else:
        told = await teller.page(found.type, found.entities, Options(top=options.top), "")
        ids = [row["@iot.id"] for row in told["value"]]
    return references(teller, found.type, ids)


async def _single(teller: Teller, found: Single, options: Options) -> Response:
    if found.reference:
        return json_answer({"@iot.selfLink": teller.address(found.type, found.entity.id)})
    asked = Options() if found.inner else of_one(options)
    told = await _told(teller, found, asked)
    if not found.inner:
        return json_answer(told)
    value: Any = told | {"id": told["@iot.id"]}
    for name in found.inner:
        if not isinstance(value, dict) or name not in value:
            raise nothing_there(f"there is no {'/'.join(found.inner)!r}")
        value = value[name]
    if not found.value:
        return json_answer({found.inner[-1]: value})
    body = value if isinstance(value, str) else msgspec.json.encode(value)
    return Response(body, headers={"cache-control": "no-store"}, media_type="text/plain")


async def _told(teller: Teller, found: Single, options: Options) -> dict[str, Any]:
    match found.entity:
        case Observation() as row:
            [told] = await teller.observations([row], options)
        case Entity() as entity:
            [told] = await teller.entities(found.type, [entity], options)
    return told
