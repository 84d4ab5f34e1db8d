"""Observations as they are sent, read into samples as every door takes them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec

from app.gateway.samples import Refusal, ToldSample
from app.http.sta.bodies import Fields, Json, is_code
from app.http.sta.graph import GEOJSON, Graph
from app.http.sta.registering import point_of
from app.http.sta.tokens import moment_of
from app.problems import Fault
from dispatch.postgres.registry import Note, Told
from dispatch.sensing.reasons import Reason

MOST: Final = 5000
"""Observations of one request."""

_FIELDS: Final = {"device": "Datastream", "at": "phenomenonTime", "value": "result"}
_KNOWN: Final = (
    "phenomenonTime", "result", "resultTime", "resultQuality", "validTime", "parameters",
    "Datastream", "FeatureOfInterest",
)  # fmt: skip
_MORE: Final = ("resultQuality", "validTime", "parameters")
_TIME: Final = "a time like 2026-11-23T08:00:00Z, or two with a slash between"


@dataclass(frozen=True, slots=True)
class Sent:
    """One observation as it was sent: what the door of samples is offered, and all beside it.

    *faults* say what is wrong with its fields; what else is wrong the door of samples finds.
    """

    where: str
    told: ToldSample | Refusal
    faults: Sequence[Fault]
    note: Note | None = None
    feature: Told | None = None


@dataclass(slots=True)
class Reading:
    """Reads observations of one sender; all that are in *graph* may be named."""

    graph: Graph
    source: str
    now: datetime

    def read(self, told: Mapping[str, Any], where: str, stream: str | None) -> Sent:
        """One observation; *stream* is the Datastream that the address names."""
        fields = Fields(told, where)
        fields.expect(_KNOWN)
        code = stream or self._stream(fields)
        if not is_code(code) and not fields.faults:
            fields.wrong("Datastream", "has no id", '{"@iot.id": "W1"}')
        began, at = self._moments(fields)
        value = self._result(fields)
        result_at = self._optional_moment(fields, "resultTime")
        feature, made = self._feature(fields, code)
        if fields.faults:
            return refused(where, fields.faults, code)
        more = {name: fields.told[name] for name in _MORE if fields.told.get(name) is not None}
        note = None
        if began or result_at not in (None, at) or feature or more:
            note = Note(code, at, began, result_at, feature, more)
        return Sent(where, ToldSample(device=code, at=at, value=value), (), note, made)

    def _stream(self, fields: Fields) -> str:
        inner = fields.inner("Datastream")
        return (inner.id if inner else None) or ""

    def _moments(self, fields: Fields) -> tuple[datetime | None, datetime]:
        """When it began, when that is told, and when it was: the present when nothing is said."""
        told = fields.told.get("phenomenonTime")
        if told is None:
            return None, _whole(self.now)
        parts = [_moment(part) for part in told.split("/")] if isinstance(told, str) else []
        if not 1 <= len(parts) <= 2 or None in parts:
            fields.wrong("phenomenonTime", "is no time with its zone", _TIME)
            return None, self.now
        [*before, at] = [_whole(cast("datetime", part)) for part in parts]
        if before and before[0] > at:
            fields.wrong("phenomenonTime", "ends before it begins", _TIME)
        return (before[0] if before else None), at

    def _optional_moment(self, fields: Fields, name: str) -> datetime | None:
        told = fields.told.get(name)
        moment = _moment(told) if isinstance(told, str) else None
        if told is not None and moment is None:
            fields.wrong(name, "is no time with its zone", _TIME)
        return moment

    def _result(self, fields: Fields) -> float:
        told = fields.told.get("result")
        if isinstance(told, int | float) and not isinstance(told, bool) and abs(told) < 1e300:
            return float(told)
        fields.wrong("result", "is no number", "send a number, not a text")
        return 0.0

    def _feature(self, fields: Fields, code: str) -> tuple[str | None, Told | None]:
        """The id of a feature other than the place of the device, and it when it is told whole."""
        if fields.told.get("FeatureOfInterest") is None:
            return None, None
        inner = fields.inner("FeatureOfInterest")
        if inner is None or inner.id == code:
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


def refused(where: str, faults: Sequence[Fault], code: str = "") -> Sent:
    """One that is no observation, as the door of samples counts it."""
    first = faults[0]
    told = Refusal(Reason.MALFORMED, first.field, first.problem, first.remedy, code)
    return Sent(where, told, faults)


def fault_of(sent: Sent, refusal: Refusal) -> Sequence[Fault]:
    """What is wrong with an observation that the door of samples refused, by its own fields."""
    if sent.faults:
        return sent.faults
    field = _FIELDS.get(refusal.field, refusal.field)
    named = f"{sent.where}.{field}" if sent.where and field else sent.where or field
    return [Fault(named, refusal.problem, refusal.remedy)]


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
