"""Observations that are sent: to the same envelopes as those of `POST /api/observations`."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import msgspec

from app.http.sta.asking import id_of
from app.http.sta.bodies import Fields, Json
from app.http.sta.graph import GEOJSON, Graph
from app.http.sta.registering import point_of
from app.http.sta.tokens import moment_of
from app.http.submission import AHEAD, OLDEST
from app.problems import Fault
from dispatch.postgres.registry import Note, Told
from dispatch.sensing.sensors import Sensor, Sensors
from streams.observations import Columns, envelopes
from streams.ports import Record

MOST: Final = 5000
"""Observations of one request."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KNOWN: Final = (
    "phenomenonTime", "result", "resultTime", "resultQuality", "validTime", "parameters",
    "Datastream", "FeatureOfInterest",
)  # fmt: skip
_MORE: Final = ("resultQuality", "validTime", "parameters")
_TIME: Final = "a time like 2026-11-23T08:00:00Z, or two with a slash between"


@dataclass(frozen=True, slots=True)
class Sample:
    """An observation that can be taken: of a device, in whole milliseconds."""

    sensor: Sensor
    at: datetime
    value: float
    note: Note | None
    feature: Told | None

    @property
    def id(self) -> str:
        """What it will be called by."""
        return id_of(self.sensor.code, self.at)


