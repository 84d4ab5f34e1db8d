"""Samples and checkers of Littletown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.gateway.checking import Checker, Memory
from app.gateway.limits import Limits, LimitsByDevice
from app.gateway.samples import ToldSample
from app.gateway.units import Units
from dispatch.sensing.sensors import Sensors
from tests.makers import NOON, PARTS

METER = "device:meter-1"
SENSORS = Sensors.of(PARTS["sensors"])


def a_told(**changes: Any) -> ToldSample:
    """A good sample of W1, a minute before NOON."""
    told: dict[str, Any] = {"device": "W1", "at": NOON - timedelta(minutes=1), "value": 1.5}
    return ToldSample(**(told | changes))


def a_checker(units: Units | None = None, **told: Any) -> Checker:
    """A checker of Littletown; *told* is its table of samples, as it is stored."""
    sensors = Sensors.of(
        [row | {"least": -1.0, "most": 20.0} if row["code"] == "W1" else row
         for row in PARTS["sensors"]]
    )  # fmt: skip
    return Checker(sensors, LimitsByDevice(Limits(), told), units or Units(), Memory())
