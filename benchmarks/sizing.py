"""What a city needs for its sensors, computed from what `benchmarks.stream` has measured.

    python -m benchmarks.stream --json > stream.json
    python -m benchmarks.sizing stream.json

Measured are samples a second of one worker process; everything else is arithmetic, and said so.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PLANNED: Final = 0.5
"""The share of what was measured that a city plans with."""

LATENESS_S: Final = 600
SAMPLE_BYTES: Final = 16
"""Of a sample that is not settled, and of the last one of each device."""

ENVELOPE_BYTES: Final = {50: 1_700, 1: 270}
"""As `benchmarks.streaming.job` makes them, key included."""

CHECKPOINT_EVERY_S: Final = 10
PARTITIONS: Final = 12
MOST_MESSAGES_IN_POSTGRES: Final = 500


@dataclass(frozen=True, slots=True)
class Place:
    """A city by its devices; each sends every *every_s* seconds."""

    name: str
    devices: int
    every_s: float

    @property
    def per_second(self) -> float:
        """Samples a second."""
        return self.devices / self.every_s

    @property
    def state_bytes(self) -> float:
        """All checkpoints together, not compressed."""
        return self.devices * (1 + LATENESS_S / self.every_s) * SAMPLE_BYTES


PLACES: Final = (
    Place("one box", 20_000, 60),
    Place("a city of 20 million", 2_000_000, 30),
    Place("a province", 10_000_000, 30),
)


def needs(place: Place, figures: Mapping[str, Any], *, together: int) -> dict[str, object]:
    """What the place takes with *together* samples in each message."""
    messages = place.per_second / together
    engine = "pglog" if messages <= MOST_MESSAGES_IN_POSTGRES else "kafka"
    measured = figures["per_second"]["envelopes" if together > 1 else "singles"].get(engine)
    workers = math.ceil(place.per_second / (measured * PLANNED)) if measured else None
    return {
        "place": place.name,
        "together": together,
        "samples_per_second": round(place.per_second),
        "engine": engine,
        "measured_per_worker": measured,
        "workers": workers,
        "installations": math.ceil(workers / PARTITIONS) if workers else None,
        "log_gb_a_day": round(messages * ENVELOPE_BYTES[together] * 86_400 / 1e9, 1),
        "state_mb": round(place.state_bytes / 1e6, 1),
        "checkpoint_mb_per_s": round(place.state_bytes / 1e6 / CHECKPOINT_EVERY_S, 2),
        "workers_are": "extrapolated from one process",
    }


def main() -> None:
    """Read the result of the benchmark and print a table."""
    figures = json.loads(Path(sys.argv[1]).read_text().strip().splitlines()[-1])
    rows = [needs(place, figures, together=n) for place in PLACES for n in ENVELOPE_BYTES]
    names = list(rows[0])
    print("| " + " | ".join(names) + " |")
    print("|" + "---|" * len(names))
    for row in rows:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")


if __name__ == "__main__":
    main()
