"""The doors at `/sta/v1.1` for those who send: observations, and things that are registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, cast

from starlette.requests import Request
from starlette.responses import Response

from app.gateway.door import Offered, Sorted
from app.gateway.samples import ToldSample
from app.http.answers import json_answer
from app.http.sta.bodies import Fields, Json, read_json
from app.http.sta.doors import looking, root_of
from app.http.sta.graph import Entity, Graph
from app.http.sta.kinds import COLLECTIONS, TYPES, EntityType
from app.http.sta.observed import Observation, Scope
from app.http.sta.observing import MOST, Reading, Sent, data_arrays, fault_of, refused
from app.http.sta.options import Options
from app.http.sta.paths import Several, resolve
from app.http.sta.registering import Draft
from app.http.sta.telling import Teller
from app.http.wiring import wiring_of
from app.identity.postgres import write_audit
from app.policy import Actor, reach
from app.problems import Fault, Problem
from dispatch.postgres.clock import now
from dispatch.postgres.registry import (
    AlreadyRegistered,
    Connection,
    Registered,
    add_features,
    add_notes,
    area_at,
    count_features,
    register,
)
from dispatch.sensing.reasons import Reason
from grid.versions.postgres import active_reign

MOST_FEATURES: Final = 10_000
"""Features of interest that there may be, all senders together."""

_OBSERVATION: Final = TYPES["Observation"]
_LENGTH: Final = "has another length than components"
_UNFIT: Final = "the observations cannot be taken as they are"


async def observe(request: Request, actor: Actor) -> Response:
    """Take one observation of the caller's device: 201 when the log has it (SensorThings)."""
    told = await read_json(request)
    if not isinstance(told, dict):
        raise Problem(400, "send one JSON object, an Observation")
    stream = request.path_params.get("datastream")
    async with looking(request, actor) as view:
        reading = Reading(view.graph, actor.name, datetime.now(UTC))
        sent = reading.read(cast("Json", told), "", None if stream is None else _id(stream))
        found, _ = await _sorted(request, reading, [sent], view.conn)
        teller = Teller(view.conn, view.graph, root_of(request))
    await _to_the_log(request, reading, found)
    [row] = await teller.observations([_as_told(sent)], Options())
    return json_answer(row, 201, {"location": row["@iot.selfLink"]})


async def observe_many(request: Request, actor: Actor) -> Response:
    """Take observations as data arrays: a link for each that the log has, or why not."""
    told = await read_json(request)
    rows, faults = data_arrays(told)
    if faults or not 1 <= len(rows) <= MOST:
        fault = Fault("", f"holds {len(rows)} observations", f"send 1 to {MOST} in data arrays")
        raise Problem(400, _UNFIT, *(faults or [fault]))
    async with looking(request, actor) as view:
        reading = Reading(view.graph, actor.name, datetime.now(UTC))
        sent = [
            refused(where, [Fault(where, _LENGTH, "one value for each component")])
            if row is None
            else reading.read(row, where, None)
            for where, row in rows
        ]
        found, wrong = await _sorted(request, reading, sent, view.conn)
        teller = Teller(view.conn, view.graph, root_of(request))
    await _to_the_log(request, reading, found)
    return json_answer(
        [wrong.get(number) or _link(teller, one) for number, one in enumerate(sent)], 201
    )


async def create(request: Request, actor: Actor) -> Response:
    """Register a thing, a place, an instrument, a property or a device at a thing, or all of them
    together: a device is then one of the city's sensors (SensorThings, deep insert)."""
    told = await read_json(request)
    if not isinstance(told, dict):
        raise Problem(400, "send one JSON object, an entity with all that is made with it")
    path = str(request.path_params["path"]).strip("/")
    wiring = wiring_of(request)
    async with looking(request, actor) as view:
        await view.conn.execute("LOCK registered_device IN SHARE ROW EXCLUSIVE MODE")
        moment = await now(view.conn)
        graph = await wiring.things.graph(view.conn, wiring.current_city())
        entity_type, links = await _target(view.conn, graph, path)
        draft = Draft(graph, wiring.current_city(), actor.name, _own_source(actor), moment)
        id = draft.add(entity_type, Fields(cast("Json", told), "", draft.faults), **links)
        if draft.faults:
            raise Problem(400, "it cannot be registered as it is", *draft.faults[:100])
        await _register(view.conn, actor, draft.registered, f"{entity_type.name} {id}", moment)
    await wiring.city.refresh()
    async with looking(request, actor) as view:  # what is told is what was committed
        teller = Teller(view.conn, view.graph, root_of(request))
        entity = _found(view.graph, entity_type, id)
        [row] = await teller.entities(entity_type, [entity], Options())
    return json_answer(row, 201, {"location": row["@iot.selfLink"]})


