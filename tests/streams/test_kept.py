"""The loop that keeps now and then: nothing is acknowledged before it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from streams.batches import Message
from streams.kept import kept_batches


class FakeStream:
    """Yields the batches it was made with, each when the one before was taken."""

    def __init__(self, *given: Sequence[bytes], ends: bool = True) -> None:
        self.enable_acks = True
        self.acked: list[bytes] = []
        self._given, self._ends = given, ends

    async def noack_take(self, max_: int, within: float) -> AsyncIterator[list[Any]]:
        for values in self._given:
            yield [SimpleNamespace(message=Message(None, v, "t", 0, 0)) for v in values]
            await asyncio.sleep(0)
        if not self._ends:
            await asyncio.Event().wait()

    async def ack(self, event: Any) -> bool:
        self.acked.append(event.message.value)
        return True


class Desk:
    """Keeps when *due*; fails the first *away* times that it takes, and that it keeps."""

    def __init__(self, stream: FakeStream, *, due: bool = False, away: int = 0) -> None:
        self.taken: list[bytes] = []
        self.kept: list[list[bytes]] = []
        self.acked_too_soon = False
        self._stream, self._due = stream, due
        self._away = {"take": away, "keep": away}

    def _fail(self, what: str) -> None:
        if self._away[what]:
            self._away[what] -= 1
            raise OSError(what)

    async def take(self, messages: list[Message]) -> None:
        self._fail("take")
        self.taken += [message.value for message in messages]

    def is_due(self, held: int) -> bool:
        return self._due and held > 0

    async def keep(self) -> None:
        self._fail("keep")
        kept = [value for batch in self.kept for value in batch]
        self.acked_too_soon |= self._stream.acked != kept
        self.kept.append(self.taken[len(kept) :])


async def run(stream: FakeStream, desk: Desk, **more: Any) -> None:
    told: dict[str, Any] = {"most_held": 100, "look_s": 0.0, "first_pause_s": 0.0, **more}
    await kept_batches(stream, desk, **told)


async def test_everything_is_acknowledged_in_its_order_once_it_is_kept():
    stream = FakeStream([b"a", b"b"], [b"c"])
    desk = Desk(stream)

    await run(stream, desk)

    assert (desk.kept, stream.acked) == ([[b"a", b"b", b"c"]], [b"a", b"b", b"c"])
    assert not desk.acked_too_soon


async def test_what_was_taken_is_kept_when_due_though_nothing_more_comes():
    stream = FakeStream([b"a"], ends=False)
    desk = Desk(stream, due=True)

    running = asyncio.create_task(run(stream, desk))
    async with asyncio.timeout(10):
        while not stream.acked:
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])

    assert stream.acked == [b"a"]


async def test_no_more_is_taken_than_may_be_held():
    stream = FakeStream(*([value] for value in (b"a", b"b", b"c", b"d")))
    desk = Desk(stream)

    await run(stream, desk, most_held=2)

    assert [batch for batch in desk.kept if batch] == [[b"a", b"b"], [b"c", b"d"]]
    assert not desk.acked_too_soon


async def test_what_fails_is_tried_again_and_nothing_is_passed_over():
    stream = FakeStream([b"a"], [b"b"])
    desk = Desk(stream, away=3)

    await run(stream, desk)

    assert (desk.taken, stream.acked) == ([b"a", b"b"], [b"a", b"b"])


async def test_a_cancelled_loop_acknowledges_nothing_it_has_not_kept():
    stream = FakeStream([b"a"], ends=False)
    desk = Desk(stream)

    running = asyncio.create_task(run(stream, desk))
    async with asyncio.timeout(10):
        while not desk.taken:
            await asyncio.sleep(0)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert stream.acked == []
