"""The entities of SensorThings 1.1: what each is called, holds and leads to (18-088, 8.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.http.sta.expressions import Kind


@dataclass(frozen=True, slots=True)
class Link:
    """A way from one entity to others: of which type, and whether to several."""

    to: str
    many: bool


@dataclass(frozen=True, slots=True)
class EntityType:
    """*name* is the singular. *holds* says of each property what filters may take it for.

    *untold* are properties that are known only when they are shown: none can be filtered by.
    """

    name: str
    plural: str
    holds: Mapping[str, Kind]
    links: Mapping[str, Link]
    untold: frozenset[str] = frozenset()


_TEXT, _ANY, _SHAPE, _MOMENT = Kind.TEXT, Kind.ANYTHING, Kind.SHAPE, Kind.MOMENT
_NAMED: Final = {"name": _TEXT, "description": _TEXT}


def _many(to: str) -> Link:
    return Link(to, many=True)


def _one(to: str) -> Link:
    return Link(to, many=False)


_TYPES: Final = (
    EntityType(
        "Thing",
        "Things",
        {**_NAMED, "properties": _ANY},
        {
            "Locations": _many("Location"),
            "HistoricalLocations": _many("HistoricalLocation"),
            "Datastreams": _many("Datastream"),
        },
    ),
    EntityType(
        "Location",
        "Locations",
        {**_NAMED, "encodingType": _TEXT, "location": _SHAPE, "properties": _ANY},
        {"Things": _many("Thing"), "HistoricalLocations": _many("HistoricalLocation")},
    ),
    EntityType(
        "HistoricalLocation",
        "HistoricalLocations",
        {"time": _MOMENT},
        {"Thing": _one("Thing"), "Locations": _many("Location")},
    ),
    EntityType(
        "Datastream",
        "Datastreams",
        {
            **_NAMED,
            "observationType": _TEXT,
            "unitOfMeasurement": _ANY,
            "observedArea": _SHAPE,
            "phenomenonTime": _MOMENT,
            "resultTime": _MOMENT,
            "properties": _ANY,
        },
        {
            "Thing": _one("Thing"),
            "Sensor": _one("Sensor"),
            "ObservedProperty": _one("ObservedProperty"),
            "Observations": _many("Observation"),
        },
        untold=frozenset({"phenomenonTime", "resultTime"}),
    ),
    EntityType(
        "Sensor",
        "Sensors",
        {**_NAMED, "encodingType": _TEXT, "metadata": _TEXT, "properties": _ANY},
        {"Datastreams": _many("Datastream")},
    ),
    EntityType(
        "ObservedProperty",
        "ObservedProperties",
        {**_NAMED, "definition": _TEXT, "properties": _ANY},
        {"Datastreams": _many("Datastream")},
    ),
    EntityType(
        "Observation",
        "Observations",
        {
            "phenomenonTime": _MOMENT,
            "result": Kind.NUMBER,
            "resultTime": _MOMENT,
            "resultQuality": _ANY,
            "validTime": _ANY,
            "parameters": _ANY,
        },
        {"Datastream": _one("Datastream"), "FeatureOfInterest": _one("FeatureOfInterest")},
        untold=frozenset({"resultQuality", "validTime", "parameters"}),
    ),
    EntityType(
        "FeatureOfInterest",
        "FeaturesOfInterest",
        {**_NAMED, "encodingType": _TEXT, "feature": _SHAPE, "properties": _ANY},
        {"Observations": _many("Observation")},
    ),
)
TYPES: Final[Mapping[str, EntityType]] = {one.name: one for one in _TYPES}
COLLECTIONS: Final[Mapping[str, EntityType]] = {one.plural: one for one in _TYPES}
ID: Final = "@iot.id"
IDS: Final = (ID, "id")