async def _sorted(
    request: Request, reading: Reading, sent: Sequence[Sent], conn: Connection
) -> tuple[Sorted, Mapping[int, str]]:
    """What can be taken, with all beside it kept; and what is wrong with the others, by number.

    Problem 400 when nothing can, 429 when it is only too much at once.
    """
    wiring = wiring_of(request)
    offered = [Offered(one.told, reading.source) for one in sent]
    found = await wiring.samples.sort(offered, reading.now)
    faults = {number: fault_of(sent[number], refusal) for number, refusal in found.refused}
    if not found.taken:
        told = [fault for several in faults.values() for fault in several][:100]
        if set(found.reasons) == {Reason.RATE}:
            raise Problem(429, "the device sends too many samples", *told, retry_after_s=10)
        raise Problem(400, _UNFIT, *told)
    taken = [one for number, one in enumerate(sent) if number not in faults]
    await _keep_beside(conn, reading.graph, taken)
    wrong = {n: f"error: {one[0].field} {one[0].problem}" for n, one in faults.items()}
    return found, wrong


async def _to_the_log(request: Request, reading: Reading, found: Sorted) -> None:
    # With no connection in hand: where the log is in PostgreSQL, it needs one of the same few.
    wiring = wiring_of(request)
    await wiring.sampling.take(found.records(reading.source, reading.now))
    wiring.metrics.samples_taken.inc(found.taken)


def _link(teller: Teller, sent: Sent) -> str:
    told = _as_told(sent)
    return teller.address(_OBSERVATION, told.id)


async def _keep_beside(conn: Connection, graph: Graph, sent: Sequence[Sent]) -> None:
    """What samples were told with is kept before the log has them: they may be sent again."""
    features = [one.feature for one in sent if one.feature is not None]
    new = {one.id: one for one in features if graph.find("FeatureOfInterest", one.id) is None}
    if new and await count_features(conn) + len(new) > MOST_FEATURES:
        fault = Fault("FeatureOfInterest", "is one too many", "name one that is there, or none")
        raise Problem(400, _UNFIT, fault)
    await add_features(conn, [*new.values()])
    await add_notes(conn, [one.note for one in sent if one.note is not None])


def _as_told(sent: Sent) -> Observation:
    """What was sent, as it will be read."""
    told, note = cast("ToldSample", sent.told), sent.note
    return Observation(
        code=told.device,
        device=0,
        at=told.at,
        value=told.value,
        began_at=note.began_at if note else None,
        result_at=note.result_at if note else None,
        feature=note.feature if note else None,
        more=note.more if note else None,
    )


def _id(text: str) -> str:
    """An id as it stands in brackets."""
    quoted = len(text) > 1 and text[0] == text[-1] == "'"
    return text[1:-1].replace("''", "'") if quoted else text


async def _target(conn: Connection, graph: Graph, path: str) -> tuple[EntityType, dict[str, str]]:
    """What is made at an address, and what the address links it with."""
    parent, _, name = path.rpartition("/")
    if not parent and name in COLLECTIONS:
        return _makeable(COLLECTIONS[name]), {}
    if parent:
        here = await resolve(conn, graph, parent, Scope())
        if isinstance(here, Several) or here.inner or name not in here.type.links:
            raise Problem(404, f"nothing can be made at {path[:80]!r}")
        link = here.type.links[name]
        if not link.many or (here.type.name, name) == ("Location", "Things"):
            raise Problem(405, f"{name} of a {here.type.name} is not made so")
        return _makeable(TYPES[link.to]), {here.type.name: here.entity.id}
    raise Problem(404, f"{name[:80]!r} is no collection; there are {', '.join(COLLECTIONS)}")


def _makeable(entity_type: EntityType) -> EntityType:
    if entity_type.name in ("HistoricalLocation", "Observation"):
        raise Problem(405, f"{entity_type.plural} are not made here")
    return entity_type


def _own_source(actor: Actor) -> str | None:
    """The key of the devices somebody registers: the own one, when it may send samples."""
    return actor.name if reach(actor, "observation.submit") else None


async def _register(
    conn: Connection, actor: Actor, added: Registered, target: str, moment: datetime
) -> None:
    reign = await active_reign(conn, moment)
    devices = added.devices
    if reign is not None:
        areas = [await area_at(conn, reign.version, one.lon, one.lat) for one in devices]
        devices = [one.within(area) for one, area in zip(devices, areas, strict=True)]
    try:
        await register(conn, Registered(added.entities, added.places, devices))
    except AlreadyRegistered as err:
        fault = Fault("@iot.id", str(err), "take another id")
        raise Problem(409, "somebody was faster", fault) from err
    await write_audit(conn, actor.name, "sensor.write", target[:40], "done")
    if devices:
        await conn.execute("NOTIFY citygrid_pack")


def _found(graph: Graph, entity_type: EntityType, id: str) -> Entity:
    entity = graph.find(entity_type.name, id)
    assert entity is not None, f"{entity_type.name} {id} was just registered"
    return entity
