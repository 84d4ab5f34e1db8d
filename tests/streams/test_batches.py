"""The loop of an agent: nothing leaves it, nothing is acknowledged before it is settled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.batches import Message, batches


class Away(Exception):
    """Passes by itself."""


class FakeStream:
    """Yields the batches it was made with."""

    def __init__(self, *given: Sequence[bytes]) -> None:
        self.enable_acks = True
        self.acked: list[bytes] = []
        self._given = given

    async def noack_take(self, max_: int, within: float) -> AsyncIterator[list[Any]]:
        for values in self._given:
            yield [SimpleNamespace(message=Message(None, v, "t", 0, 0)) for v in values]

    async def ack(self, event: Any) -> bool:
        self.acked.append(event.message.value)
        return True


class Desk:
    """Handles whatever does not begin with "bad"; is away the first *away* times."""

    def __init__(self, *, away: int = 0) -> None:
        self.done: list[bytes] = []
        self.poisoned: list[bytes] = []
        self.calls = 0
        self._away = away

    async def handle(self, messages: list[Message]) -> None:
        self.calls += 1
        if self.calls <= self._away:
            raise Away
        if any(message.value.startswith(b"bad") for message in messages):
            raise ValueError
        self.done += [message.value for message in messages]

    async def on_poison(self, message: Message, err: Exception) -> None:
        assert isinstance(err, ValueError)
        self.poisoned.append(message.value)


async def run(stream: FakeStream, desk: Desk, **more: Any) -> None:
    await batches(stream, handle=desk.handle, on_poison=desk.on_poison, transient=(Away,), **more)


@given(st.lists(st.lists(st.sampled_from([b"good", b"bad"]), min_size=1, max_size=20)))
def test_every_message_is_handled_or_put_away_exactly_once_and_then_acknowledged(
    given: list[list[bytes]],
) -> None:
    numbered = [[b"%s-%d-%d" % (v, i, j) for j, v in enumerate(b)] for i, b in enumerate(given)]
    stream, desk = FakeStream(*numbered), Desk()

    asyncio.run(run(stream, desk))

    everything = [value for batch in numbered for value in batch]
    assert desk.done == [value for value in everything if value.startswith(b"good")]
    assert desk.poisoned == [value for value in everything if value.startswith(b"bad")]
    assert stream.acked == everything


async def test_one_bad_message_of_many_is_found_in_few_calls() -> None:
    stream, desk = FakeStream([b"good"] * 300 + [b"bad"] + [b"good"] * 211), Desk()

    await run(stream, desk)

    assert desk.poisoned == [b"bad"]
    assert desk.calls <= 2 * 9 + 1


async def test_what_passes_by_itself_is_tried_again_and_every_attempt_counts_as_a_turn() -> None:
    stream, desk, turns = FakeStream([b"good"]), Desk(away=5), []

    await run(stream, desk, on_turn=lambda: turns.append(1))

    assert (desk.done, len(turns)) == ([b"good"], 6)


async def test_a_group_of_what_passes_by_itself_passes_and_a_mixed_one_does_not() -> None:
    raised = [
        ExceptionGroup("both away", [Away(), ExceptionGroup("inner", [Away()])]),
        ExceptionGroup("one is a bug", [Away(), ValueError()]),
    ]

    class Grouped(Desk):
        async def handle(self, messages: list[Message]) -> None:
            if raised:
                raise raised.pop(0)
            await super().handle(messages)

        async def on_poison(self, message: Message, err: Exception) -> None:
            self.poisoned.append(message.value)

    stream, desk = FakeStream([b"first"], [b"second"]), Grouped()
    await run(stream, desk)

    assert desk.poisoned == [b"first"]
    assert desk.done == [b"second"]


async def test_putting_away_is_tried_until_it_succeeds() -> None:
    class Clumsy(Desk):
        drops = 3

        async def on_poison(self, message: Message, err: Exception) -> None:
            self.drops -= 1
            if self.drops:
                raise RuntimeError("no room")
            await super().on_poison(message, err)

    stream, desk = FakeStream([b"bad"]), Clumsy()
    await run(stream, desk)

    assert desk.poisoned == [b"bad"]
    assert stream.acked == [b"bad"]


async def test_a_batch_that_is_cancelled_is_not_acknowledged() -> None:
    begun = asyncio.Event()

    class Slow(Desk):
        async def handle(self, messages: list[Message]) -> None:
            begun.set()
            await asyncio.Event().wait()

    stream = FakeStream([b"good"])
    task = asyncio.create_task(run(stream, Slow()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert stream.acked == []
    assert stream.enable_acks is False
