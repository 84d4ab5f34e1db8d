"""A rule tried on samples that its author thought of: what it makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from dispatch.sensing.alarm import AlarmChange
from dispatch.sensing.engine import Engine
from dispatch.sensing.rules import SensorRule, SensorRules
from dispatch.sensing.sensors import Samples, Sensor, Sensors

HERE: Final = ""
"""Stands for the device that the rule is about."""
_APART_DEG: Final = 0.001


@dataclass(frozen=True, slots=True)
class Heard:
    """A sample of an example. *who* is `HERE`, another property of the station, or n1, n2 …"""

    at_ms: int
    who: str
    value: float


def others(rule: SensorRule) -> list[str]:
    """Who besides the device itself can be heard: neighbours, the nearest first, or properties."""
    if rule.signal == "neighbours":
        return [f"n{n + 1}" for n in range(rule.settings["k"])]
    return [one.observed_property for one in rule.together[1:]]


def tried(
    rule: SensorRule, samples: Sequence[Heard], until_ms: int | None, zone: str
) -> list[AlarmChange]:
    """What the rule makes of the samples, in order of time, when time has come to *until_ms*."""
    anywhere = replace(
        rule, area="*", devices=(), pauses=tuple(replace(one, devices=()) for one in rule.pauses)
    )
    engine = Engine(_sensors(rule), SensorRules([anywhere], lateness_ms=0, zone=zone))
    told = Samples(
        [one.who or rule.observed_property for one in samples],
        np.array([one.at_ms for one in samples], dtype=np.int64),
        np.array([one.value for one in samples], dtype=np.float64),
    )
    return engine.advance(engine.blank(), told, mark_ms=until_ms).changes


def _sensors(rule: SensorRule) -> Sensors:
    """The device and the others, named as samples name them; the device by its property."""
    among = rule.signal == "neighbours"
    rows: list[dict[str, Any]] = []
    for place, who in enumerate([rule.observed_property, *others(rule)]):
        rows.append(
            {
                "code": who,
                "name": {"zh": who, "en": who},
                "property": rule.observed_property if among else who,
                "unit": "",
                "lon": place * _APART_DEG,
                "lat": 0.0,
                "station": who if among else "here",
            }
        )
    return Sensors(Sensor.of(row) for row in rows)
