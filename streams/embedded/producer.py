"""The producer that Faust sees: gathers what is sent meanwhile into one append."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, NamedTuple, cast

from faust.exceptions import ProducerSendError
from faust.transport.producer import Producer
from faust.types import TP, RecordMetadata
from faust.types.core import HeadersArg
from mode import Service

from streams.embedded.errors import LogError, LogUnavailable, NotSupported
from streams.embedded.log import Entry, Log, LogTransport, slot_of

RETRY_S: Final = 0.25
BATCH: Final = 500
"""Records of one topic in one append at most."""
WAITING: Final = 10_000
"""Records waiting to be appended at most; then sending waits."""


class _Letter(NamedTuple):
    topic: str
    entry: Entry
    receipt: asyncio.Future[RecordMetadata]


class EmbeddedProducer(Producer):
    """Appends to an embedded log, at least once, in the order sent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._log: Log = cast(LogTransport, self.transport).log
        self._letters: asyncio.Queue[_Letter] = asyncio.Queue(WAITING)

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: HeadersArg | None,
        *,
        transactional_id: str | None = None,
    ) -> Awaitable[RecordMetadata]:
        """Hand in one record; await what it gives to know where it landed.

        The time of a record is that of appending, *timestamp* is not kept. Raises NotSupported
        for headers and for a record without a value.
        """
        if headers:
            raise NotSupported("headers", "put them into the value")
        if value is None:
            raise NotSupported("records without a value", "send empty bytes")
        slot = slot_of(key) if partition is None else partition
        receipt: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        await self._letters.put(_Letter(topic, Entry(slot, key, value), receipt))
        return receipt

    async def send_and_wait(self, *args: Any, **kwargs: Any) -> RecordMetadata:
        """Hand in one record as with `send` and wait until it is appended."""
        return await (await self.send(*args, **kwargs))

    async def flush(self) -> None:
        """Wait until everything handed in was appended or given up."""
        await self.buffer.flush()
        await self._letters.join()

    async def on_stop(self) -> None:
        """Append what is left."""
        await self.flush()

    async def on_shutdown(self) -> None:
        """Close the log, which the consumer, if there was one, has closed before."""
        await self._log.close()

    @Service.task
    async def _append_for_ever(self) -> None:
        while True:
            letters = [await self._letters.get()]
            while len(letters) < BATCH and not self._letters.empty():
                letters.append(self._letters.get_nowait())
            for topic in dict.fromkeys(letter.topic for letter in letters):
                await self._deliver(topic, [x for x in letters if x.topic == topic])
            for _ in letters:
                self._letters.task_done()

    async def _deliver(self, topic: str, letters: list[_Letter]) -> None:
        try:
            async with asyncio.timeout(self.request_timeout):
                landed = await self._appended(topic, [letter.entry for letter in letters])
        except (TimeoutError, LogError) as err:
            failure = ProducerSendError(f"cannot append to {topic!r}: {err or 'timed out'}")
            failure.__cause__ = err
            for letter in letters:
                if not letter.receipt.done():
                    letter.receipt.set_exception(failure)
            return
        for letter, (partition, offset) in zip(letters, landed, strict=True):
            if not letter.receipt.done():
                letter.receipt.set_result(
                    RecordMetadata(topic, partition, TP(topic, partition), offset, None, 1)
                )

    async def _appended(self, topic: str, entries: list[Entry]) -> list[tuple[int, int]]:
        while True:
            try:
                return await self._log.append(topic, entries)
            except LogUnavailable as err:
                self.log.warning("cannot append yet: %s", err)
                await asyncio.sleep(RETRY_S)

    def key_partition(self, topic: str, key: bytes) -> TP:
        """Not to be known without asking the log."""
        raise NotSupported("partition of a key before sending", "read it from the receipt")

    async def create_topic(self, topic: str, partitions: int, replication: int, **_: Any) -> None:
        """Create *topic* unless it exists."""
        await self._log.create_topics({topic: partitions})