@dataclass(slots=True)
class Samples:
    """Takes observations of one sender; *faults* say what is wrong, *reasons* count it."""

    sensors: Sensors
    graph: Graph
    source: str
    now: datetime
    faults: list[Fault] = field(default_factory=list[Fault])
    reasons: list[str] = field(default_factory=list[str])
    taken: list[Sample] = field(default_factory=list[Sample])

    def take(self, told: Mapping[str, Any], where: str, stream: str | None) -> Sample | None:
        """Take one; None, noted, when it cannot be taken. *stream* is what the address names."""
        fields = Fields(told, where)
        fields.expect(_KNOWN)
        sensor = self._sensor(fields, stream)
        began, at = self._moments(fields)
        value = self._result(fields)
        sample = None
        if sensor is not None and at is not None:
            sample = self._sample(fields, sensor, began, at, value)
        if fields.faults or sample is None:
            self.faults += fields.faults
            return None
        self.taken.append(sample)
        return sample

    def records(self) -> Sequence[Record]:
        """All that were taken, as the log has them."""
        by_area: dict[str, Columns] = {}
        for sample in self.taken:
            columns = by_area.setdefault(sample.sensor.area, Columns([], [], []))
            columns.devices.append(sample.sensor.code)
            columns.at_ms.append((sample.at - _EPOCH) // timedelta(milliseconds=1))
            columns.values.append(sample.value)
        return [
            (area.encode(), envelope)
            for area, columns in by_area.items()
            for envelope in envelopes(self.source, columns, self.now)
        ]

    def _sample(
        self, fields: Fields, sensor: Sensor, began: datetime | None, at: datetime, value: float
    ) -> Sample:
        feature, made = self._feature(fields, sensor)
        result_at = self._optional_moment(fields, "resultTime")
        more = {name: fields.told[name] for name in _MORE if fields.told.get(name) is not None}
        note = None
        if began or result_at not in (None, at) or feature or more:
            note = Note(sensor.code, at, began, result_at, feature, more)
        return Sample(sensor, at, value, note, made)

    def _sensor(self, fields: Fields, stream: str | None) -> Sensor | None:
        if stream is None:
            inner = fields.inner("Datastream")
            stream = inner.id if inner else None
        if stream is None:
            self._count(fields, "device")
            return None
        sensor = self.sensors.find(stream)
        if sensor is None or sensor.source != self.source:
            fields.wrong("Datastream", "is none of this key", "see the Datastreams that you can")
            self.reasons.append("device")
            return None
        return sensor

    def _count(self, fields: Fields, reason: str) -> None:
        if not fields.faults:
            fields.wrong("Datastream", "is missing", '{"@iot.id": "W1"}')
        self.reasons.append(reason)

    def _moments(self, fields: Fields) -> tuple[datetime | None, datetime | None]:
        """When it began, when that is told, and when it was: the present when nothing is said."""
        told = fields.told.get("phenomenonTime")
        if told is None:
            return None, _whole(self.now)
        parts = [_moment(part) for part in told.split("/")] if isinstance(told, str) else []
        if not 1 <= len(parts) <= 2 or None in parts:
            self._refuse(fields, "phenomenonTime", "shape", "is no time with its zone", _TIME)
            return None, None
        [*before, at] = [_whole(cast("datetime", part)) for part in parts]
        if not self.now - OLDEST <= at <= self.now + AHEAD:
            remedy = "at most 72 hours back and 5 minutes ahead are taken"
            problem = "is too long ago or in the future"
            self._refuse(fields, "phenomenonTime", "time", problem, remedy)
        if before and before[0] > at:
            self._refuse(fields, "phenomenonTime", "shape", "ends before it begins", _TIME)
        return (before[0] if before else None), at

    def _optional_moment(self, fields: Fields, name: str) -> datetime | None:
        told = fields.told.get(name)
        moment = _moment(told) if isinstance(told, str) else None
        if told is not None and moment is None:
            self._refuse(fields, name, "shape", "is no time with its zone", _TIME)
        return moment

    def _result(self, fields: Fields) -> float:
        told = fields.told.get("result")
        if isinstance(told, int | float) and not isinstance(told, bool) and abs(told) < 1e300:
            return float(told)
        self._refuse(fields, "result", "shape", "is no number", "send a number, not a text")
        return math.nan

    def _feature(self, fields: Fields, sensor: Sensor) -> tuple[str | None, Told | None]:
        """The id of a feature other than the place of the device, and it when it is told whole."""
        if fields.told.get("FeatureOfInterest") is None:
            return None, None
        inner = fields.inner("FeatureOfInterest")
        if inner is None or inner.id == sensor.code:
            return None, None
        if inner.id is not None:
            if self.graph.find("FeatureOfInterest", inner.id) is None:
                inner.wrong("@iot.id", "is no FeatureOfInterest here", "send it whole")
            return inner.id, None
        inner.expect(("name", "description", "encodingType", "feature", "properties"))
        if point_of(inner.told.get("feature")) is None:
            inner.wrong("feature", "is no shape on the earth", "send GeoJSON in degrees WGS84")
        content = {
            "name": inner.text("name"),
            "description": inner.text("description", needed=False),
            "encodingType": GEOJSON,
            "feature": inner.told.get("feature"),
            "properties": inner.object("properties"),
        }
        # Of the sender, too: nobody learns what others have told.
        canonical = msgspec.json.encode([self.source, content], order="deterministic")
        id = f"feature-{hashlib.sha256(canonical).hexdigest()[:20]}"
        return id, Told("FeatureOfInterest", id, content, self.source)

    def _refuse(self, fields: Fields, name: str, reason: str, problem: str, remedy: str) -> None:
        fields.wrong(name, problem, remedy)
        self.reasons.append(reason)


def data_arrays(told: Any) -> tuple[list[tuple[str, Json | None]], list[Fault]]:
    """The observations of `CreateObservations`, each with its place, in the order of the rows.

    None for a row that has another length than the components.
    """
    found: list[tuple[str, Json | None]] = []
    faults: list[Fault] = []
    arrays = Fields({"arrays": told}, "", faults).several("arrays")
    for number, array in enumerate(arrays):
        array.where = f"[{number}]"
        components, rows = array.told.get("components"), array.told.get("dataArray")
        names = _names(components)
        if names is None or not isinstance(rows, list):
            array.wrong("components", "and dataArray are not two lists", '["phenomenonTime", …]')
            continue
        for place, row in enumerate(rows):
            where = f"[{number}].dataArray[{place}]"
            if not isinstance(row, list) or len(row) != len(names):
                found.append((where, None))
                continue
            found.append((where, _as_object(array.told.get("Datastream"), names, row)))
    return found, faults


def _names(components: Any) -> list[str] | None:
    if not isinstance(components, list) or not all(isinstance(one, str) for one in components):
        return None
    return components


def _as_object(stream: Any, names: Sequence[str], row: Sequence[Any]) -> Json:
    told: Json = {"Datastream": stream}
    for name, value in zip(names, row, strict=True):
        if name in ("FeatureOfInterest/id", "FeatureOfInterest/@iot.id"):
            told["FeatureOfInterest"] = None if value is None else {"@iot.id": value}
        elif name not in ("id", "@iot.id"):
            told[name] = value
    return told


def _moment(text: str) -> datetime | None:
    try:
        return moment_of(text)
    except (ValueError, OverflowError):
        return None


def _whole(moment: datetime) -> datetime:
    """Down to the millisecond, as the log has times."""
    return moment - timedelta(microseconds=moment.microsecond % 1000)
