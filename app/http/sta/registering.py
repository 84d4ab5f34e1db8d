"""From what is sent to what is registered: things, their places, and devices at them. Pure.

One request may bring a whole Thing with everything that hangs on it (deep insert); it is looked at
as a whole, and all that is wrong is told at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape

from app.http.city import City
from app.http.sta.bodies import Fields, Json, is_code
from app.http.sta.graph import GEOJSON, MEASUREMENT, Graph
from app.http.sta.kinds import EntityType
from app.http.sta.units import is_same, unit_meant
from app.problems import Fault
from dispatch.postgres.registry import Device, Place, Registered, Told

_GEOJSON: Final = (GEOJSON, "application/vnd.geo+json")
_PREFIX: Final = {
    "Thing": "thing",
    "Location": "place",
    "Sensor": "sensor",
    "ObservedProperty": "property",
    "Datastream": "device",
    "FeatureOfInterest": "feature",
}
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "Thing": ("name", "description", "properties"),
    "Location": ("name", "description", "encodingType", "location", "properties"),
    "Sensor": ("name", "description", "encodingType", "metadata", "properties"),
    "ObservedProperty": ("name", "description", "definition", "properties"),
    "FeatureOfInterest": ("name", "description", "encodingType", "feature", "properties"),
}
_STREAM: Final = (
    "name", "description", "observationType", "unitOfMeasurement", "observedArea", "properties",
    "phenomenonTime", "resultTime", "Thing", "Sensor", "ObservedProperty", "Observations",
)  # fmt: skip


@dataclass(slots=True)
class Draft:
    """What a request registers, in the making. *by* is who asks, *source* the key of devices."""

    graph: Graph
    city: City
    by: str
    source: str | None
    now: datetime
    faults: list[Fault] = field(default_factory=list[Fault])
    entities: dict[tuple[str, str], Told] = field(default_factory=dict[tuple[str, str], Told])
    places: list[Place] = field(default_factory=list[Place])
    devices: dict[str, Device] = field(default_factory=dict[str, Device])

    def add(self, entity_type: EntityType, fields: Fields, **links: str) -> str:
        """Add one entity with all within; *links* are ids that the address names. Its id."""
        match entity_type.name:
            case "Thing":
                return self._thing(fields)
            case "Datastream":
                return self._stream(fields, links)
            case "Location" if "Thing" in links:
                return self._placed(links["Thing"], fields)
            case "Location":
                return self._location(fields)
            case name:
                return self._plain(name, fields, _FIELDS[name])

    @property
    def registered(self) -> Registered:
        """The whole of it."""
        return Registered([*self.entities.values()], self.places, [*self.devices.values()])

    def _thing(self, fields: Fields) -> str:
        known = (*_FIELDS["Thing"], "Locations", "Datastreams", "HistoricalLocations")
        id = self._plain("Thing", fields, known)
        for place in fields.several("Locations"):
            self._placed(id, place)
        for stream in fields.several("Datastreams"):
            self._stream(stream, {"Thing": id})
        return id

    def _placed(self, thing: str, fields: Fields) -> str:
        """A thing is at a location from now on."""
        location = self._end("Location", fields)
        self.places.append(Place(0, thing, location, self.now))
        return location

    def _location(self, fields: Fields) -> str:
        id = self._plain("Location", fields, (*_FIELDS["Location"], "Things"))
        for thing in fields.several("Things"):
            self.places.append(Place(0, self._end("Thing", thing), id, self.now))
        return id

    def _plain(self, name: str, fields: Fields, known: tuple[str, ...]) -> str:
        fields.expect(known)
        content: Json = {
            "name": fields.text("name"),
            "description": fields.text("description", needed=False),
            "properties": fields.object("properties"),
        }
        match name:
            case "Location":
                content |= self._shaped(fields, "location")
            case "FeatureOfInterest":
                content |= self._shaped(fields, "feature")
            case "Sensor":
                content["encodingType"] = fields.text("encodingType")
                content["metadata"] = fields.told.get("metadata")
            case "ObservedProperty":
                content["definition"] = fields.text("definition")
            case _:
                pass
        wanted = fields.id or (content["name"] if name == "ObservedProperty" else None)
        id = self._fresh(name, fields, wanted)
        self.entities[name, id] = Told(name, id, content, self.by)
        return id

    def _shaped(self, fields: Fields, name: str) -> Json:
        if (encoding := fields.text("encodingType")) and encoding not in _GEOJSON:
            fields.wrong("encodingType", "is not taken", f"send GeoJSON as {GEOJSON}")
        if point_of(fields.told.get(name)) is None:
            remedy = (
                'send GeoJSON in degrees WGS84, like {"type": "Point", "coordinates": [lon, lat]}'
            )
            fields.wrong(name, "is no shape on the earth", remedy)
        return {"encodingType": GEOJSON, name: fields.told.get(name)}

    def _stream(self, fields: Fields, links: Mapping[str, str]) -> str:
        fields.expect(_STREAM)
        if fields.told.get("Observations"):
            fields.wrong("Observations", "are not taken here", "POST them when this is there")
        ends = {
            name: links[name] if name in links else self._linked(name, fields)
            for name in ("Thing", "Sensor", "ObservedProperty")
        }
        type_ = fields.text("observationType", needed=False) or MEASUREMENT
        if type_ != MEASUREMENT:
            fields.wrong("observationType", "is not taken", f"numbers only: {MEASUREMENT}")
        unit = self._unit(fields, ends["ObservedProperty"])
        lon, lat = self._position(fields, ends["Thing"])
        code = self._fresh(
            "Datastream", fields, fields.id or f"{ends['Thing']}.{ends['ObservedProperty']}"
        )
        content = {
            "name": fields.text("name"),
            "description": fields.text("description", needed=False),
            "observationType": MEASUREMENT,
            "unitOfMeasurement": fields.object("unitOfMeasurement"),
            "observedArea": {"type": "Point", "coordinates": [lon, lat]},
            "properties": fields.object("properties"),
        }
        self.devices[code] = Device(
            code=code,
            thing=ends["Thing"],
            sensor=ends["Sensor"],
            observed_property=ends["ObservedProperty"],
            unit=unit,
            lon=lon,
            lat=lat,
            area="",
            source=self._source(fields, code),
            content=content,
            registered_by=self.by,
        )
        return code

    def _source(self, fields: Fields, code: str) -> str:
        """The key that may send samples: as the properties say, else the asker's or its own."""
        told = fields.object("properties").get("source")
        if told is None:
            return self.source or f"device:{code}"
        if not isinstance(told, str) or not is_code(told):
            fields.wrong("properties.source", "is no source", "the source of a key: gateway:lab")
            return ""
        return told

    def _unit(self, fields: Fields, observed: str) -> str:
        """The unit, as those sensors write it that measure the same: rules hold for all of them."""
        unit = unit_meant(fields.object("unitOfMeasurement"))
        if not fields.object("unitOfMeasurement"):
            remedy = '{"name": "metre", "symbol": "m", "definition": "ucum:m"}'
            fields.wrong("unitOfMeasurement", "is missing", remedy)
        units = [one.unit for one in self.city.sensors if one.observed_property == observed]
        units += [one.unit for one in self.devices.values() if one.observed_property == observed]
        if units and not is_same(units[0], unit):
            problem = f"is {unit!r}, but {observed} is measured in {units[0]!r} here"
            fields.wrong("unitOfMeasurement", problem[:200], "measure in that unit")
        return units[0] if units else unit

    def _position(self, fields: Fields, thing: str) -> tuple[float, float]:
        """Where the Thing is, which must be in the city: alarms become cases there."""
        last = [place.location for place in self.places if place.thing == thing][-1:]
        told = self.entities.get(("Location", last[0])) if last else None
        entity = self.graph.find("Thing", thing)
        content = told.content if told else None
        if content is None and last:
            known = self.graph.find("Location", last[0])
            content = known.properties if known else None
        if content is None and entity is not None:
            content = next(
                (one.properties for one in self.graph.related(entity, "Locations")), None
            )
        point = point_of(content.get("location")) if content else None
        if point is None:
            fields.wrong("Thing", "is nowhere", "give the Thing a Location first, or with it")
            return 0.0, 0.0
        if not self.city.is_near(*point):
            problem = f"is at {point[0]:g}, {point[1]:g}, outside the city"
            fields.wrong("Thing", problem, "give it a Location within, longitude first")
        return point

    def _linked(self, name: str, fields: Fields) -> str:
        inner = fields.inner(name)
        return "" if inner is None else self._end(name, inner)

    def _end(self, name: str, fields: Fields) -> str:
        """The id of what a link leads to: there already, or made with it."""
        id = fields.id
        if id is not None and (self.graph.find(name, id) or (name, id) in self.entities):
            return id
        if fields.is_reference:
            fields.wrong("@iot.id", f"is no {name} here", "see the ids of those that are there")
            return id or ""
        if name == "ObservedProperty" and self.graph.find(name, str(fields.told.get("name"))):
            return str(fields.told["name"])  # the same property, by the rules of the city
        return self._plain(name, fields, (*_FIELDS[name], "Datastreams"))

    def _fresh(self, name: str, fields: Fields, wanted: str | None) -> str:
        """An id that nothing has yet. One that the sender names must be free."""
        taken = self.graph.find(name, wanted or "") is not None or (
            (name, wanted) in self.entities or (name == "Datastream" and wanted in self.devices)
        )
        if wanted is not None and is_code(wanted) and not taken:
            return wanted
        if fields.id is not None:
            fields.wrong("@iot.id", f"is the id of another {name}", "take one that is free")
        return f"{_PREFIX[name]}-{secrets.token_hex(6)}"


def point_of(told: Any) -> tuple[float, float] | None:
    """A point of GeoJSON: it itself, or one within a shape; None when it is none on the earth."""
    if isinstance(told, dict) and told.get("type") == "Feature":
        told = told.get("geometry")
    try:
        point = shapely.get_coordinates(shape(told).representative_point())[0]
    except (ShapelyError, ValueError, TypeError, AttributeError, KeyError, IndexError):
        return None
    lon, lat = float(point[0]), float(point[1])
    return (lon, lat) if abs(lon) <= 180 and abs(lat) <= 90 else None
