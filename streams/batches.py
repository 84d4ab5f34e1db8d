"""The loop of an agent: batches in, and no exception out.

Faust acknowledges and skips what an agent was handling when it raised or was cancelled, and more
than that. So nothing may leave this loop: what may pass by itself is tried again, what will never
work is found by halving and handed to whoever keeps the dead letters. And Faust acknowledges
nothing here: the loop does, batch by batch, once a batch is settled.
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import structlog

FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 1.0

_log: Final = structlog.stdlib.get_logger(__name__)


class Message(NamedTuple):
    """One message as the log delivered it; *timestamp* is when that got it, in s since 1970."""

    key: bytes | None
    value: bytes
    topic: str
    partition: int
    offset: int
    timestamp: float = 0.0


Handle = Callable[[list[Message]], Awaitable[object]]
OnPoison = Callable[[Message, Exception], Awaitable[object]]


class BatchStream(Protocol):
    """What is needed of a Faust stream over a topic of raw bytes."""

    enable_acks: bool

    def noack_take(self, max_: int, within: float) -> AsyncIterable[Sequence[Any]]:
        """Up to *max_* events at a time, or what came within *within* seconds."""
        ...

    async def ack(self, event: Any) -> bool:
        """Count *event* as handled."""
        ...


async def batches(
    stream: BatchStream,
    *,
    handle: Handle,
    on_poison: OnPoison,
    transient: tuple[type[Exception], ...],
    size: int = 500,
    within_s: float = 0.02,
    first_pause_s: float = FIRST_PAUSE_S,
    on_turn: Callable[[], object] = lambda: None,
) -> None:
    """Hand every batch of *stream* to *handle*, in order, until the stream ends.

    When *handle* raises one of *transient*, or a group of nothing else, the same batch is handed
    over again after a pause, which doubles from *first_pause_s* to LONGEST_PAUSE_S. When it raises
    anything else the batch is halved until the messages that cannot be handled are alone, each of
    which goes to *on_poison* with its exception; what *handle* did for a batch that raised must
    have left no trace (one transaction per call). *on_poison* is tried until it succeeds, for a
    message given up without a trace would be lost. *on_turn* is called before each attempt. Only
    cancellation leaves.
    """
    loop = _Loop(handle, on_poison, transient, on_turn, first_pause_s)
    stream.enable_acks = False  # Faust puts it back to what it was when the loop is cancelled
    async for events in stream.noack_take(size, within=within_s):
        await loop.settle([message_of(event) for event in events])
        for event in events:
            await stream.ack(event)


def message_of(event: Any) -> Message:
    """The message of a Faust event."""
    raw = event.message
    return Message(raw.key, raw.value, raw.topic, raw.partition, raw.offset, raw.timestamp)


class _Loop(NamedTuple):
    handle: Handle
    on_poison: OnPoison
    transient: tuple[type[Exception], ...]
    on_turn: Callable[[], object]
    first_pause_s: float

    async def settle(self, messages: list[Message]) -> None:
        """Return when each of *messages* was handled or put away as poison."""
        try:
            await self._patiently(lambda: self.handle(messages), self.transient)
        except Exception as err:
            await self._narrow(messages, err)

    async def _narrow(self, messages: list[Message], err: Exception) -> None:
        if len(messages) > 1:
            middle = len(messages) // 2
            await self.settle(messages[:middle])
            await self.settle(messages[middle:])
            return
        (message,) = messages
        _log.warning("message cannot be handled", **_where(message), error=repr(err))
        await self._patiently(lambda: self.on_poison(message, err), (Exception,))

    async def _patiently(
        self, act: Callable[[], Awaitable[object]], transient: tuple[type[Exception], ...]
    ) -> None:
        pause_s = self.first_pause_s
        while True:
            self.on_turn()
            try:
                await act()
                return
            except Exception as err:
                if not _passes(err, transient):
                    raise
                _log.warning("batch will be tried again", pause_s=pause_s, error=repr(err))
            await asyncio.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)


def _passes(err: Exception, transient: tuple[type[Exception], ...]) -> bool:
    """Whether *err*, or everything in it if it is a group, is one of *transient*."""
    if isinstance(err, ExceptionGroup):
        return err.split(transient)[1] is None
    return isinstance(err, transient)


def _where(message: Message) -> dict[str, object]:
    return {"topic": message.topic, "partition": message.partition, "offset": message.offset}
