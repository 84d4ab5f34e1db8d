"""Sensors behind a gateway: samples in batches, each sent until it is taken.

``python -m tests.chaos.clients.sensors --run FOLDER --pack FOLDER --doors URL,URL --samples 1000``

The gateway knows from the city pack which of its samples cross which threshold, and so which
windows must become an alarm. Book: ``sensors.jsonl``, a line before the first byte of a batch
leaves and one for each answer.
"""

from __future__ import annotations

import asyncio
import csv
import json
import random
import time
import tomllib
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.chaos.clients import GATEWAY
from tests.chaos.clients.books import Book, read_keys
from tests.chaos.clients.door import Doors, Message, is_final
from tests.chaos.clients.program import Pace, Stop, arguments, doors, run
from tests.chaos.line import Answer

BATCH: Final = 250
BAD_SAMPLE: Final = 0.05
HANG_UP: Final = 0.05
RESEND: Final = 0.05
STORMY: Final = 0.3
"""So many windows of a device have samples beyond the threshold, and there half of them."""
MOST_WAITING: Final = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """A threshold on one property, as the pack writes it."""

    name: str
    above: float | None
    below: float | None
    window_ms: int

    def is_crossed(self, value: float) -> bool:
        """Whether the value lies beyond; the threshold itself does not."""
        if self.above is not None:
            return value > self.above
        return self.below is not None and value < self.below

    def window(self, device: str, at_ms: int) -> str:
        """The name of the window of a sample: ``device|rule|start``."""
        start_s = at_ms // self.window_ms * self.window_ms // 1000
        return f"{device}|{self.name}|{datetime.fromtimestamp(start_s, UTC).isoformat()}"


