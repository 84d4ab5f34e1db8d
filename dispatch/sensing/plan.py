"""Sensors and rules worked out for an engine, once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dispatch.sensing.courses import Courses
from dispatch.sensing.life import NEVER
from dispatch.sensing.rules import SensorRules
from dispatch.sensing.sensors import Sensors
from dispatch.sensing.state import NEVER_HEARD, State


@dataclass(frozen=True)
class Plan:
    """What an engine goes by. The arrays have one place for each device, by its number."""

    sensors: Sensors
    rules: SensorRules

    @cached_property
    def courses(self) -> Courses:
        """Which rules are about which devices."""
        return Courses.of(self.sensors, self.rules)

    @cached_property
    def areas(self) -> list[str]:
        """The areas that the sensors stand in."""
        return sorted({sensor.area for sensor in self.sensors})

    @cached_property
    def area_of(self) -> NDArray[np.intp]:
        """The place of the area of each device in *areas*."""
        places = {area: place for place, area in enumerate(self.areas)}
        return np.array([places[sensor.area] for sensor in self.sensors], dtype=np.intp)

    @cached_property
    def least(self) -> NDArray[np.float64]:
        """The smallest value that each device can measure."""
        return np.array([sensor.least for sensor in self.sensors], dtype=np.float64)

    @cached_property
    def most(self) -> NDArray[np.float64]:
        """The greatest value that each device can measure."""
        return np.array([sensor.most for sensor in self.sensors], dtype=np.float64)

    @cached_property
    def waits(self) -> bool:
        """Whether the silence of any device is listened for."""
        return bool((self.courses.silence_ms < NEVER).any())

    def blank(self) -> State:
        """The state before any sample."""
        count = len(self.sensors)
        return State(
            last_ms=np.full(count, NEVER_HEARD, dtype=np.int64),
            last_value=np.full(count, np.nan),
            due_ms=np.full(count, NEVER, dtype=np.int64),
            busy=self.courses.always.copy(),
            seen_ms=np.full(len(self.areas), NEVER_HEARD, dtype=np.int64),
            floor_ms=np.full(len(self.areas), NEVER_HEARD, dtype=np.int64),
        )

    def settled_ms(self, state: State) -> NDArray[np.int64]:
        """The watermark of each of *areas*: before it no sample is taken any more."""
        return np.maximum(state.seen_ms - self.rules.lateness_ms, state.floor_ms)

    def watermarks(self, state: State) -> NDArray[np.int64]:
        """The watermark of each device: that of its area."""
        return self.settled_ms(state)[self.area_of]
