"""The embedded log in this process's memory, for tests: nothing is kept when the process ends."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streams.embedded.bell import Bell
from streams.embedded.errors import (
    Evicted,
    Fenced,
    PartitionsFixed,
    RecordTooLarge,
    UnknownTopic,
)
from streams.embedded.log import MAX_VALUE_BYTES, Entry, Place, Record, Roll


@dataclass
class _Seat:
    topics: Sequence[str]
    lease_until: float
    noted: int = 0


@dataclass
class _Group:
    generation: int = 0
    members: dict[str, _Seat] = field(default_factory=dict[str, _Seat])
    committed: dict[Place, int] = field(default_factory=dict[Place, int])
    claimed: dict[Place, int] = field(default_factory=dict[Place, int])


class MemoryLog:
    """A log that all who hold the object share."""

    def __init__(self) -> None:
        self.appended, self.regrouped = Bell(), Bell()
        self._topics: dict[str, list[list[Record]]] = {}
        self._groups: defaultdict[str, _Group] = defaultdict(_Group)

    async def open(self) -> None:
        """Nothing to do: news travels by itself."""

    async def close(self) -> None:
        """Nothing to do: the records stay for the next who opens it."""

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        """Create those of *topics* that do not exist; raises PartitionsFixed."""
        for topic, wanted in topics.items():
            has = len(self._topics.setdefault(topic, [[] for _ in range(wanted)]))
            if has != wanted:
                raise PartitionsFixed(topic, has, wanted)

    async def partitions(self, topic: str) -> int:
        """Number of partitions of *topic*; raises UnknownTopic."""
        return len(self._partitions(topic))

    async def append(self, topic: str, entries: Sequence[Entry]) -> list[tuple[int, int]]:
        """Append *entries*; raises UnknownTopic, RecordTooLarge."""
        partitions = self._partitions(topic)
        for entry in entries:
            size = max(len(entry.key or b""), len(entry.value))
            if size > MAX_VALUE_BYTES:
                raise RecordTooLarge(topic, size, MAX_VALUE_BYTES)
        written: list[tuple[int, int]] = []
        for slot, key, value in entries:
            number = slot % len(partitions)
            offset = len(partitions[number])
            partitions[number].append(Record(topic, number, offset, key, value, time.time()))
            written.append((number, offset))
        self.appended.ring(topic)
        return written

    async def read(self, positions: Mapping[Place, int], limit: int) -> list[Record]:
        """Up to *limit* records of each place from its position on."""
        return [
            record
            for (topic, number), position in positions.items()
            for record in self._topics[topic][number][position : position + limit]
        ]

    async def bounds(self, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
        """0 and the next offset of each of *places*."""
        return {(topic, number): (0, len(self._topics[topic][number])) for topic, number in places}

    async def join(self, group: str, member: str, topics: Sequence[str], lease_s: float) -> None:
        """Enter *group*; it moves to its next generation."""
        until = time.monotonic() + lease_s
        self._groups[group].members[member] = _Seat(tuple(topics), until)
        self._regroup(group)

    async def beat(self, group: str, member: str, lease_s: float) -> int:
        """Renew the lease, put out those whose lease ran out; gives the generation."""
        now = time.monotonic()
        self._seat(group, member).lease_until = now + lease_s
        members = self._groups[group].members
        gone = [name for name, seat in members.items() if seat.lease_until < now]
        for name in gone:
            del members[name]
        if gone:
            self._regroup(group)
        return self._groups[group].generation

    async def take_note(self, group: str, member: str, generation: int) -> Roll:
        """Record that *member* stopped all work of generations before *generation*."""
        seat = self._seat(group, member)
        if seat.noted < generation:
            seat.noted = generation
            self.regrouped.ring(group)
        current = self._groups[group]
        return Roll(
            current.generation,
            {name: seat.topics for name, seat in sorted(current.members.items())},
            all(seat.noted >= current.generation for seat in current.members.values()),
        )

    async def claim(self, group: str, generation: int, places: Sequence[Place]) -> dict[Place, int]:
        """Take *places* over for *generation*; raises Fenced, UnknownTopic."""
        current = self._groups[group]
        if current.generation != generation:
            raise Fenced(group, generation, places)
        for topic, _ in places:
            self._partitions(topic)
        current.claimed.update(dict.fromkeys(places, generation))
        return {place: current.committed.setdefault(place, 0) for place in places}

    async def commit(self, group: str, generation: int, offsets: Mapping[Place, int]) -> None:
        """Resume from *offsets* next time; raises Fenced."""
        current = self._groups[group]
        fenced = {place for place in offsets if current.claimed.get(place) != generation}
        current.committed.update(
            {place: offset for place, offset in offsets.items() if place not in fenced}
        )
        if fenced:
            raise Fenced(group, generation, fenced)

    async def leave(self, group: str, member: str) -> None:
        """Leave *group*; it moves to its next generation."""
        if self._groups[group].members.pop(member, None) is not None:
            self._regroup(group)

    def forget_group(self, group: str) -> None:
        """Forget a group and its offsets; if it comes back it reads everything."""
        self._groups.pop(group, None)

    def _partitions(self, topic: str) -> list[list[Record]]:
        try:
            return self._topics[topic]
        except KeyError:
            raise UnknownTopic(topic) from None

    def _seat(self, group: str, member: str) -> _Seat:
        try:
            return self._groups[group].members[member]
        except KeyError:
            raise Evicted(group, member) from None

    def _regroup(self, group: str) -> None:
        self._groups[group].generation += 1
        self.regrouped.ring(group)


_logs: defaultdict[str, MemoryLog] = defaultdict(MemoryLog)


def memory_log(name: str) -> MemoryLog:
    """The log of that name; every app of this process that asks for it shares it."""
    return _logs[name]


def forget_memory_log(name: str) -> None:
    """Let go of the log of that name; the next who asks gets an empty one."""
    _logs.pop(name, None)
