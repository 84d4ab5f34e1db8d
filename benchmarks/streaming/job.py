"""The job that everybody does: decode, cell look-up, rules, state. And the samples it is done on.

Devices send once a minute; one in a hundred goes beyond its threshold for ten minutes now and then.
All who are compared run this code; they differ in how messages come to it, and whether what it has
found is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dispatch.sensing.engine import Engine, Outcome, State
from dispatch.sensing.rules import SensorRules
from dispatch.sensing.sensors import Samples, Sensors
from geo.index import CellIndex
from streams.observations import MOST_SAMPLES, Columns, envelopes, gathered, read_message
from tests.geo.cities import city, positions

AREAS: Final = 20
DEVICES: Final = AREAS * MOST_SAMPLES
CELLS: Final = 10_000
STEP_MS: Final = 60_000
BEGIN_MS: Final = 1_780_272_000_000
LABEL: Final = {"zh": "水位", "en": "water level"}
RULES: Final[list[dict[str, Any]]] = [
    {
        "row": 1,
        "name": "high",
        "property": "water_level",
        "unit": "m",
        "signal": "value",
        "steps": [
            {"level": 3, "side": "above", "limit": 3.5, "held_ms": 120_000},
            {"level": 1, "side": "above", "limit": 5.0},
        ],
        "clear": {"side": "below", "limit": 3.0},
        "category": None,
        "condition": None,
        "text": LABEL,
    },
    {
        "row": 2,
        "name": "silent",
        "property": "water_level",
        "unit": "m",
        "signal": "silence",
        "steps": [{"level": 4, "side": "reaching", "limit": 3600}],
        "category": None,
        "condition": None,
        "text": LABEL,
    },
]


class Locating:
    """An engine that looks up the cell of every sample before it judges it."""

    def __init__(self, engine: Engine, index: CellIndex, lon_lat: NDArray[np.float64]) -> None:
        self._engine, self._index, self._lon_lat = engine, index, lon_lat
        self.blank, self.dump, self.load = engine.blank, engine.dump, engine.load
        self.latest = engine.latest
        self.sensors = engine.plan.sensors
        self.located = 0

    def advance(self, state: State, samples: Samples, **more: Any) -> Outcome:
        """As the engine's."""
        self.located += len(self.locate(samples))
        return self._engine.advance(state, samples, **more)

    def locate(self, samples: Samples) -> NDArray[np.intp]:
        """The cell of each sample, (n,)."""
        return self._index.locate(self._lon_lat[self.sensors.numbers(samples.devices)])


class City:
    """A city of `CELLS` cells and `DEVICES` devices, the same each time."""

    def __init__(self) -> None:
        shapes, codes = city(CELLS)
        self.lon_lat = positions(shapes, DEVICES, seed=7)
        self.sensors = Sensors.of(
            {
                "code": f"S{number:05d}",
                "name": LABEL,
                "property": "water_level",
                "unit": "m",
                "lon": lon,
                "lat": lat,
                "area": area_of(number),
            }
            for number, (lon, lat) in enumerate(self.lon_lat.tolist())
        )
        self.rules = SensorRules.of(RULES)
        self.index = CellIndex.build(shapes, codes)

    def engine(self) -> Locating:
        """The job without its frame."""
        return Locating(Engine(self.sensors, self.rules), self.index, self.lon_lat)


def area_of(number: int) -> str:
    """The area in which a device stands."""
    return f"990101{number // MOST_SAMPLES + 1:03d}"


def messages(samples: int, *, together: int) -> list[tuple[bytes, bytes]]:
    """Key and value of envelopes of *together* samples, as devices would send them."""
    now = datetime.now(UTC)
    codes = [f"S{number:05d}" for number in range(DEVICES)]
    return [
        (area_of(first).encode(), envelope)
        for first, at_ms, values in _rows(samples, together)
        for envelope in envelopes(
            "gateway:1",
            Columns(codes[first : first + len(values)], [at_ms] * len(values), values),
            now,
        )
    ]


def _rows(samples: int, together: int) -> Iterator[tuple[int, int, list[float]]]:
    chance = np.random.default_rng(11)
    told = step = 0
    while told < samples:
        values = np.round(1.0 + chance.normal(0, 0.2, DEVICES), 3)
        values[(np.arange(DEVICES) * 37 + step // 10) % 100 == 0] = 4.25
        for first in range(0, DEVICES, together):
            if told < samples:
                some = values[first : first + min(together, samples - told)].tolist()
                told += len(some)
                yield first, BEGIN_MS + step * STEP_MS, some
        step += 1


def decoded(values: Sequence[bytes]) -> Samples:
    """The samples of some messages."""
    told = [read_message(value) for value in values]
    return gathered([one for one in told if isinstance(one, Columns)])
