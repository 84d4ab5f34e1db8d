"""Which rules are about which devices, and by whose samples: worked out once for an engine."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.sensing.life import Terms
from dispatch.sensing.rules import SensorRule, SensorRules, Step
from dispatch.sensing.sensors import Sensor, Sensors
from dispatch.sensing.track import Course

NO_LIMIT_MS: Final = 1 << 62


@dataclass(frozen=True)
class Courses:
    """Every rule about every device it concerns, and what may be taken in without asking it.

    *listening* holds by number of a device the courses that are judged by its samples. The arrays
    have shape (n,), one place for each device: values from *lowest* to *highest* cross nothing;
    after *silence_ms* without a sample something is due; *always*: each sample matters to a course.
    """

    all: Sequence[Course]
    listening: Mapping[int, Sequence[Course]]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    silence_ms: NDArray[np.int64]
    always: NDArray[np.bool_]

    @classmethod
    def of(cls, sensors: Sensors, rules: SensorRules) -> Courses:
        """The courses of these rules over these sensors."""
        stations = Stations(sensors)
        every = [course for rule in rules for course in _of_rule(rule, sensors, stations, rules)]
        listening: dict[int, list[Course]] = defaultdict(list)
        found = cls(
            every,
            listening,
            np.full(len(sensors), -np.inf),
            np.full(len(sensors), np.inf),
            np.full(len(sensors), NO_LIMIT_MS, dtype=np.int64),
            np.zeros(len(sensors), dtype=np.bool_),
        )
        for course in every:
            found._mark(course)
            for member in course.members:
                listening[member].append(course)
        return found

    def _mark(self, course: Course) -> None:
        number, rule = course.subject, course.terms.rule
        if not course.is_plain:
            self.always[list(course.members)] = True
        elif rule.signal == "silence":
            limit_ms = min(round(step.bound.limit * 1000) for step in rule.steps)
            self.silence_ms[number] = min(self.silence_ms[number], limit_ms)
        else:
            for step in rule.steps:
                self._bound(number, step)

    def _bound(self, number: int, step: Step) -> None:
        limit = step.bound.limit
        if step.bound.side in ("above", "beyond"):
            self.highest[number] = min(self.highest[number], limit)
        if step.bound.side in ("below", "beyond"):
            low = limit if step.bound.side == "below" else -limit
            self.lowest[number] = max(self.lowest[number], low)


class Stations:
    """Who stands where: devices of one station, and nearest devices of one property in an area."""

    def __init__(self, sensors: Sensors) -> None:
        self._at: dict[tuple[str, str, str], int] = {}
        self._peers: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._sensors = sensors
        for number, sensor in enumerate(sensors):
            self._at.setdefault((sensor.area, sensor.station, sensor.observed_property), number)
            self._peers[sensor.area, sensor.observed_property].append(number)

    def find(self, sensor: Sensor, observed_property: str) -> int | None:
        """The first device that measures the property at the station of *sensor*."""
        return self._at.get((sensor.area, sensor.station, observed_property))

    def nearest(self, number: int, count: int) -> list[int]:
        """The nearest other devices of the same property in the same area, the nearest first.

        Of two at the same distance that with the smaller code comes first.
        """
        sensor = self._sensors[number]
        peers = [n for n in self._peers[sensor.area, sensor.observed_property] if n != number]
        return sorted(peers, key=lambda n: self._far(sensor, self._sensors[n]))[:count]

    @staticmethod
    def _far(one: Sensor, other: Sensor) -> tuple[float, str]:
        """Something that grows with the distance on the ground; cheap, and exact enough to rank."""
        shrink = np.cos(np.radians((one.lat + other.lat) / 2))
        return float(np.hypot((one.lon - other.lon) * shrink, one.lat - other.lat)), other.code


def _of_rule(
    rule: SensorRule, sensors: Sensors, stations: Stations, rules: SensorRules
) -> Iterator[Course]:
    terms = Terms.of(rule, rules.zone)
    for number, sensor in enumerate(sensors):
        members = _members(rule, number, sensor, stations) if rule.concerns(sensor) else ()
        if members:
            told = [rule.digest, str(rules.zone), [_place(sensors[one]) for one in members]]
            digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
            pauses = rule.pauses_of(sensor.code)
            yield Course(terms, sensor.code, number, members, pauses, digest)


def _place(sensor: Sensor) -> list[str]:
    return [sensor.code, sensor.observed_property, sensor.unit]


def _members(rule: SensorRule, number: int, sensor: Sensor, stations: Stations) -> tuple[int, ...]:
    """The device and whoever it is judged with; empty when one of these is missing."""
    if rule.signal == "neighbours":
        others = stations.nearest(number, rule.settings["k"])
        return (number, *others) if others else ()
    if rule.signal == "together":
        found = [stations.find(sensor, one.observed_property) for one in rule.together]
        others = [one for one in found if one is not None]
        return tuple(others) if len(others) == len(found) and number in others else ()
    return (number,)
