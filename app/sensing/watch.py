"""The watch over the partitions of a worker: messages into memory, and memory into the database.

What samples have changed is in memory until a checkpoint writes it, for all partitions in one
transaction: alarms and their histories, the reports of those that need a person, the messages that
tell of them, what is known of the devices, and how far each partition was read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from psycopg import AsyncConnection

from app.database import Database
from app.sensing.judging import Judging
from app.sensing.memory import Memory
from app.worker_metrics import WorkerMetrics
from dispatch.postgres.alarms import write_changes
from dispatch.postgres.checkpoints import (
    Checkpoint,
    FenceLost,
    Place,
    read_checkpoint,
    read_fence,
    write_checkpoint,
    write_seen,
)
from dispatch.postgres.clock import now
from dispatch.postgres.observations import store
from dispatch.rulebook import Rulebook
from dispatch.sensing.sensors import Samples
from streams.batches import Message
from streams.ports import Carrier
from streams.topics import DEAD_LETTERS

EVERY_S: Final = 1.0
"""What has changed an alarm waits no longer for its checkpoint."""

SEEN_EVERY_S: Final = 10.0
"""How often it is written down what devices have sent."""

AT_ONCE: Final = 40
"""Messages judged without a pause: the loop is shared with the reports, which must not wait."""

_SHARE: Final = 10
"""Checkpoints take at most one part in so many of the time, unless there is news."""

_LONGEST_S: Final = 15.0

_NO_FAULTS: Final = frozenset({"samples", "taken"})

_log: Final = structlog.get_logger("citygrid.sensing")


class Watch:
    """One for a worker process; a `streams.kept.Keeper`. *rules* gives the rulebook of the moment.

    *group* is the consumer group whose *partitions* it watches: those that are this worker's now,
    each by topic and number. Samples are stored to be read for as long as *kept*. *clock* counts
    seconds.
    """

    def __init__(
        self,
        database: Database,
        rules: Callable[[], Awaitable[Rulebook]],
        letters: Carrier,
        metrics: WorkerMetrics,
        *,
        group: str,
        partitions: Callable[[], Collection[tuple[str, int]]],
        kept: timedelta = timedelta(0),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._rules, self._letters = database, rules, letters
        self._metrics, self._clock = metrics, clock
        self._group, self._partitions = group, partitions
        self._kept = kept
        self._judging: Judging | None = None
        self._memories: dict[Place, Memory] = {}
        self._kept_s = self._seen_s = clock()
        self._cost_s = 0.0

    @property
    def remembered(self) -> Collection[Place]:
        """The partitions that are in memory."""
        return self._memories.keys()

    async def take(self, messages: list[Message]) -> None:
        """Judge messages; those that were taken before are passed over."""
        judging = await self.current()
        for place, mine in _by_place(self._group, messages).items():
            memory = self._memories.get(place) or await self._recall(place, judging)
            for run in _runs(mine):
                memory = await self._take(memory, run)

    def is_due(self, held: int) -> bool:
        """Whether it is time for a checkpoint, the sooner the more is at stake."""
        waited_s = self._clock() - self._kept_s
        if any(memory.told for memory in self._memories.values()):
            return waited_s >= EVERY_S
        return held > 0 and waited_s >= min(_LONGEST_S, max(EVERY_S, _SHARE * self._cost_s))

    async def keep(self) -> None:
        """Write everything that is only in memory; raises when the database cannot be written."""
        began_s = self._clock()
        while dirty := [one for one in self._memories.values() if one.is_dirty]:
            await self._put_away([message for memory in dirty for message in memory.bad])
            with self._metrics.checkpoint.time():
                await self._keep(sorted(dirty, key=lambda one: one.place.partition))
        self._kept_s = self._clock()
        self._cost_s = self._kept_s - began_s
        self._forget()

    def _forget(self) -> None:
        """Let go of the partitions that are no longer this worker's; all is in the database."""
        mine = self._partitions()
        for place in [p for p in self._memories if (p.topic, p.partition) not in mine]:
            del self._memories[place]

    async def current(self) -> Judging:
        """What to judge by now; all memories go on by it."""
        rulebook = await self._rules()
        if self._judging is None or not self._judging.is_by(rulebook):
            self._judging = Judging(rulebook)
            for memory in self._memories.values():
                memory.judge_by(self._judging)
        return self._judging

    async def _take(self, memory: Memory, run: Sequence[Message]) -> Memory:
        """The memory with a run of messages in it, whose offsets have no hole."""
        if memory.misses(run[0]) and await self._is_behind(memory):
            memory = await self._again(memory)
        return await self._judge_all(memory, run)

    async def _is_behind(self, memory: Memory) -> bool:
        """Whether somebody else has gone on with the partition; else the log has a hole."""
        async with self._database.connection() as conn:
            kept = await read_fence(conn, memory.place)
        return kept != (memory.kept.next_offset if memory.kept else None)

    async def _recall(self, place: Place, judging: Judging) -> Memory:
        async with self._database.connection() as conn:
            kept = await read_checkpoint(conn, place)
        memory = self._memories[place] = Memory.of(place, judging, kept)
        return memory

    async def _again(self, lost: Memory) -> Memory:
        """The memory made anew from the checkpoint as it is now, and what was taken since."""
        _log.warning("partition read by somebody else", partition=lost.place.partition)
        self._metrics.fences_lost.inc()
        memory = await self._recall(lost.place, lost.judging)
        return await self._judge_all(memory, lost.taken)

    async def _judge_all(self, memory: Memory, messages: Sequence[Message]) -> Memory:
        for cut in range(0, len(messages), AT_ONCE):
            with self._metrics.judging.time():
                memory = await self._judge(memory, messages[cut : cut + AT_ONCE])
            await asyncio.sleep(0)
        return memory

    async def _judge(self, memory: Memory, messages: Sequence[Message]) -> Memory:
        """The memory with the messages in it; what the engine cannot judge is put with the bad."""
        before = list(memory.taken)
        try:
            memory.take(messages)
            return memory
        except Exception as problem:
            _log.warning("samples are judged one by one", error=repr(problem))
        return await self._one_by_one(memory, [*before, *messages])

    async def _one_by_one(self, broken: Memory, messages: Sequence[Message]) -> Memory:
        unfit: set[int] = {one.offset for one in broken.bad}
        while True:
            memory = await self._recall(broken.place, broken.judging)
            for message in messages:
                try:
                    memory.take([message], unfit=unfit)
                except Exception as problem:
                    where = {"partition": message.partition, "offset": message.offset}
                    _log.error("samples cannot be judged", **where, error=repr(problem))
                    unfit.add(message.offset)
                    break
            else:
                return memory

    async def _put_away(self, bad: Sequence[Message]) -> None:
        """Before the checkpoint that passes them: a message may stand there twice, never not."""
        if bad:
            _log.error("messages put away", count=len(bad), first=_origin(bad[0]).decode())
            await self._letters.carry(DEAD_LETTERS, [(_origin(one), one.value) for one in bad])

    async def _keep(self, dirty: Sequence[Memory]) -> None:
        # What devices have sent stays with the state until it is time to write it down.
        with_seen = self._clock() - self._seen_s < SEEN_EVERY_S
        checkpoints = await asyncio.to_thread(_dumped, dirty, with_seen)
        async with self._database.connection() as conn:
            lost = await self._write(conn, dirty, checkpoints, with_seen)
        for memory, checkpoint in zip(dirty, checkpoints, strict=True):
            if memory not in lost:
                self._count(memory, checkpoint)
                memory.settle(checkpoint, with_seen=with_seen)
        if not with_seen:
            self._seen_s = self._clock()
        for memory in lost:
            await self._again(memory)

    async def _write(
        self,
        conn: AsyncConnection,
        dirty: Sequence[Memory],
        checkpoints: Sequence[Checkpoint],
        with_seen: bool,
    ) -> list[Memory]:
        """Write what is this worker's to write; gives the memories that are somebody else's."""
        moment = await now(conn)
        lost: list[Memory] = []
        for memory, checkpoint in zip(dirty, checkpoints, strict=True):
            try:
                await write_checkpoint(
                    conn,
                    memory.place,
                    checkpoint,
                    before=memory.kept,
                    counts=memory.counts,
                    now=moment,
                )
            except FenceLost:
                lost.append(memory)
        mine = [memory for memory in dirty if memory not in lost]
        await self._store(conn, mine, moment)
        told = [one for memory in mine for one in memory.told]
        if told:
            rulebook = mine[0].judging.rulebook
            written = await write_changes(
                conn, told, city=rulebook.city, language=rulebook.alarms.language, now=moment
            )
            self._metrics.alarm_reports.inc(written.reported)
        if not with_seen:
            await write_seen(conn, [row for memory in mine for row in memory.seen_rows()], moment)
        return lost

    async def _store(self, conn: AsyncConnection, mine: Sequence[Memory], moment: datetime) -> None:
        """Keep the samples to be read, once however often their messages come."""
        if not self._kept:
            return
        for memory in mine:
            measured = Samples.joined(memory.measured).of(memory.judging.sensors)
            if len(measured):
                await store(conn, measured, kept=self._kept, now=moment)

    def _count(self, memory: Memory, checkpoint: Checkpoint) -> None:
        """Add what is in the database now to the figures of this worker."""
        for reason, count in memory.counts.items():
            if reason in _NO_FAULTS:
                self._metrics.samples.labels(reason).inc(count)
            else:
                self._metrics.sample_faults.labels(reason).inc(count)
        for told in memory.told:
            self._metrics.alarms.labels(told.rule.name, told.change.kind).inc()
        self._metrics.checkpoint_bytes.observe(len(checkpoint.state))


def _dumped(memories: Sequence[Memory], with_seen: bool) -> list[Checkpoint]:
    return [memory.checkpoint(with_seen=with_seen) for memory in memories]


def _by_place(group: str, messages: Iterable[Message]) -> dict[Place, list[Message]]:
    found: dict[Place, list[Message]] = {}
    for message in messages:
        found.setdefault(Place(group, message.topic, message.partition), []).append(message)
    return found


def _runs(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """The messages cut where an offset does not follow the one before."""
    begin = 0
    for end in range(1, len(messages)):
        if messages[end].offset != messages[end - 1].offset + 1:
            yield messages[begin:end]
            begin = end
    yield messages[begin:]


def _origin(message: Message) -> bytes:
    return f"{message.topic}/{message.partition}/{message.offset}".encode()
