"""Phones of citizens and inspectors: many reports, bad lines, and no report ever given up.

``python -m tests.chaos.clients.phones --run FOLDER --doors URL,URL --rate 30 --seed N``

A report whose answer did not come is sent again, with the same key and bytes, to any door, until
there is one. Books: ``planned.jsonl`` before the first byte leaves, ``phones.jsonl`` per attempt,
``photos.jsonl``, ``malformed.jsonl``.
"""

from __future__ import annotations

import asyncio
import random
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.chaos.clients import DEVICES, INSPECTOR, PORTAL, SCREEN
from tests.chaos.clients.books import Book, read_keys
from tests.chaos.clients.door import Doors
from tests.chaos.clients.malformed import spoil
from tests.chaos.clients.program import Pace, Stop, arguments, doors, run, unless_stopped
from tests.chaos.clients.reports import City, Report, Spot, beside, hours_ago, make_report
from tests.chaos.clients.sending import Sender

SOURCES: Final = (PORTAL, *DEVICES, INSPECTOR)
LATE: Final = 0.04
MALFORMED: Final = 0.03
BURST: Final = 0.04
MOST_UNANSWERED: Final = 3_000


class Phones:
    """All phones of a run: when they report, and what."""

    def __init__(
        self, folder: Path, keys: Mapping[str, str], city: City, sender: Sender, rng: random.Random
    ) -> None:
        self._keys, self._city, self._sender, self._rng = keys, city, sender, rng
        self._planned = Book(folder / "planned.jsonl")
        self._sequence: Counter[str] = Counter()
        self._unanswered = 0

    async def run(self, rate: float, stop: Stop) -> None:
        """Report *rate* times a second on average until asked to stop; then finish."""
        pace = Pace(stop)
        async with asyncio.TaskGroup() as sending:
            while not stop:
                works = self._somebody_reports(stop)
                for work in works:
                    sending.create_task(self._counted(work))
                await pace.step(len(works) * self._rng.expovariate(rate))
                while self._unanswered > MOST_UNANSWERED and not stop:
                    await stop.pause(0.2)

    async def _counted(self, work: Coroutine[Any, Any, None]) -> None:
        self._unanswered += 1
        await work
        self._unanswered -= 1

    def _somebody_reports(self, stop: Stop) -> list[Coroutine[Any, Any, None]]:
        """One report, or several from one place, each to be sent."""
        spot, what = self._city.spot(self._rng), self._rng.random()
        if what < MALFORMED:
            spoilt = spoil(self._made(INSPECTOR, spot), self._rng)
            return [self._sender.send_malformed(INSPECTOR, spoilt)]
        if what >= MALFORMED + BURST:
            return [self._sender.send(self._plan(spot), stop)]
        seen = [beside(spot, self._rng) for _ in range(self._rng.randint(3, 8))]
        return [self._sender.send(self._plan(one), stop) for one in seen]

    def _plan(self, spot: Spot) -> Report:
        """A report in the queue of a phone, written down before anything is sent."""
        source = self._rng.choice(SOURCES)
        device_seq = None
        if source in DEVICES:
            self._sequence[source] += 1
            device_seq = self._sequence[source]
        report = self._made(source, spot, device_seq)
        self._planned.write(
            {
                "t": time.time(),
                "source": source,
                "key": report.key,
                "body": report.sha256,
                "device_seq": device_seq,
            }
        )
        return report

    def _made(self, source: str, spot: Spot, device_seq: int | None = None) -> Report:
        late = hours_ago(datetime.now(UTC), self._rng) if self._rng.random() < LATE else None
        secret = self._keys[source]
        return make_report(source, secret, spot, self._rng, device_seq=device_seq, happened_at=late)


async def learn_city(ways: Doors, key: str, seed: int) -> City:
    """The city as the doors tell it."""
    catalogue = await ways.fetch("/api/catalogue", key)
    told = await ways.fetch("/api/map/city", key)
    codes = [one["code"] for one in catalogue["categories"]]
    return City.of(told["city"]["bbox"], codes, seed)


async def report_all(given: Namespace, stop: Stop) -> None:
    """Be all phones of a run until asked to stop."""
    rng, keys = random.Random(given.seed), read_keys(given.run)
    ways = Doors(given.doors, rng)
    city = await unless_stopped(stop, learn_city(ways, keys[SCREEN], given.seed))
    if city is None:
        return
    sender = Sender(given.run, keys, ways, rng)
    await Phones(given.run, keys, city, sender, rng).run(given.rate, stop)


def main() -> None:
    """The command line."""
    parser = arguments("phones")
    parser.add_argument("--doors", type=doors, required=True, help="URL,URL of the web processes")
    parser.add_argument("--rate", type=float, default=30.0, help="reports per second")
    given = parser.parse_args()
    run(lambda stop: report_all(given, stop))


if __name__ == "__main__":
    main()
