"""The agent of samples on each of the three engines, through the topic as it really is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from dispatch.sensing.sensors import Samples
from streams.agents import add_observations_agent
from streams.observations import Columns, envelopes
from streams.ports import Record
from streams.topics import OBSERVATIONS, PARTITIONS
from tests.contract.conftest import Place
from tests.contract.reading import Unreachable, app_of
from tests.contract.waiting import until
from tests.makers import NOON


class Judge:
    """Keeps the samples of one device; is away for its first *away* batches."""

    def __init__(self, device: str, *, away: int = 0) -> None:
        self.device, self._away = device, away
        self.values: list[float] = []

    async def judge(self, batch: Sequence[Samples]) -> None:
        samples = Samples.joined(batch)
        mine = [n for n, device in enumerate(samples.devices) if device == self.device]
        if mine and self._away:
            self._away -= 1
            raise Unreachable
        self.values += samples.values[mine].tolist()


class Letters:
    """Keeps what was put away."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    async def carry(self, topic: str, records: Sequence[Record]) -> None:
        self.values += [value for _, value in records]


@asynccontextmanager
async def judging(
    place: Place, folder: Path, judge: Judge, letters: Letters
) -> AsyncIterator[None]:
    """The agent at work, as a group of its own."""
    app = app_of(place, folder)
    add_observations_agent(app, judge.judge, letters, transient=(Unreachable,))
    app.loop = asyncio.get_running_loop()
    app.finalize()
    await app.start()
    try:
        yield
    finally:
        await app.stop()


@pytest.fixture
def device() -> str:
    """A device no other test has: the topic of a real broker is shared by all of them."""
    return f"W-{uuid4().hex}"


def packed(device: str, values: Sequence[float]) -> list[Record]:
    columns = Columns([device] * len(values), list(range(len(values))), list(values))
    return [(b"990199001", message) for message in envelopes("device:1", columns, NOON)]


async def test_samples_of_an_area_arrive_in_their_order(
    place: Place, tmp_path: Path, device: str
) -> None:
    values = [float(n) for n in range(333)]
    await place.engine.create_topics({OBSERVATIONS: PARTITIONS[OBSERVATIONS]})
    await place.engine.produce(OBSERVATIONS, packed(device, values))
    judge = Judge(device)

    async with judging(place, tmp_path, judge, Letters()):
        await until(lambda: len(judge.values) >= len(values), what="all samples")

    assert judge.values == values


async def test_bytes_that_are_no_envelope_are_put_away_and_hold_up_nothing(
    place: Place, tmp_path: Path, device: str
) -> None:
    bad = f"no envelope {device}".encode()
    first, second = packed(device, [1.0]), packed(device, [2.0])
    await place.engine.create_topics({OBSERVATIONS: PARTITIONS[OBSERVATIONS]})
    await place.engine.produce(OBSERVATIONS, [*first, (b"990199001", bad), *second])
    judge, letters = Judge(device), Letters()

    async with judging(place, tmp_path, judge, letters):
        await until(lambda: len(judge.values) == 2, what="the good samples")

    assert judge.values == [1.0, 2.0]
    assert bad in letters.values


async def test_samples_wait_for_a_database_that_is_away(
    place: Place, tmp_path: Path, device: str
) -> None:
    await place.engine.create_topics({OBSERVATIONS: PARTITIONS[OBSERVATIONS]})
    await place.engine.produce(OBSERVATIONS, packed(device, [1.0, 2.0]))
    judge, letters = Judge(device, away=3), Letters()

    async with judging(place, tmp_path, judge, letters):
        await until(lambda: judge.values, what="the samples")

    assert judge.values == [1.0, 2.0]
