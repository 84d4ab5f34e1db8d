"""The agent of samples on each of the three engines, through the topic as it really is.

The watch behind it, with its checkpoints in PostgreSQL, is tested in `tests.app.sensing`; here a
keeper in memory shows what the loop and the engines promise it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from streams.agents import add_observations_agent
from streams.batches import Message
from streams.engine import StreamApp
from streams.observations import Columns, envelopes, read_envelope
from streams.ports import Record
from streams.topics import OBSERVATIONS, PARTITIONS
from streams.wire import BadMessage
from tests.contract.conftest import Place
from tests.contract.reading import Unreachable, app_of
from tests.contract.waiting import until
from tests.makers import NOON


class Desk:
    """Keeps the values of one device, in order of the log; is away for the first *away* tries.

    *open* says whether it keeps at all: until then everything is only in memory.
    """

    def __init__(self, device: str, *, away: int = 0, open_: bool = True) -> None:
        self.device, self._away, self.open = device, away, open_
        self.taken: list[float] = []
        self.kept: list[float] = []
        self.messages: list[Message] = []

    async def take(self, messages: list[Message]) -> None:
        mine: list[float] = []
        for message in messages:
            try:
                told = read_envelope(message.value)
            except BadMessage:
                continue
            mine += [
                value
                for device, value in zip(told.devices, told.values.tolist(), strict=True)
                if device == self.device
            ]
        if mine and self._away:
            self._away -= 1
            raise Unreachable
        self.taken += mine
        self.messages += messages

    def is_due(self, held: int) -> bool:
        return self.open and held > 0

    async def keep(self) -> None:
        if not self.open:
            raise Unreachable
        self.kept = list(self.taken)


@asynccontextmanager
async def watching(
    place: Place, folder: Path, desk: Desk, *, most_held: int = 1000
) -> AsyncIterator[StreamApp]:
    """The agent at work, as a member of the place's group."""
    app = app_of(place, folder)
    add_observations_agent(app, desk, most_held=most_held)
    app.loop = asyncio.get_running_loop()
    app.finalize()
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


@pytest.fixture
def device() -> str:
    """A device no other test has: the topic of a real broker is shared by all of them."""
    return f"W-{uuid4().hex}"


def packed(device: str, values: Sequence[float]) -> list[Record]:
    columns = Columns([device] * len(values), list(range(len(values))), list(values))
    return [(b"990199001", message) for message in envelopes("device:1", columns, NOON)]


async def test_samples_of_an_area_arrive_in_their_order_each_with_its_time(
    place: Place, tmp_path: Path, device: str
) -> None:
    values = [float(n) for n in range(333)]
    await place.engine.create_topics({OBSERVATIONS: PARTITIONS[OBSERVATIONS]})
    await place.engine.produce(OBSERVATIONS, packed(device, values))
    desk = Desk(device)

    async with watching(place, tmp_path, desk):
        await until(lambda: len(desk.kept) >= len(values), what="all samples")

    assert desk.kept == values
    assert min(message.timestamp for message in desk.messages) > 1_700_000_000


async def test_samples_wait_for_a_database_that_is_away(
    place: Place, tmp_path: Path, device: str
) -> None:
    await place.engine.create_topics({OBSERVATIONS: PARTITIONS[OBSERVATIONS]})
    await place.engine.produce(OBSERVATIONS, packed(device, [1.0, 2.0]))
    desk = Desk(device, away=3)

    async with watching(place, tmp_path, desk):
        await until(lambda: desk.kept, what="the samples")

    assert desk.kept == [1.0, 2.0]


async def test_what_was_taken_and_not_kept_is_given_to_whoever_comes_next(
    place: Place, tmp_path: Path, device: str
) -> None:
    await place.engine.create_topics({OBSERVATIONS: PARTITIONS[OBSERVATIONS]})
    await place.engine.produce(OBSERVATIONS, packed(device, [1.0]))
    first, second = Desk(device, open_=False), Desk(device)
    async with watching(place, tmp_path / "1", first):
        await until(lambda: first.taken, what="the samples in memory")
        await asyncio.sleep(0)

    async with watching(place, tmp_path / "2", second):
        await until(lambda: second.kept, what="the samples again")

    assert (first.kept, second.kept) == ([], [1.0])


async def test_what_was_kept_is_not_given_again(place: Place, tmp_path: Path, device: str) -> None:
    await place.engine.create_topics({OBSERVATIONS: PARTITIONS[OBSERVATIONS]})
    await place.engine.produce(OBSERVATIONS, packed(device, [1.0]))
    first, second = Desk(device), Desk(device)
    async with watching(place, tmp_path / "1", first) as app:
        await until(lambda: first.kept and app.lag() == 0, what="the commit")

    await place.engine.produce(OBSERVATIONS, packed(device, [2.0]))
    async with watching(place, tmp_path / "2", second):
        await until(lambda: second.kept, what="the next sample")

    assert second.taken == [2.0]
