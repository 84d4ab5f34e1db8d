"""By what samples are judged at the moment: the engine of the rules and sensors of a rulebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import structlog

from dispatch.rulebook import Rulebook
from dispatch.sensing.alarm import AlarmChange
from dispatch.sensing.engine import Engine
from dispatch.sensing.sensors import Sensor, Sensors
from dispatch.sensing.standing import Told
from streams.batches import Message
from streams.observations import Columns

AHEAD_MS: Final = 300_000
"""A sample may be so much ahead of the moment at which the log got it."""

WRONG_AREA: Final = "wrong_area"
"""The key of the message is not the area in which the device stands."""

FUTURE: Final = "future"

Faults = Mapping[tuple[str, str], int]
"""How many samples were at fault, by device and reason."""

_log = structlog.get_logger("citygrid.sensing")


class Judging:
    """The engine of a rulebook, and what else is to be known to tell of what it finds."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self.sensors: Sensors = rulebook.alarms.sensors
        self.engine = Engine(self.sensors, rulebook.sensor_rules)
        self._areas: dict[str, tuple[str, ...]] = {}
        self._area_of = {sensor.code: sensor.area for sensor in self.sensors}

    def is_by(self, rulebook: Rulebook) -> bool:
        """Whether another rulebook would judge alike: sensors and rules are the same."""
        return (
            rulebook.alarms is self.rulebook.alarms
            and rulebook.sensor_rules is self.rulebook.sensor_rules
        )

    @property
    def is_known(self) -> Callable[[str], bool]:
        """Whether the city has a device of that code."""
        return self._area_of.__contains__

    def fit(self, message: Message, told: Columns) -> tuple[Columns, Faults]:
        """The samples of a message that may be judged, and what is wrong with the others.

        A device that comes under another area than its own comes in another partition as well, and
        two workers would make two alarms of it. What is from the future when the log got it would
        make all that comes after it too late.
        """
        area = (message.key or b"").decode(errors="replace")
        latest_ms = round(message.timestamp * 1000) + AHEAD_MS
        areas = set(map(self._area_of.get, told.devices))
        if areas <= {area, None} and max(told.at_ms) <= latest_ms:
            return told, {}
        return self._sorted_out(told, area, latest_ms)

    def _sorted_out(self, told: Columns, area: str, latest_ms: int) -> tuple[Columns, Faults]:
        fit, faults = Columns([], [], []), Counter[tuple[str, str]]()
        for device, at_ms, value in zip(told.devices, told.at_ms, told.values, strict=True):
            if self._area_of.get(device, area) != area:
                faults[device, WRONG_AREA] += 1
            elif at_ms > latest_ms:
                faults[device, FUTURE] += 1
            else:
                fit.devices.append(device)
                fit.at_ms.append(at_ms)
                fit.values.append(value)
        return fit, faults

    def told(self, changes: Iterable[AlarmChange]) -> list[Told]:
        """The changes with what they are about, by the rules that were in force for them."""
        found: list[Told] = []
        for change in changes:
            sensor = self.sensors.find(change.device)
            rule = self.rulebook.sensor_rules.find(change.rule)
            if sensor is None or rule is None:
                # The engine knows what it was made with, so this is a fault of ours.
                _log.error("change of an unknown alarm", device=change.device, rule=change.rule)
                continue
            found.append(Told(change, sensor, rule, self.areas_of(sensor)))
        return found

    def areas_of(self, sensor: Sensor) -> tuple[str, ...]:
        """All areas that hold the sensor, the smallest first, by the grid in force."""
        known = self._areas.get(sensor.code)
        if known is None:
            place = self.rulebook.grid.place(sensor.lon, sensor.lat)
            above = place.areas if place else self._above(sensor.area)
            known = self._areas[sensor.code] = tuple(above)
        return known

    def _above(self, area: str) -> tuple[str, ...]:
        """What the grid knows of an area: it lies outside of all cells, but not of the city."""
        hierarchy = self.rulebook.grid.hierarchy
        return hierarchy.path(area) if area in hierarchy else (self.rulebook.city,)