@dataclass(frozen=True, slots=True)
class Device:
    """A sensor of this gateway and the rules about what it measures."""

    code: str
    unit: str
    rules: Sequence[Rule]


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples as one request, and the windows in which some of them cross a threshold."""

    number: int
    message: Message
    samples: int
    bad: int
    over: Sequence[str]


def read_devices(pack: Path) -> list[Device]:
    """The devices of the pack that send through the gateway of the run."""
    told = tomllib.loads((pack / "sensor_rules.toml").read_text(encoding="utf-8"))
    with (pack / "sensors.csv").open(encoding="utf-8-sig", newline="") as file:
        return [
            Device(row["code"], row["unit"], list(_rules_on(row["property"], told["rule"])))
            for row in csv.DictReader(file)
            if row["source"] == GATEWAY
        ]


def _rules_on(measured: str, rules: Sequence[Mapping[str, Any]]) -> Iterator[Rule]:
    """The rules of the short form; of the others none opens a case by what is measured here."""
    for rule in rules:
        if rule.get("property") == measured and "window_minutes" in rule:
            window_ms = round(rule["window_minutes"] * 60_000)
            yield Rule(rule["name"], rule.get("above"), rule.get("below"), window_ms)


class Weather:
    """What the devices measure, by seed: in some windows the values go beyond a threshold."""

    def __init__(self, devices: Sequence[Device], seed: int) -> None:
        self._devices, self._seed = devices, seed
        self._rng = random.Random(seed)

    def samples(self, count: int, now_ms: int) -> Iterator[tuple[Device, int, float]]:
        """So many samples of the last second before *now_ms*: device, time, value."""
        for number in range(count):
            device = self._rng.choice(self._devices)
            at_ms = now_ms - 1000 + number * 1000 // count
            yield device, at_ms, self._value(device, at_ms)

    def _value(self, device: Device, at_ms: int) -> float:
        """Around the threshold of the first rule, beyond it only when its window is stormy."""
        if not device.rules:
            return round(self._rng.uniform(0, 10), 3)
        rule = device.rules[0]
        threshold = rule.above if rule.above is not None else rule.below or 0.0
        away = 0.01 + abs(threshold) * self._rng.uniform(0, 0.2)
        beyond = self._is_stormy(rule.window(device.code, at_ms)) and self._rng.random() < 0.5
        upwards = beyond == (rule.above is not None)
        return round(threshold + away if upwards else threshold - away, 3)

    def _is_stormy(self, window: str) -> bool:
        return random.Random(f"{self._seed}|{window}").random() < STORMY


class Gateway:
    """Sends what was measured, batch by batch, and knows what must come of it."""

    def __init__(self, folder: Path, key: str, ways: Doors, weather: Weather, seed: int) -> None:
        self._book = Book(folder / "sensors.jsonl")
        self._key, self._doors, self._weather = key, ways, weather
        self._rng = random.Random(seed)
        self._made = self._waiting = 0

    async def run(self, samples_per_s: int, stop: Stop) -> None:
        """Measure until asked to stop; then send what is left."""
        pace = Pace(stop)
        async with asyncio.TaskGroup() as sending:
            while not stop:
                sending.create_task(self._send(self._measure()))
                await pace.step(BATCH / samples_per_s)
                while self._waiting > MOST_WAITING and not stop:
                    await stop.pause(0.2)

    def _measure(self) -> Batch:
        measured = list(self._weather.samples(BATCH, time.time_ns() // 1_000_000))
        over = {
            rule.window(device.code, at_ms)
            for device, at_ms, value in measured
            for rule in device.rules
            if rule.is_crossed(value)
        }
        told = [
            {"device": device.code, "at": _rfc3339(at_ms), "value": value, "unit": device.unit}
            for device, at_ms, value in measured
        ]
        bad = int(self._rng.random() < BAD_SAMPLE)
        if bad:
            told.append({"device": "nobody", "at": _rfc3339(0), "value": 1.0})
        self._made += 1
        message = _message(self._key, told)
        return Batch(self._made, message, len(measured), bad, sorted(over))

    async def _send(self, batch: Batch) -> None:
        self._waiting += 1
        self._write(batch, None)
        if self._rng.random() < HANG_UP:
            await self._doors.hang_up(batch.message)
        await self._until_taken(batch)
        if self._rng.random() < RESEND:
            await self._until_taken(batch)
        self._waiting -= 1

    async def _until_taken(self, batch: Batch) -> None:
        while True:
            answer = await self._doors.ask(batch.message)
            if answer is not None and is_final(answer):
                self._write(batch, answer)
                return
            await asyncio.sleep(self._rng.uniform(0.2, 1.0))

    def _write(self, batch: Batch, answer: Answer | None) -> None:
        self._book.write(
            {
                "t": time.time(),
                "device": GATEWAY,
                "key": batch.number,
                "samples": batch.samples,
                "bad": batch.bad,
                "over": batch.over,
                "status": answer.status if answer else None,
                "refused": _refused(answer) if answer else None,
            }
        )


def _message(key: str, told: Sequence[Mapping[str, object]]) -> Message:
    headers = {"X-Api-Key": key, "Content-Type": "application/json"}
    return Message("POST", "/api/observations", headers, json.dumps({"samples": told}).encode())


def _refused(answer: Answer) -> int | None:
    """How many samples the door did not take; None when it took none at all."""
    return len(json.loads(answer.body)["errors"]) if answer.status == 202 else None


def _rfc3339(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms // 1000, UTC).replace(microsecond=at_ms % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds")


async def measure_all(given: Namespace, stop: Stop) -> None:
    """Be all sensors of a run until asked to stop."""
    ways = Doors(given.doors, random.Random(given.seed))
    weather = Weather(read_devices(given.pack), given.seed)
    key = read_keys(given.run)[GATEWAY]
    await Gateway(given.run, key, ways, weather, given.seed).run(given.samples, stop)


def main() -> None:
    """The command line."""
    parser = arguments("sensors")
    parser.add_argument("--doors", type=doors, required=True, help="URL,URL of the web processes")
    parser.add_argument("--pack", type=Path, required=True, help="folder of the city pack")
    parser.add_argument("--samples", type=int, default=1000, help="samples per second")
    given = parser.parse_args()
    run(lambda stop: measure_all(given, stop))


if __name__ == "__main__":
    main()
