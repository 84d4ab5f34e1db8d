"""When samples are an alarm: the rules of a city as values.

What number a rule judges is its *signal*; when that number is an alarm, how grave, and when it is
over, is told by bounds on it. How they are read from a pack is in `app.city.sensing`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from dispatch.sensing.sensors import Sensor
from grid.naming import Label, Row

Side = Literal["above", "below", "beyond", "within", "reaching"]
SIGNALS: Final = (
    "value", "rate", "deviation", "neighbours", "together", "stuck", "silence",
)  # fmt: skip
"""value: as measured. rate: its change over a span. deviation: robust z-score against its own past
at this hour of the week. neighbours: its difference from the median of the nearest devices.
together: 1 when several properties of one station cross at once. stuck, silence: seconds."""

LATENESS_MS: Final = 600_000
DEFAULT_LEVEL: Final = 3


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound on a number; but for *reaching* the limit itself and NaN are not meant.

    *beyond* is further from 0 than the limit on either side, *within* is nearer.
    """

    side: Side
    limit: float

    def holds(self, x: float) -> bool:
        """Whether *x* is on that side."""
        match self.side:
            case "above":
                return x > self.limit
            case "below":
                return x < self.limit
            case "beyond":
                return x > self.limit or x < -self.limit
            case "within":
                return -self.limit < x < self.limit
            case "reaching":
                return x >= self.limit


@dataclass(frozen=True, slots=True)
class Step:
    """A level of severity: 1 (red, gravest) to 4 (blue), once *bound* has held for *held_ms*."""

    level: int
    bound: Bound
    held_ms: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """A maintenance window, which does not hold its end; of all devices when none is named."""

    begin_ms: int
    end_ms: int
    devices: tuple[str, ...] = ()

    def is_for(self, device: str) -> bool:
        """Whether it is about the device; ``*`` stands for any letters."""
        return not self.devices or any(fnmatchcase(device, one) for one in self.devices)


@dataclass(frozen=True, slots=True)
class Measure:
    """One of several properties that must cross together."""

    observed_property: str
    bound: Bound


@dataclass(frozen=True, slots=True)
class SensorRule:
    """One rule. Spans are in milliseconds; None and 0 mean that the rule does not ask for it.

    *steps* run from the gravest to the mildest. *clear* with *clear_ms* ends an alarm; without it
    none of the steps holding does. *count* samples within *count_ms* must cross, not one.
    *gap_ms*: what was before a longer gap in the samples holds no longer. *lift_ms*: an alarm that
    stands so long at one level goes one up, to *lift_to* at most. *lower_ms*: so long the number
    must have been milder before the level goes down. *window_ms* is of the short form: one alarm
    for each window that a sample crosses in, and nothing else.
    """

    name: str
    observed_property: str
    signal: str
    settings: Row
    steps: tuple[Step, ...]
    text: Label
    category: str | None = None
    condition: str | None = None
    clear: Bound | None = None
    clear_ms: int = 0
    count: int = 0
    count_ms: int = 0
    gap_ms: int = 0
    lift_ms: int = 0
    lift_to: int = 1
    lower_ms: int = 0
    repeat_ms: int = 0
    rest_ms: int = 0
    pauses: tuple[Pause, ...] = ()
    area: str = "*"
    devices: tuple[str, ...] = ()
    together: tuple[Measure, ...] = ()
    window_ms: int = 0
    digest: str = field(default="", compare=False)

    @classmethod
    def of(cls, row: Row) -> Self:
        """One rule as the part ``sensor_rules`` writes it, in its short or its full form."""
        told = {"signal": "value", **row}
        digest = hashlib.sha256(json.dumps(_meant(row), sort_keys=True).encode()).hexdigest()[:16]
        shared: dict[str, Any] = {
            "name": row["name"],
            "observed_property": row["property"],
            "text": Label.of(row["text"]),
            "category": row["category"],
            "condition": row["condition"],
            "digest": digest,
        }
        if "window_s" in row:
            return cls(
                signal="value",
                settings={},
                steps=(Step(DEFAULT_LEVEL, _short_bound(row)),),
                window_ms=row["window_s"] * 1000,
                **shared,
            )
        return cls(signal=told["signal"], **shared, **_full(row))

    def concerns(self, sensor: Sensor) -> bool:
        """Whether the rule is about alarms of this device."""
        return (
            sensor.observed_property == self.observed_property
            and fnmatchcase(sensor.area, self.area)
            and (not self.devices or any(fnmatchcase(sensor.code, one) for one in self.devices))
        )

    def pauses_of(self, device: str) -> tuple[tuple[int, int], ...]:
        """Its maintenance windows for the device, as (begin, end) in order of time."""
        return tuple(sorted((p.begin_ms, p.end_ms) for p in self.pauses if p.is_for(device)))

    @property
    def mildest(self) -> int:
        """The level of its mildest step."""
        return self.steps[-1].level


def _short_bound(row: Row) -> Bound:
    if row["above"] is not None:
        return Bound("above", row["above"])
    return Bound("below", -float("inf") if row["below"] is None else row["below"])


def _bound(row: Row) -> Bound:
    return Bound(row["side"], row["limit"])


def _full(row: Row) -> dict[str, Any]:
    clear = row.get("clear") or {}
    return {
        "settings": row.get("settings", {}),
        "steps": tuple(
            Step(one["level"], _bound(one), one.get("held_ms", 0))
            for one in sorted(row["steps"], key=lambda one: one["level"])
        ),
        "clear": _bound(clear) if "side" in clear else None,
        "clear_ms": clear.get("held_ms", 0),
        **{name: row[name] for name in _PLAIN if name in row},
        "pauses": tuple(
            Pause(one["begin_ms"], one["end_ms"], tuple(one.get("devices", ())))
            for one in row.get("pauses", ())
        ),
        "devices": tuple(row.get("devices", ())),
        "together": tuple(Measure(one["property"], _bound(one)) for one in row.get("together", ())),
    }


_PLAIN: Final = (
    "count", "count_ms", "gap_ms", "lift_ms", "lift_to", "lower_ms", "repeat_ms", "rest_ms", "area",
)  # fmt: skip
_WORDS: Final = ("row", "text", "category", "condition", "unit", "examples")


def _meant(row: Row) -> dict[str, Any]:
    """What of a rule changes its alarms: not its words, nor what is reported of it."""
    return {key: value for key, value in row.items() if key not in _WORDS}


class SensorRules:
    """The rules of a city. *lateness_ms*: so late a sample may come; *zone*: the city's clocks."""

    def __init__(
        self,
        rules: Sequence[SensorRule] = (),
        *,
        lateness_ms: int = LATENESS_MS,
        zone: str = "UTC",
    ) -> None:
        self._rules = tuple(rules)
        self._by_name = {rule.name: rule for rule in self._rules}
        self.lateness_ms = lateness_ms
        self.zone = ZoneInfo(zone)

    @classmethod
    def of(cls, rows: Sequence[Row], settings: Row | None = None, *, zone: str = "UTC") -> Self:
        """The rules of the part ``sensor_rules`` with the settings of the part ``sensing``."""
        lateness_ms = (settings or {}).get("lateness_ms", LATENESS_MS)
        return cls([SensorRule.of(row) for row in rows], lateness_ms=lateness_ms, zone=zone)

    def find(self, name: str) -> SensorRule | None:
        """The rule of that name, or None."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[SensorRule]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)
