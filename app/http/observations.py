"""`POST /api/observations`: samples of sensors, many at once; bad ones do not spoil good ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import JSON_LIMIT, check_type, read_body
from app.http.decoding import decode
from app.http.submission import AHEAD, OLDEST
from app.http.wiring import Wiring, wiring_of
from app.policy import Actor
from app.problems import Fault, Problem
from dispatch.sensing.sensors import Sensor, Sensors
from streams.observations import Columns, envelopes
from streams.ports import Record

MOST_SAMPLES: Final = 500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class ToldSample(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One sample. *at* is RFC 3339 with a zone; *unit*, when given, is that of the device."""

    device: str
    at: Annotated[datetime, Meta(tz=True)]
    value: float
    unit: str | None = None


class ToldSamples(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the body of `POST /api/observations` holds: 1 to 500 samples of the caller's devices."""

    samples: Annotated[list[ToldSample], Meta(min_length=1, max_length=MOST_SAMPLES)]


class _Batch(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The same, each sample left as it came, so that one bad sample does not spoil the others."""

    samples: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MOST_SAMPLES)]


_DECODE: Final = msgspec.json.Decoder(ToldSample)


class _Unfit(Exception):
    """A sample cannot be taken, for a reason that is counted."""

    def __init__(self, reason: str, field: str, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.reason, self.field, self.problem, self.remedy = reason, field, problem, remedy


async def submit(request: Request, actor: Actor) -> Response:
    """Take samples: 202 when the log has the good ones; the bad ones are told by their number."""
    wiring = wiring_of(request)
    check_type(request, "application/json")
    batch = decode(await read_body(request, JSON_LIMIT), _Batch)
    now = datetime.now(UTC)
    check = _Check(wiring.current_city().sensors, actor.name, now)
    for index, raw in enumerate(batch.samples):
        check.look_at(index, raw)
    _count(wiring, check)
    if not check.taken:
        raise Problem(422, "no sample can be taken as it is", *check.faults)
    await wiring.sampling.take(_records(actor.name, check.by_area, now))
    wiring.metrics.samples_taken.inc(check.taken)
    return json_answer({"accepted": check.taken, "errors": check.faults}, 202)


@dataclass(slots=True)
class _Check:
    """Sorts samples by the areas of their devices, and collects what is wrong with the others."""

    sensors: Sensors
    source: str
    now: datetime
    by_area: dict[str, Columns] = field(default_factory=dict[str, Columns])
    faults: list[Fault] = field(default_factory=list[Fault])
    reasons: list[str] = field(default_factory=list[str])
    taken: int = 0

    def look_at(self, index: int, raw: msgspec.Raw) -> None:
        """Take the sample, or note why not."""
        try:
            sample = _DECODE.decode(raw)
            sensor = self._sensor(sample)
        except msgspec.DecodeError as err:
            self._refuse(index, _Unfit("shape", "", str(err), "see /api/openapi.json"))
        except _Unfit as unfit:
            self._refuse(index, unfit)
        else:
            self._take(sample, sensor)

    def _sensor(self, sample: ToldSample) -> Sensor:
        """The sensor of a sample that can be taken; raises _Unfit."""
        sensor = self.sensors.find(sample.device)
        if sensor is None or sensor.source != self.source:
            problem, remedy = "is no device of this key", "see sensors.csv of the city"
            raise _Unfit("device", "device", problem, remedy)
        if sample.unit is not None and sample.unit != sensor.unit:
            raise _Unfit("unit", "unit", "is not what the device measures in", sensor.unit)
        if not self.now - OLDEST <= sample.at <= self.now + AHEAD:
            remedy = "at most 72 hours back and 5 minutes ahead are taken"
            raise _Unfit("time", "at", "is too long ago or in the future", remedy)
        return sensor

    def _take(self, sample: ToldSample, sensor: Sensor) -> None:
        columns = self.by_area.get(sensor.area)
        if columns is None:
            columns = self.by_area[sensor.area] = Columns([], [], [])
        columns.devices.append(sample.device)
        columns.at_ms.append((sample.at - _EPOCH) // _MILLISECOND)
        columns.values.append(sample.value)
        self.taken += 1

    def _refuse(self, index: int, unfit: _Unfit) -> None:
        place = f"samples[{index}]"
        named = f"{place}.{unfit.field}" if unfit.field else place
        self.faults.append(Fault(named, unfit.problem[:200], unfit.remedy))
        self.reasons.append(unfit.reason)


def _records(source: str, by_area: dict[str, Columns], now: datetime) -> Sequence[Record]:
    return [
        (area.encode(), envelope)
        for area, columns in by_area.items()
        for envelope in envelopes(source, columns, now)
    ]


def _count(wiring: Wiring, check: _Check) -> None:
    for reason in check.reasons:
        wiring.metrics.samples_refused.labels(reason).inc()


ROUTES: Final = [
    Route("/api/observations", guarded("observation.submit", submit), methods=["POST"]),
]
