"""What an embedded log is: topics of partitions of records, and groups that read them.

Offsets are dense and grow by one from 0 in each partition; whoever has read offset n will never
see a record appear below n. A place is (topic, partition number).
"""

import random
import zlib
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from streams.embedded.bell import Bell

MAX_VALUE_BYTES: Final = 1 << 20
"""The largest key or value a log takes, as with a Kafka broker left at its defaults."""

Place = tuple[str, int]


class Record(NamedTuple):
    """One record as read; *appended_at* is seconds since 1970, UTC."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    appended_at: float


class Entry(NamedTuple):
    """One record to append; the partition is *slot* modulo the topic's number of partitions."""

    slot: int
    key: bytes | None
    value: bytes


class Roll(NamedTuple):
    """A group at one moment: the topics each member reads, and whether all took note of it."""

    generation: int
    members: Mapping[str, Sequence[str]]
    agreed: bool


def slot_of(key: bytes | None) -> int:
    """Where records of *key* belong, the same in every process; without a key, anywhere."""
    return random.getrandbits(32) if key is None else zlib.crc32(key)


class Log(Protocol):
    """A log. Every coroutine may raise LogUnavailable, and may then be called again."""

    appended: Bell
    """Rings for a topic when records were appended."""

    regrouped: Bell
    """Rings for a group when members came or went."""

    async def open(self) -> None:
        """Begin to listen for news."""
        ...

    async def close(self) -> None:
        """Give back everything; the log cannot be used again through this object."""
        ...

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        """Create those of *topics* (name to number of partitions) that do not exist.

        Raises PartitionsFixed where one exists with another number of partitions.
        """
        ...

    async def partitions(self, topic: str) -> int:
        """Number of partitions of *topic*; raises UnknownTopic."""
        ...

    async def append(self, topic: str, entries: Sequence[Entry]) -> list[tuple[int, int]]:
        """Append *entries* in their order; gives (partition, offset) of each.

        Raises UnknownTopic, RecordTooLarge. After LogUnavailable they may be there or not.
        """
        ...

    async def read(self, positions: Mapping[Place, int], limit: int) -> list[Record]:
        """Up to *limit* records per place from its position on, offsets ascending per place."""
        ...

    async def bounds(self, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
        """First kept offset and next offset to be given, of each of *places*."""
        ...

    async def join(self, group: str, member: str, topics: Sequence[str], lease_s: float) -> None:
        """Enter *group*; it moves to its next generation."""
        ...

    async def beat(self, group: str, member: str, lease_s: float) -> int:
        """Renew the lease, put out members whose lease ran out; gives the generation.

        Raises Evicted when this member is among those put out.
        """
        ...

    async def take_note(self, group: str, member: str, generation: int) -> Roll:
        """Record that *member* has stopped all work of generations before *generation*."""
        ...

    async def claim(self, group: str, generation: int, places: Sequence[Place]) -> dict[Place, int]:
        """Take *places* over for *generation*; gives the offset each resumes from.

        From here on no earlier generation can commit them. Raises Fenced when the group has
        moved on, UnknownTopic for a place that does not exist.
        """
        ...

    async def commit(self, group: str, generation: int, offsets: Mapping[Place, int]) -> None:
        """Resume from *offsets* next time. Raises Fenced for those of a later generation."""
        ...

    async def leave(self, group: str, member: str) -> None:
        """Leave *group*; it moves to its next generation. Nothing happens if not in it."""
        ...


class LogTransport(Protocol):
    """What connects a Faust app to a log, as its consumers and producers need it."""

    log: Log
