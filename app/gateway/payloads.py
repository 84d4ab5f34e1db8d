"""What payloads of MQTT messages hold: SensorThings, our own JSON, CloudEvents, and others.

Every reader gives a sample or a Refusal for each sample that a payload was to hold, at least one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote

import msgspec
from msgspec import Meta

from app.gateway.samples import LONGEST_NAME, Refusal, ToldSample, read_or_refuse
from dispatch.sensing.reasons import Reason

Read = ToldSample | Refusal
MOST_SAMPLES: Final = 500
LONGEST: Final = 256 * 1024
"""Bytes of a payload with many samples."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_S: Final = 253_402_300_799
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?")
_DATASTREAM: Final = re.compile(r"Datastreams\((?P<id>.+)\)")


class _Observation(msgspec.Struct):
    """An Observation of SensorThings 1.1, as far as it is looked at."""

    result: float
    phenomenonTime: str | None = None
    resultTime: str | None = None
    Datastream: Annotated[dict[str, Any], Meta(max_length=20)] | None = None


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    samples: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MOST_SAMPLES)]


class _Columns(msgspec.Struct):
    devices: Annotated[list[str], Meta(min_length=1, max_length=MOST_SAMPLES)]
    at_ms: list[Annotated[int, Meta(ge=0, le=_LAST_S * 1000)]]
    values: list[float]


class _CloudEvent(msgspec.Struct):
    specversion: Literal["1.0"]
    type: Literal["citygrid.observations"]
    data: _Columns


_OBSERVATION: Final = msgspec.json.Decoder(_Observation)
_BATCH: Final = msgspec.json.Decoder(_Batch)
_EVENT: Final = msgspec.json.Decoder(_CloudEvent)
_BROKEN: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def malformed(problem: str, remedy: str, device: str = "") -> Refusal:
    """The refusal of what holds no sample."""
    return Refusal(Reason.MALFORMED, "", problem[:200], remedy, device)


def too_large(payload: bytes, longest: int) -> Refusal:
    """The refusal of a payload that is not even looked at."""
    return Refusal(
        Reason.SIZE, "", f"has {len(payload)} bytes", f"at most {longest} are taken here"
    )


def read_observation(topic: str, payload: bytes, arrived: datetime, longest: int) -> list[Read]:
    """The sample of an Observation that was published to ``…/Datastreams(ID)/Observations``.

    To ``…/Observations`` alone, its Datastream says whose it is.
    """
    if len(payload) > longest:
        return [too_large(payload, longest)]
    try:
        told = _OBSERVATION.decode(payload)
    except _BROKEN as err:
        return [malformed(str(err), "send an Observation of SensorThings 1.1", _stream(topic))]
    device = _stream(topic) or str((told.Datastream or {}).get("@iot.id", ""))
    if not device:
        return [malformed("names no Datastream", "publish to v1.1/Datastreams(ID)/Observations")]
    at = _moment(told.phenomenonTime, arrived)
    if at is None:
        remedy = "phenomenonTime is a time or an interval with a zone (ISO 8601)"
        return [malformed("has no time that can be read", remedy, device)]
    return [_sample(device, at, told.result)]


def read_own(payload: bytes, longest: int) -> list[Read]:
    """The samples of our own JSON: one, or ``{"samples": […]}``, or a CloudEvent with columns."""
    if len(payload) > LONGEST:
        return [too_large(payload, LONGEST)]
    if b'"specversion"' in payload:
        return _read_event(payload)
    try:
        batch = _BATCH.decode(payload)
    except _BROKEN:
        return [read_or_refuse(payload, longest)]
    return [read_or_refuse(raw, longest) for raw in batch.samples]


def _read_event(payload: bytes) -> list[Read]:
    remedy = "see citygrid.observations in docs/events.md"
    try:
        columns = _EVENT.decode(payload).data
    except _BROKEN as err:
        return [malformed(str(err), remedy)]
    if not len(columns.devices) == len(columns.at_ms) == len(columns.values):
        return [malformed("its columns differ in length", remedy)]
    rows = zip(columns.devices, columns.at_ms, columns.values, strict=True)
    return [
        _sample(device, _EPOCH + timedelta(milliseconds=at), value) for device, at, value in rows
    ]


def _sample(device: str, at: datetime, value: float) -> Read:
    if not 0 < len(device) <= LONGEST_NAME:
        return malformed("has no device name", f"1 to {LONGEST_NAME} characters")
    return ToldSample(device=device, at=at, value=value)


def _stream(topic: str) -> str:
    """The id of the Datastream that a topic names, empty for none."""
    levels = topic.split("/")
    found = _DATASTREAM.fullmatch(levels[-2]) if len(levels) > 1 else None
    if found is None:
        return ""
    told = found["id"]
    if len(told) > 1 and told[0] == told[-1] == "'":
        told = told[1:-1].replace("''", "'")
    return unquote(told)


def _moment(text: str | None, arrived: datetime) -> datetime | None:
    """The end of an interval, the moment of a moment; None when it is neither."""
    if text is None:
        return arrived
    return moment(text.rpartition("/")[2], "iso")


def moment(told: object, form: str) -> datetime | None:
    """A time as *form* writes it: ``iso`` with a zone, ``s`` or ``ms`` since 1970; else None."""
    if form == "iso":
        return _iso(told) if isinstance(told, str) else None
    seconds = number(told)
    if seconds is None:
        return None
    seconds = seconds / 1000 if form == "ms" else seconds
    return _EPOCH + timedelta(seconds=seconds) if 0 <= seconds <= _LAST_S else None


def _iso(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if len(text) <= 40 else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def number(told: object) -> float | None:
    """A finite number, told as one or as a text of digits; None for anything else."""
    if isinstance(told, str):
        told = float(told) if _NUMBER.fullmatch(told) else None
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    try:
        found = float(told)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def looked_up(told: object, path: Sequence[str]) -> object:
    """What stands at a path of names, or numbers in lists; None where nothing does."""
    for step in path:
        if isinstance(told, dict):
            told = told.get(step)
        elif isinstance(told, list) and step.isdecimal() and int(step) < len(told):
            told = told[int(step)]
        else:
            return None
    return told


def read_json(payload: bytes) -> object:
    """Any JSON; raises Refusal."""
    try:
        return msgspec.json.decode(payload)
    except _BROKEN as err:
        raise malformed(str(err), "send JSON in UTF-8") from err
