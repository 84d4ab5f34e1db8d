"""Messages of sensors as a log would deliver them, and a watch that takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.database import Database
from app.sensing.watch import Watch
from app.worker_metrics import WorkerMetrics
from dispatch.rulebook import Rulebook
from dispatch.sensing.rules import SensorRules
from streams.batches import Message
from streams.observations import Columns, clock_mark, envelopes
from streams.ports import Record
from streams.topics import OBSERVATIONS
from tests.makers import NOON, rulebook

HOUR_MS = 3_600_000
NOON_MS = int(NOON.timestamp() * 1000)
AREA = b"990199001"
GROUP = "watchers"

LEVELS: Mapping[str, Any] = {
    "row": 2,
    "name": "river-rising",
    "property": "water_level",
    "unit": "m",
    "signal": "value",
    "steps": [
        {"level": 3, "side": "above", "limit": 3.5},
        {"level": 1, "side": "above", "limit": 5.0},
    ],
    "clear": {"side": "below", "limit": 3.0},
    "category": "01001",
    "condition": None,
    "text": {"zh": "水位上涨", "en": "The river rises"},
}
"""A rule with two levels and a bound of its own for its end."""


def rules_of(*rows: Mapping[str, Any]) -> Rulebook:
    """Littletown with these rules."""
    return rulebook(sensor_rules=SensorRules.of([*rows]))


SHORT = rulebook()
RISING = rules_of(LEVELS)


class Letters:
    """Keeps what was put away."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def carry(self, topic: str, records: Sequence[Record]) -> None:
        self.records += records


@dataclass
class Log:
    """One partition: gives each message the next offset."""

    partition: int = 0
    offset: int = 0
    written: float = NOON.timestamp() + 90 * 86_400
    messages: list[Message] = field(default_factory=list[Message])

    def bytes(self, value: bytes, key: bytes = AREA) -> Message:
        """Whatever somebody has written there."""
        message = Message(key, value, OBSERVATIONS, self.partition, self.offset, self.written)
        self.offset += 1
        self.messages.append(message)
        return message

    def samples(self, *told: tuple[float, float], device: str = "W1") -> Message:
        """An envelope of (hour after noon, value)."""
        at_ms = [NOON_MS + round(hour * HOUR_MS) for hour, _ in told]
        columns = Columns([device] * len(told), at_ms, [value for _, value in told])
        [envelope] = envelopes("device:meter-1", columns, NOON)
        return self.bytes(envelope)

    def mark(self, hour: float) -> Message:
        """A clock mark."""
        return self.bytes(clock_mark("test", NOON + timedelta(hours=hour)))


class Desk:
    """A watch with a clock that only the test moves, and rules that the test may change."""

    def __init__(
        self, database: Database, rules: Rulebook = SHORT, kept: timedelta = timedelta(0)
    ) -> None:
        self.rules, self.now_s = rules, 0.0
        self.letters, self.metrics = Letters(), WorkerMetrics()
        self.partitions = {(OBSERVATIONS, number) for number in range(12)}
        self.watch = Watch(
            database,
            self._rules,
            self.letters,
            self.metrics,
            group=GROUP,
            partitions=lambda: self.partitions,
            kept=kept,
            clock=lambda: self.now_s,
        )

    async def _rules(self) -> Rulebook:
        return self.rules

    async def keep(self, *messages: Message) -> None:
        """Take messages and write the checkpoint."""
        await self.watch.take(list(messages))
        await self.watch.keep()

    def figure(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)
