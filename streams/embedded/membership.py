"""One member's part in a group: joining, agreeing on who holds what, keeping the seat.

A group moves from generation to generation. Every member sees the same roll in a generation and
works out the same shares from it, so nobody has to lead. Work starts only when all members have
taken note of the generation, that is, have stopped the work of the one before; a member that does
not within the patience is not waited for: its commits are fenced off.
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from streams.embedded.errors import Evicted, Fenced, LogUnavailable
from streams.embedded.log import Log, Place, Roll

RETRY_S: Final = 0.25


@dataclass(frozen=True)
class Seat:
    """What a member holds in one generation, and the offset each place resumes from."""

    generation: int
    positions: Mapping[Place, int]


def share(
    member: str, members: Mapping[str, Sequence[str]], partitions: Mapping[str, int]
) -> list[Place]:
    """The places *member* holds, given the topics each of *members* reads.

    Every partition of every topic goes to exactly one of its readers, and the counts of two
    members that read the same topics differ by at most one.
    """
    held: list[Place] = []
    turn = 0
    for topic, count in sorted(partitions.items()):
        readers = sorted(name for name, topics in members.items() if topic in topics)
        for number in range(count if readers else 0):
            if readers[turn % len(readers)] == member:
                held.append((topic, number))
            turn += 1
    return held


class Membership:
    """A member of *group*, under a new name each time it has to join."""

    def __init__(self, log: Log, group: str, *, lease_s: float, patience_s: float) -> None:
        self._log, self.group = log, group
        self._lease_s, self._patience_s = lease_s, patience_s
        self._member: str | None = None
        self._topics: tuple[str, ...] = ()
        self.seat: Seat | None = None

    async def sit(self, topics: Sequence[str]) -> Seat:
        """Join if need be, come to agreement, and take over this member's places.

        Waits as long as the log is unavailable or the group keeps moving. Raises UnknownTopic.
        """
        self.seat = None
        while self.seat is None:
            try:
                member = await self._joined(tuple(sorted(topics)))
                roll = await self._agreed(member)
                self.seat = await self._take_over(member, roll)
            except Fenced:
                continue
            except Evicted:
                self._member = None
            except LogUnavailable:
                await asyncio.sleep(RETRY_S)
        return self.seat

    async def still_seated(self) -> bool:
        """Renew the lease; False when the group has moved on and `sit` is due."""
        if self._member is None or self.seat is None:
            return False
        try:
            generation = await self._log.beat(self.group, self._member, self._lease_s)
        except Evicted:
            self._member = None
            return False
        return generation == self.seat.generation

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """Resume from *offsets* next time. Raises Fenced, LogUnavailable."""
        if self.seat is None:
            raise Fenced(self.group, 0, offsets)
        await self._log.commit(self.group, self.seat.generation, offsets)

    async def leave(self) -> None:
        """Give up the seat, so that the others need not wait for the lease to run out."""
        member, self._member, self.seat = self._member, None, None
        if member is not None:
            await self._log.leave(self.group, member)

    async def _joined(self, topics: tuple[str, ...]) -> str:
        if self._member is None or topics != self._topics:
            member = self._member or uuid.uuid4().hex
            await self._log.join(self.group, member, topics, self._lease_s)
            self._member, self._topics = member, topics
        return self._member

    async def _agreed(self, member: str) -> Roll:
        """The roll of a generation that all members took note of, or that lost patience."""
        loop = asyncio.get_running_loop()
        generation, deadline = -1, 0.0
        while True:
            heard = self._log.regrouped.heard([self.group])
            current = await self._log.beat(self.group, member, self._lease_s)
            if current != generation:
                generation, deadline = current, loop.time() + self._patience_s
            roll = await self._log.take_note(self.group, member, generation)
            if roll.generation == generation and (roll.agreed or loop.time() > deadline):
                return roll
            await self._log.regrouped.wait_past(heard, [self.group], RETRY_S)

    async def _take_over(self, member: str, roll: Roll) -> Seat:
        topics = {topic for topics in roll.members.values() for topic in topics}
        partitions = {topic: await self._log.partitions(topic) for topic in sorted(topics)}
        places = share(member, roll.members, partitions)
        return Seat(roll.generation, await self._log.claim(self.group, roll.generation, places))
