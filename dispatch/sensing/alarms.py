"""When samples become an alarm, and the report that an alarm is.

An alarm is told by device, rule and window alone, never by the samples that raised it: whichever
of them comes, in whatever order and however often, it is the same report under the same key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from dispatch.report import Channel, Submission
from dispatch.sensing.alarm import AlarmChange
from dispatch.sensing.rules import SensorRule
from dispatch.sensing.sensors import Samples, Sensor, Sensors
from grid.naming import Label, Language, Row

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """A threshold on one property; either *above* or *below* is None.

    *window* is whole seconds; windows are counted from 1970 in UTC, each holds its start and not
    its end. *condition* is one of the limits of *category*, None for the default.
    """

    name: str
    observed_property: str
    above: float | None
    below: float | None
    window: timedelta
    category: str
    condition: str | None
    text: Label

    @classmethod
    def of(cls, row: Row) -> Self:
        """One rule as the part ``sensor_rules`` writes it."""
        return cls(
            name=row["name"],
            observed_property=row["property"],
            above=row["above"],
            below=row["below"],
            window=timedelta(seconds=row["window_s"]),
            category=row["category"],
            condition=row["condition"],
            text=Label.of(row["text"]),
        )

    def crossed(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of *values* are beyond the threshold; the threshold itself and NaN are not."""
        if self.above is not None:
            return values > self.above
        return values < (-np.inf if self.below is None else self.below)

    @property
    def window_ms(self) -> int:
        """The length of a window in milliseconds."""
        return self.window // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A device went beyond the threshold of a rule within the window that begins there."""

    sensor: Sensor
    rule: AlarmRule
    window_start: datetime

    @property
    def key(self) -> str:
        """SHA-256, in hex, of ``device|rule|window start``, like 2026-11-23T08:00:00+00:00."""
        text = f"{self.sensor.code}|{self.rule.name}|{self.window_start.isoformat()}"
        return hashlib.sha256(text.encode()).hexdigest()

    def submission(self, language: Language) -> Submission:
        """The report of this alarm, in the city's *language*."""
        return _report(
            self.key, self.sensor, self.rule, self.rule.category, self.window_start, language
        )


def submission_of(
    change: AlarmChange, sensor: Sensor, rule: SensorRule, language: Language
) -> Submission | None:
    """The report of an alarm, in the city's *language*; None when its rule asks for none.

    Whatever becomes of the alarm, it is the same report under the same key.
    """
    if rule.category is None:
        return None
    return _report(change.key, sensor, rule, rule.category, change.first_at, language)


def _report(
    key: str,
    sensor: Sensor,
    rule: AlarmRule | SensorRule,
    category: str,
    first_at: datetime,
    language: Language,
) -> Submission:
    identity = {"device": sensor.code, "rule": rule.name, "window_start": first_at.isoformat()}
    return Submission(
        source=f"sensor:{rule.name}",
        client_key=key,
        body_sha256=hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).digest(),
        channel=Channel.SENSOR,
        category=category,
        lon=sensor.lon,
        lat=sensor.lat,
        datum=sensor.datum,
        given_lon=sensor.given_lon,
        given_lat=sensor.given_lat,
        happened_at=first_at,
        description=rule.text.get(language),
        address=sensor.name.get(language),
        condition=rule.condition,
        attributes=identity | {"property": rule.observed_property},
    )


class AlarmRules:
    """The rules of a city over its sensors."""

    def __init__(
        self, sensors: Sensors, rules: Iterable[AlarmRule], language: Language = "zh"
    ) -> None:
        self.sensors = sensors
        self.language: Language = language
        self._rules = [(rule, _concerned(rule, sensors)) for rule in rules]

    @classmethod
    def of(cls, sensors: Sequence[Row], rules: Sequence[Row], language: Language) -> Self:
        """The short rules of the parts ``sensors`` and ``sensor_rules``."""
        short = [row for row in rules if "window_s" in row]
        return cls(Sensors.of(sensors), (AlarmRule.of(row) for row in short), language)

    def alarms(self, samples: Samples) -> list[Alarm]:
        """Each alarm that *samples* raise, once. Samples of unknown devices raise none."""
        numbers = self.sensors.numbers(samples.devices)
        raised: list[Alarm] = []
        for rule, concerned in self._rules:
            over = concerned[numbers] & rule.crossed(samples.values)
            if over.any():
                raised += self._of_windows(rule, numbers[over], samples.at_ms[over])
        return raised

    def _of_windows(
        self, rule: AlarmRule, numbers: NDArray[np.intp], at_ms: NDArray[np.int64]
    ) -> list[Alarm]:
        starts = at_ms - at_ms % rule.window_ms
        pairs = np.unique(np.column_stack([numbers, starts]), axis=0).tolist()
        return [
            Alarm(self.sensors[number], rule, _EPOCH + timedelta(milliseconds=start))
            for number, start in pairs
        ]


def _concerned(rule: AlarmRule, sensors: Sensors) -> NDArray[np.bool_]:
    """By number of the sensor whether the rule is about it; the last place is for unknown ones."""
    concerned = [sensor.observed_property == rule.observed_property for sensor in sensors]
    return np.array([*concerned, False])
