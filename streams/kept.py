"""The loop of an agent that works in memory, and keeps what came of it now and then.

What was taken counts as handled only once it was kept: until then nothing of it is acknowledged,
and whoever gets the partition next is given it again. As with `streams.batches`, nothing leaves the
loop but cancellation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog

from streams.batches import FIRST_PAUSE_S, LONGEST_PAUSE_S, BatchStream, Message, message_of

SIZE: Final = 1000
"""Most messages taken at once."""

WITHIN_S: Final = 0.1
"""So long messages gather: judging many together costs little more than judging a few."""

_LOOK_S: Final = 0.1

_log: Final = structlog.stdlib.get_logger(__name__)


class Keeper(Protocol):
    """Takes messages into memory; what it raises is tried again until it passes."""

    async def take(self, messages: list[Message]) -> None:
        """Take messages in, or skip those it knows; called again with the same after an error."""
        ...

    def is_due(self, held: int) -> bool:
        """Whether it is time to keep what was taken; *held* messages wait for that."""
        ...

    async def keep(self) -> None:
        """Make everything that was taken lasting, in one transaction per partition."""
        ...


async def kept_batches(
    stream: BatchStream,
    keeper: Keeper,
    *,
    most_held: int,
    size: int = SIZE,
    within_s: float = WITHIN_S,
    look_s: float = _LOOK_S,
    first_pause_s: float = FIRST_PAUSE_S,
    on_turn: Callable[[], object] = lambda: None,
) -> None:
    """Hand every batch of *stream* to *keeper*, and acknowledge it once *keeper* has kept it.

    It is asked every *look_s* seconds whether that is due. With *most_held* messages taken and not
    kept no more are taken: then the log, and whoever writes to it, waits for the keeping. What the
    keeper raises is tried again after a pause, which doubles from *first_pause_s* to
    LONGEST_PAUSE_S. *on_turn* is called before each attempt. What is left at the end of the stream
    is kept; after a cancellation it is delivered again.
    """
    held = _Held(stream, keeper, on_turn, first_pause_s)
    stream.enable_acks = False  # Faust puts it back to what it was when the loop is cancelled
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(held.keep_when_due(look_s))
        async for events in stream.noack_take(size, within=within_s):
            await held.take(list(events))
            if len(held.events) >= most_held:
                await held.keep()
        await held.keep()
        keeping.cancel()


@dataclass(slots=True)
class _Held:
    """The events that were taken and are not kept yet; one at a time takes or keeps."""

    stream: BatchStream
    keeper: Keeper
    on_turn: Callable[[], object]
    first_pause_s: float
    events: list[Any] = field(default_factory=list[Any])
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def take(self, events: list[Any]) -> None:
        async with self._turn:
            messages = [message_of(event) for event in events]
            await self._patiently(lambda: self.keeper.take(messages))
            self.events += events

    async def keep(self) -> None:
        async with self._turn:
            await self._patiently(self.keeper.keep)
            kept, self.events = self.events, []
            for event in kept:
                await self.stream.ack(event)

    async def keep_when_due(self, look_s: float) -> None:
        while True:
            await asyncio.sleep(look_s)
            if self.keeper.is_due(len(self.events)):
                await self.keep()

    async def _patiently(self, act: Callable[[], Awaitable[object]]) -> None:
        pause_s = self.first_pause_s
        while True:
            self.on_turn()
            try:
                await act()
                return
            except Exception as err:
                _log.warning("will be tried again", pause_s=pause_s, error=repr(err))
            await asyncio.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
