"""The entities of a city, but for observations, and how they lead to each other.

Made of the city's sensors and of what was registered; a sensor of the pack is a Datastream.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from app.http.sta.kinds import TYPES
from app.http.sta.units import unit_of_measurement
from dispatch.postgres.registry import Device, Place, Registered
from dispatch.sensing.sensors import Sensor
from grid.naming import Language

GEOJSON: Final = "application/geo+json"
MEASUREMENT: Final = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
_FEATURE: Final = "FeatureOfInterest"


@dataclass(frozen=True, eq=False, slots=True)
class Entity:
    """One entity, with its properties as they are told.

    *owner* is who may see it beside those who see more: the key of a Datastream, else who
    registered it; empty for what came with the pack. *area* is where a Datastream stands.
    """

    type: str
    id: str
    properties: Mapping[str, Any]
    owner: str = ""
    area: str = ""


@dataclass(slots=True)
class Graph:
    """Entities by type and id, and where each leads. A Datastream has the code of its device."""

    _all: dict[str, dict[str, Entity]] = field(
        default_factory=lambda: {name: dict[str, Entity]() for name in TYPES}
    )
    _leads: dict[tuple[str, str], dict[str, list[Entity]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def all(self, name: str) -> Collection[Entity]:
        """All entities of a type, in the order of the pack, then as they were registered."""
        return self._all[name].values()

    def find(self, name: str, id: str) -> Entity | None:
        """The entity of a type with the id, None when there is none."""
        return self._all[name].get(id)

    def related(self, entity: Entity, link: str) -> list[Entity]:
        """Where *link* leads from an entity; observations are not found here."""
        return self._leads[entity.type, link].get(entity.id, [])

    def add(self, entity: Entity) -> Entity:
        """Put an entity in, unless one of its type and id is there; the one that is then there."""
        return self._all[entity.type].setdefault(entity.id, entity)

    def join(self, entity: Entity, link: str, other: Entity, back: str) -> None:
        """Let *link* lead to the other, and *back* lead from there."""
        there = self._leads[entity.type, link][entity.id]
        if other not in there:
            there.append(other)
            self._leads[other.type, back][other.id].append(entity)

    def part(self, entity: Entity, link: str, other: Entity, back: str) -> None:
        """Undo `join`."""
        self._leads[entity.type, link][entity.id].remove(other)
        self._leads[other.type, back][other.id].remove(entity)

    def narrowed(self, sees: Callable[[Entity], bool]) -> Graph:
        """Those Datastreams and registered entities that somebody sees, and what they lead to.

        Of what leads there only what is seen.
        """
        narrow = Graph()
        owned = (one for all_ in self._all.values() for one in all_.values() if one.owner)
        for entity in filter(sees, owned):
            narrow.add(entity)
            for link in ("Thing", "Sensor", "ObservedProperty"):
                for end in self.related(entity, link):
                    narrow.join(entity, link, narrow.add(end), "Datastreams")
            if entity.type == "Datastream" and (placed := self.find(_FEATURE, entity.id)):
                narrow.add(placed)
        for thing in narrow.all("Thing"):
            for place in self.related(thing, "Locations"):
                narrow.join(thing, "Locations", narrow.add(place), "Things")
            for stay in self.related(thing, "HistoricalLocations"):
                narrow.join(narrow.add(stay), "Thing", thing, "HistoricalLocations")
                for place in self.related(stay, "Locations"):
                    narrow.join(stay, "Locations", narrow.add(place), "HistoricalLocations")
        return narrow


def graph_of(
    sensors: Iterable[Sensor], registered: Registered, *, language: Language, since: datetime
) -> Graph:
    """The graph of a city; *since* is when its pack was loaded."""
    graph = Graph()
    things = {one.code: one.thing for one in registered.devices}
    for sensor in sensors:
        if things.get(sensor.code) != sensor.station:
            _add_sensor(graph, sensor, language, since)
    for one in registered.entities:
        graph.add(Entity(one.kind, one.id, one.content, one.registered_by))
    for place in registered.places:
        _add_place(graph, place)
    for device in registered.devices:
        _add_device(graph, device)
    return graph


def _add_sensor(graph: Graph, sensor: Sensor, language: Language, since: datetime) -> None:
    """A sensor of the pack: a Datastream, its instrument, and where it stands."""
    name = sensor.name.get(language)
    point = {"type": "Point", "coordinates": [sensor.lon, sensor.lat]}
    names = {"name_zh": sensor.name.zh, "name_en": sensor.name.en}
    thing = _station(graph, sensor, name, names, point, since)
    placed = {
        "name": name,
        "description": f"Where {sensor.code} measures",
        "encodingType": GEOJSON,
        "feature": point,
        "properties": {"area": sensor.area, **names},
    }
    graph.add(Entity(_FEATURE, sensor.code, placed))
    told = {
        "name": name,
        "description": f"{sensor.observed_property} in {sensor.unit or '1'} at {sensor.code}",
        "observationType": MEASUREMENT,
        "unitOfMeasurement": unit_of_measurement(sensor.unit),
        "observedArea": point,
        "properties": {"area": sensor.area, **names},
    }
    stream = graph.add(Entity("Datastream", sensor.code, told, sensor.source, sensor.area))
    instrument = {
        "name": name,
        "description": f"The instrument {sensor.code}",
        "encodingType": "text/plain",
        "metadata": f"sensor {sensor.code} of the city pack",
        "properties": {},
    }
    graph.join(stream, "Thing", thing, "Datastreams")
    graph.join(
        stream, "Sensor", graph.add(Entity("Sensor", sensor.code, instrument)), "Datastreams"
    )
    observed = graph.add(_property(sensor.observed_property))
    graph.join(stream, "ObservedProperty", observed, "Datastreams")


def _station(
    graph: Graph, sensor: Sensor, name: str, names: dict[str, str], point: Any, since: datetime
) -> Entity:
    station = sensor.station or sensor.code
    told = {"name": name, "description": f"Station {station}", "properties": dict(names)}
    thing = graph.add(Entity("Thing", station, told))
    if not graph.related(thing, "Locations"):
        place = {
            "name": name,
            "description": f"Where station {station} stands",
            "encodingType": GEOJSON,
            "location": point,
            "properties": {"area": sensor.area},
        }
        location = graph.add(Entity("Location", station, place))
        _put(graph, station, thing, location, since)
        graph.join(thing, "Locations", location, "Things")
    return thing


def _property(code: str) -> Entity:
    told = {
        "name": code,
        "description": code,
        "definition": f"urn:citygrid:property:{code}",
        "properties": {},
    }
    return Entity("ObservedProperty", code, told)


def _put(graph: Graph, id: str, thing: Entity, location: Entity, since: datetime) -> None:
    stay = graph.add(Entity("HistoricalLocation", id, {"time": since}))
    graph.join(stay, "Thing", thing, "HistoricalLocations")
    graph.join(stay, "Locations", location, "HistoricalLocations")


def _add_place(graph: Graph, place: Place) -> None:
    """Where a registered thing is: the last place that is told; the others are history."""
    thing, location = graph.find("Thing", place.thing), graph.find("Location", place.location)
    if thing is None or location is None:
        return
    for before in list(graph.related(thing, "Locations")):
        graph.part(thing, "Locations", before, "Things")
    graph.join(thing, "Locations", location, "Things")
    _put(graph, f"{thing.id}.{place.id}", thing, location, place.since)


def _add_device(graph: Graph, device: Device) -> None:
    """A registered device; none when the pack has it by now, or no longer what it belongs to."""
    thing = graph.find("Thing", device.thing)
    sensor = graph.find("Sensor", device.sensor)
    observed = graph.find("ObservedProperty", device.observed_property)
    known = graph.find("Datastream", device.code)
    if thing is None or sensor is None or observed is None or known is not None:
        return
    stream = graph.add(
        Entity("Datastream", device.code, device.content, device.source, device.area)
    )
    graph.join(stream, "Thing", thing, "Datastreams")
    graph.join(stream, "Sensor", sensor, "Datastreams")
    graph.join(stream, "ObservedProperty", observed, "Datastreams")
    placed = {
        "name": device.content["name"],
        "description": f"Where {device.code} measures",
        "encodingType": GEOJSON,
        "feature": {"type": "Point", "coordinates": [device.lon, device.lat]},
        "properties": {"area": device.area},
    }
    graph.add(Entity(_FEATURE, device.code, placed))
