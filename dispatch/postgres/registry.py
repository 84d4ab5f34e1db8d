"""What was registered beside the city pack: things, places, instruments, and devices at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = AsyncConnection[Any]

_ENTITIES: Final = """
    SELECT kind, id, content, registered_by
      FROM registered_entity
     ORDER BY registered_at, kind, id
"""
_PLACES: Final = "SELECT id, thing, location, since FROM registered_place ORDER BY id"
_DEVICES: Final = """
    SELECT code, thing, sensor, observed_property, unit, lon, lat, area, source, content,
           registered_by
      FROM registered_device
     ORDER BY registered_at, code
"""
_STAMP: Final = """
    SELECT (SELECT count(*) FROM registered_entity)
         + (SELECT count(*) FROM registered_place)
         + (SELECT count(*) FROM registered_device)
"""
_FEATURES: Final = "SELECT count(*) FROM registered_entity WHERE kind = 'FeatureOfInterest'"
_ADD_ENTITY: Final = """
    INSERT INTO registered_entity (kind, id, content, registered_by)
    VALUES (%(kind)s, %(id)s, %(content)s, %(registered_by)s)
        ON CONFLICT (kind, id) DO NOTHING
"""
_ADD_PLACE: Final = """
    INSERT INTO registered_place (thing, location) VALUES (%(thing)s, %(location)s)
"""
_ADD_DEVICE: Final = """
    INSERT INTO registered_device (code, thing, sensor, observed_property, unit, lon, lat, area,
                                   source, content, registered_by)
    VALUES (%(code)s, %(thing)s, %(sensor)s, %(observed_property)s, %(unit)s, %(lon)s, %(lat)s,
            %(area)s, %(source)s, %(content)s, %(registered_by)s)
        ON CONFLICT (code) DO NOTHING
"""
_ADD_NOTE: Final = """
    INSERT INTO observation_note (device, at, began_at, result_at, feature, more)
    VALUES (%(device)s, %(at)s, %(began_at)s, %(result_at)s, %(feature)s, %(more)s)
        ON CONFLICT (device, at) DO NOTHING
"""
# The area right below the root that holds a position, the smallest code where two do; the root
# itself where none does: as a pack is read.
_AREA: Final = """
    SELECT coalesce(
           (SELECT min(below.code)
              FROM area below
             WHERE below.grid_version = %(version)s
               AND below.parent = root.code
               AND ST_Covers(below.geom, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326))),
           root.code)
      FROM area root
     WHERE root.grid_version = %(version)s AND root.parent IS NULL
     ORDER BY root.code
     LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A thing, location, sensor, observed property or feature of interest as it was registered."""

    kind: str
    id: str
    content: Mapping[str, Any]
    registered_by: str


@dataclass(frozen=True, slots=True)
class Place:
    """A registered thing was at a location since then. *id* is 0 before it is stored."""

    id: int
    thing: str
    location: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Device:
    """A registered device. *content* is its Datastream as it was told; degrees are WGS84."""

    code: str
    thing: str
    sensor: str
    observed_property: str
    unit: str
    lon: float
    lat: float
    area: str
    source: str
    content: Mapping[str, Any]
    registered_by: str

    def within(self, area: str) -> Device:
        """The same device, in an area."""
        return replace(self, area=area)

    def as_sensor(self) -> dict[str, Any]:
        """It as the part ``sensors`` of a pack writes a sensor."""
        name = str(self.content["name"])
        return {
            "code": self.code,
            "name": {"zh": name, "en": name},
            "kind": self.observed_property,
            "property": self.observed_property,
            "unit": self.unit,
            "lon": self.lon,
            "lat": self.lat,
            "datum": "wgs84",
            "given_lon": self.lon,
            "given_lat": self.lat,
            "source": self.source,
            "area": self.area,
            "station": self.thing,
        }


@dataclass(frozen=True, slots=True)
class Registered:
    """Everything that was registered, in the order in which it was."""

    entities: Sequence[Told] = ()
    places: Sequence[Place] = ()
    devices: Sequence[Device] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """What a sample was told with beside its value."""

    device: str
    at: datetime
    began_at: datetime | None
    result_at: datetime | None
    feature: str | None
    more: Mapping[str, Any]


class AlreadyRegistered(Exception):
    """Somebody else has registered something under this id meanwhile."""

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"there is a {kind} {id} already")
        self.kind, self.id = kind, id


async def read_registered(conn: Connection) -> Registered:
    """All that was registered."""
    async with conn.cursor(row_factory=class_row(Told)) as cursor:
        entities = await (await cursor.execute(_ENTITIES)).fetchall()
    async with conn.cursor(row_factory=class_row(Place)) as cursor:
        places = await (await cursor.execute(_PLACES)).fetchall()
    return Registered(entities, places, await read_devices(conn))


async def read_devices(conn: Connection) -> list[Device]:
    """The registered devices alone."""
    async with conn.cursor(row_factory=class_row(Device)) as cursor:
        return await (await cursor.execute(_DEVICES)).fetchall()


def with_devices(
    sensors: Sequence[Mapping[str, Any]], devices: Sequence[Device]
) -> list[Mapping[str, Any]]:
    """The part ``sensors`` with the registered devices; a code that the pack has is the pack's."""
    codes = {row["code"] for row in sensors}
    return [*sensors, *(one.as_sensor() for one in devices if one.code not in codes)]


async def read_stamp(conn: Connection) -> int:
    """A number that grows with everything that is registered."""
    found = await conn.execute(_STAMP)
    [stamp] = await found.fetchone() or (0,)
    return stamp


async def register(conn: Connection, added: Registered) -> None:
    """Store what is new, in the transaction of *conn*; raises AlreadyRegistered."""
    for told in added.entities:
        row = {**_columns(told), "content": Jsonb(told.content)}
        if (await conn.execute(_ADD_ENTITY, row)).rowcount == 0:
            raise AlreadyRegistered(told.kind, told.id)
    for place in added.places:
        await conn.execute(_ADD_PLACE, {"thing": place.thing, "location": place.location})
    for device in added.devices:
        row = {**_columns(device), "content": Jsonb(device.content)}
        if (await conn.execute(_ADD_DEVICE, row)).rowcount == 0:
            raise AlreadyRegistered("Datastream", device.code)


async def add_notes(conn: Connection, notes: Sequence[Note]) -> None:
    """Keep what samples were told with; what was told of a sample before stays."""
    for note in notes:
        await conn.execute(_ADD_NOTE, {**_columns(note), "more": Jsonb(note.more)})


async def add_features(conn: Connection, features: Sequence[Told]) -> None:
    """Keep features of interest; their ids are made of what they are, so the same is the same."""
    for feature in features:
        await conn.execute(_ADD_ENTITY, {**_columns(feature), "content": Jsonb(feature.content)})


async def count_features(conn: Connection) -> int:
    """How many features of interest were told."""
    found = await conn.execute(_FEATURES)
    [count] = await found.fetchone() or (0,)
    return count


async def area_at(conn: Connection, version: int, lon: float, lat: float) -> str:
    """The area right below the city at a position, in a version of the grid; empty without one."""
    found = await conn.execute(_AREA, {"version": version, "lon": lon, "lat": lat})
    row = await found.fetchone()
    return "" if row is None else row[0]


def _columns(row: Told | Device | Note) -> dict[str, Any]:
    return {name: getattr(row, name) for name in type(row).__dataclass_fields__}
