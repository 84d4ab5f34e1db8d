"""Whether a sample can be taken, and as which value of which sensor: the same at every door."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from app.gateway.limits import Limits, LimitsByDevice, Pace, Still, burst
from app.gateway.samples import Refusal, ToldSample
from app.gateway.units import Pair, Units
from dispatch.sensing.reasons import Reason
from dispatch.sensing.sensors import Sensor, Sensors
from geo.shift import Datum, to_wgs84

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_METRES_PER_DEGREE: Final = 111_320.0
_DATUMS: Final = ", ".join(Datum)


@dataclass(frozen=True, slots=True)
class Taken:
    """A sample as the log holds it: *value* is in the unit of *sensor*.

    *remarks* are reasons by which it is counted although it is taken.
    """

    sensor: Sensor
    at_ms: int
    value: float
    remarks: tuple[Reason, ...] = ()


@dataclass(slots=True)
class Memory:
    """What a door remembers of the devices of its city; nothing of others."""

    paces: dict[str, Pace] = field(default_factory=dict[str, Pace])
    stills: dict[str, Still] = field(default_factory=dict[str, Still])

    def keep_only(self, sensors: Sensors) -> None:
        """Forget the devices that the city has no more."""
        for kept in (self.paces, self.stills):
            for code in [code for code in kept if sensors.find(code) is None]:
                del kept[code]


class Checker:
    """Checks samples of one city; a pack that is loaded makes another one, with the same memory."""

    def __init__(
        self, sensors: Sensors, limits: LimitsByDevice, units: Units, memory: Memory
    ) -> None:
        self._sensors, self._limits, self._units = sensors, limits, units
        self._memory = memory

    def knows(self, device: str) -> bool:
        """Whether the city has a sensor with this code."""
        return self._sensors.find(device) is not None

    def pair(self, sample: ToldSample) -> Pair | None:
        """The units that must be known before the sample is checked, None for none."""
        sensor = self._sensors.find(sample.device)
        if sensor is None or sample.unit is None:
            return None
        return sample.unit, sensor.unit

    def check(self, sample: ToldSample, source: str | None, now: datetime) -> Taken:
        """The sample as it is taken; raises Refusal.

        *source* is the key that shows it; None where somebody else vouches for the device.
        """
        sensor = self._sensor(sample, source)
        limits = self._limits.find(sensor.code)
        self._keep_pace(sensor, limits, now)
        _check_time(sample, limits, now)
        value, remarks = self._value(sample, sensor)
        _check_value(value, sensor)
        _check_place(sample, sensor, limits)
        if self._is_stuck(sensor, value, sample.at, limits):
            remarks = (*remarks, Reason.STUCK)
        return Taken(sensor, (sample.at - _EPOCH) // _MILLISECOND, value, remarks)

    def _sensor(self, sample: ToldSample, source: str | None) -> Sensor:
        sensor = self._sensors.find(sample.device)
        remedy = "see sensors.csv of the city"
        if sensor is None:
            raise Refusal(
                Reason.UNKNOWN, "device", "is no device of this city", remedy, sample.device
            )
        if source is not None and sensor.source != source:
            # As for one that there is none of: whose devices there are is told to nobody.
            raise Refusal(Reason.FOREIGN, "device", "is no device of this key", remedy, sensor.code)
        return sensor

    def _keep_pace(self, sensor: Sensor, limits: Limits, now: datetime) -> None:
        pace = self._memory.paces.get(sensor.code)
        if pace is None:
            pace = self._memory.paces[sensor.code] = Pace(burst(limits.per_minute), now)
        if not pace.may(now, limits.per_minute):
            problem = f"the device sends more than {limits.per_minute} samples a minute"
            raise Refusal(Reason.RATE, "", problem, "send it again later", sensor.code)

    def _value(self, sample: ToldSample, sensor: Sensor) -> tuple[float, tuple[Reason, ...]]:
        if sample.unit is None or sample.unit == sensor.unit:
            return sample.value, ()
        found = self._units.find((sample.unit, sensor.unit))
        if found is None:
            problem = "cannot be turned into what the device measures in"
            raise Refusal(Reason.UNIT, "unit", problem, sensor.unit, sensor.code)
        value = found(sample.value)
        return value, (Reason.CONVERTED,) if value != sample.value else ()

    def _is_stuck(self, sensor: Sensor, value: float, at: datetime, limits: Limits) -> bool:
        if not limits.stuck:
            return False
        still = self._memory.stills.setdefault(sensor.code, Still(value, at, at))
        return still.is_stuck(value, at, limits.stuck)


def _check_time(sample: ToldSample, limits: Limits, now: datetime) -> None:
    if sample.at < now - limits.oldest:
        hours = limits.oldest / timedelta(hours=1)
        raise Refusal(
            Reason.TOO_LATE, "at", "is too long ago", f"at most {hours:g} hours back", sample.device
        )
    if sample.at > now + limits.ahead:
        seconds = limits.ahead.total_seconds()
        remedy = f"set the clock: at most {seconds:g} s ahead of {now.isoformat()}"
        raise Refusal(Reason.FUTURE, "at", "is in the future", remedy, sample.device)


def _check_value(value: float, sensor: Sensor) -> None:
    if not sensor.least <= value <= sensor.most:
        problem = f"{value:g} {sensor.unit} is not what this device can measure"
        remedy = f"{sensor.least:g} to {sensor.most:g}, see sensors.csv"
        raise Refusal(Reason.IMPOSSIBLE, "value", problem, remedy, sensor.code)


def _check_place(sample: ToldSample, sensor: Sensor, limits: Limits) -> None:
    if sample.lon is None and sample.lat is None and sample.datum is None:
        return
    if sample.lon is None or sample.lat is None:
        field_ = "lon" if sample.lon is None else "lat"
        remedy = "send lon, lat and datum, or none"
        raise Refusal(Reason.POSITION, field_, "is missing", remedy, sensor.code)
    datum = _datum(sample)
    off_m = _metres(sensor, sample.lon, sample.lat, datum)
    if off_m <= limits.moved_m:
        return
    for other in (Datum.GCJ02, Datum.BD09, Datum.WGS84):
        if other is not datum and _metres(sensor, sample.lon, sample.lat, other) <= limits.moved_m:
            problem = f"fits the sensor only when it is {other}"
            raise Refusal(Reason.DATUM, "datum", problem, f'send "{other}"', sensor.code)
    problem = f"the position is {off_m:.0f} m from where the sensor stands"
    raise Refusal(Reason.POSITION, "lon", problem, "correct it, or sensors.csv", sensor.code)


def _datum(sample: ToldSample) -> Datum:
    try:
        return Datum(sample.datum or "")
    except ValueError:
        problem = "is not known" if sample.datum else "is missing"
        remedy = f"say what lon and lat are in: {_DATUMS}; none is guessed"
        raise Refusal(Reason.DATUM, "datum", problem, remedy, sample.device) from None


def _metres(sensor: Sensor, lon: float, lat: float, datum: Datum) -> float:
    """How far a position is from the sensor; good enough near it, and great where it is not."""
    [[at_lon, at_lat]] = to_wgs84(np.array([[lon, lat]], dtype=np.float64), datum).tolist()
    east = (at_lon - sensor.lon) * math.cos(math.radians(sensor.lat))
    return math.hypot(east, at_lat - sensor.lat) * _METRES_PER_DEGREE
