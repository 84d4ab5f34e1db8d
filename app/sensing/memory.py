"""What a worker remembers of one partition of samples, ahead of what its checkpoint says.

Nothing here does I/O. A memory is a function of the messages of its partition up to an offset:
lost, it is made again from the checkpoint and the messages since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import msgspec

from app.sensing.judging import Judging
from app.sensing.seen import SeenDevices
from dispatch.postgres.checkpoints import Checkpoint, Place, Seen
from dispatch.sensing.engine import State
from dispatch.sensing.sensors import Samples
from dispatch.sensing.standing import Told
from streams.batches import Message
from streams.observations import Columns, Mark, gathered, read_message
from streams.wire import BadMessage

MALFORMED: Final = "malformed"
"""Counted per message: nobody knows how many samples it was to hold."""


class _Kept(msgspec.Struct, array_like=True):
    """What a checkpoint holds: the state of the engine, and faults of devices not yet written."""

    state: bytes
    faults: bytes


_KEPT: Final = msgspec.msgpack.Decoder(_Kept)


@dataclass(slots=True, eq=False)
class Memory:
    """The state of a partition, and what came of the messages since the checkpoint.

    *kept* is the checkpoint as it stands in the database, None when there is none. *taken* are the
    messages since, in their order, *told* what they changed, *bad* those that nobody can judge,
    *measured* the samples in them.
    """

    place: Place
    judging: Judging
    kept: Checkpoint | None
    state: State
    seen: SeenDevices = field(default_factory=SeenDevices)
    next_offset: int = 0
    beginning: bytes | None = None
    taken: list[Message] = field(default_factory=list[Message])
    told: list[Told] = field(default_factory=list[Told])
    counts: Counter[str] = field(default_factory=Counter[str])
    bad: list[Message] = field(default_factory=list[Message])
    measured: list[Samples] = field(default_factory=list[Samples])

    @classmethod
    def of(cls, place: Place, judging: Judging, kept: Checkpoint | None) -> Memory:
        """What the checkpoint holds; None is the memory of nothing."""
        if kept is None:
            return cls(place, judging, None, judging.engine.blank())
        told = _KEPT.decode(kept.state)
        state, seen = judging.engine.load(told.state), SeenDevices.load(told.faults)
        return cls(place, judging, kept, state, seen, kept.next_offset, kept.beginning)

    @property
    def is_dirty(self) -> bool:
        """Whether it is ahead of its checkpoint."""
        return bool(self.taken)

    def checkpoint(self, *, with_seen: bool) -> Checkpoint:
        """What would bring it back as it is now; *with_seen* unless that is written elsewhere."""
        seen = self.seen if with_seen else SeenDevices()
        kept = _Kept(self.judging.engine.dump(self.state), seen.dump())
        return Checkpoint(self.next_offset, self.beginning, msgspec.msgpack.encode(kept))

    def settle(self, checkpoint: Checkpoint, *, with_seen: bool) -> None:
        """Everything taken so far is in the database now, as *checkpoint*."""
        self.kept = checkpoint
        self.taken, self.told, self.bad, self.measured = [], [], [], []
        self.counts = Counter()
        if not with_seen:
            self.seen.written(self.judging.engine.latest(self.state))

    def seen_rows(self) -> list[Seen]:
        """What of its devices is to be written down."""
        return self.seen.rows(self.judging.engine.latest(self.state))

    def judge_by(self, judging: Judging) -> None:
        """Go on by other rules or other sensors: those of the city have changed."""
        self.state = judging.engine.load(self.judging.engine.dump(self.state))
        self.judging = judging

    def misses(self, message: Message) -> bool:
        """Whether there were messages before this one that are not known here."""
        return message.offset > self.next_offset

    def take(self, messages: Iterable[Message], *, unfit: Collection[int] = ()) -> None:
        """Take in those of *messages* that are new, in their order.

        Those at the offsets *unfit*, and those that are no message of the topic, are put with the
        bad ones. When the engine raises, the memory must be made again.
        """
        waiting: list[Columns] = []
        for message in messages:
            if not self._is_new(message):
                continue
            self.taken.append(message)
            told = None if message.offset in unfit else _read(message)
            if told is None:
                self.bad.append(message)
                self.counts[MALFORMED] += 1
            elif isinstance(told, Columns):
                waiting += self._fit(message, told)
            else:
                # What came before a mark is judged before it.
                self._advance(waiting, told, (message.key or b"").decode(errors="replace"))
                waiting = []
        if waiting:
            self._advance(waiting)

    def _fit(self, message: Message, told: Columns) -> list[Columns]:
        """The samples of a message that can be judged; faults of the others are counted."""
        fit, faults = self.judging.fit(message, told)
        for (device, reason), count in faults.items():
            self.counts[reason] += count
            self.seen.trouble(device, reason, count)
        return [fit] if fit.devices else []

    def _advance(self, waiting: list[Columns], mark: Mark | None = None, area: str = "") -> None:
        samples = gathered(waiting)
        outcome = self.judging.engine.advance(
            self.state, samples, mark_ms=mark.at_ms if mark else None, area=area if mark else None
        )
        self.told += self.judging.told(outcome.changes)
        self.counts.update(outcome.counts)
        self.seen.note(outcome.troubles)
        if waiting:
            self.measured.append(samples)
            self.seen.samples.update(filter(self.judging.is_known, samples.devices))

    def _is_new(self, message: Message) -> bool:
        """Whether the message was not taken yet; it counts as taken now."""
        if message.offset == 0:
            begins = digest(message)
            if begins != self.beginning:
                # The topic was made anew: offsets begin again. What devices have sent stays known.
                self.next_offset, self.beginning = 0, begins
        if message.offset < self.next_offset:
            return False
        self.next_offset = message.offset + 1
        return True


def digest(message: Message) -> bytes:
    """What tells one record from another at the same offset: its bytes, and when it was written."""
    told = f"{message.timestamp:.3f}|".encode() + (message.key or b"") + b"|" + message.value
    return sha256(told).digest()[:16]


def _read(message: Message) -> Columns | Mark | None:
    try:
        return read_message(message.value)
    except BadMessage:
        return None
