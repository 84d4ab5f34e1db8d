"""One rule about one device, over the samples it has: settled, and as it stands with the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from dispatch.sensing.alarm import AlarmChange
from dispatch.sensing.lane import Lane
from dispatch.sensing.life import NEVER, Terms
from dispatch.sensing.machine import Machine
from dispatch.sensing.register import Register

SINCE_EVER: Final = -(1 << 61)
"""Earlier than any event time, in milliseconds."""

Instant = tuple[int, Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Course:
    """What a track is about: a rule, the number of the device, and whose samples it is judged by.

    *digest* changes with whatever would make other alarms of the same samples.
    """

    terms: Terms
    device: str
    subject: int
    members: tuple[int, ...]
    pauses: tuple[tuple[int, int], ...]
    digest: str

    @property
    def key(self) -> tuple[str, int]:
        """Rule and device."""
        return self.terms.rule.name, self.subject

    @property
    def is_plain(self) -> bool:
        """Whether samples that cross nothing leave nothing behind."""
        return len(self.members) == 1 and self.terms.rule.signal in ("value", "silence")


class Track:
    """Two machines: *settled* has taken all samples before *until*, *now* those after it too.

    *at* is the last instant that *now* has taken. A sample that comes late is put in its place by
    folding anew from *settled*.
    """

    __slots__ = ("_register", "at", "course", "now", "settled", "until")

    def __init__(self, course: Course, until: int) -> None:
        self.course, self.until, self.at = course, until, SINCE_EVER
        self.settled = Machine.blank(course.terms, course.pauses)
        self.now = self.settled.copy()
        self._register = Register(course.device, course.terms.rule.name)

    def heard(self, at: int) -> None:
        """Know that the device was last heard at that time, which is settled."""
        self.settled.signal.load([at, 0])
        self.now = self.settled.copy()

    def follow(
        self, lanes: Mapping[int, Lane], changed: int, watermark: int
    ) -> Iterator[AlarmChange]:
        """What samples from *changed* on bring about, all later than *at*, and the *watermark*."""
        self._fold(self.now, self._instants(lanes, changed, NEVER))
        self.now.pass_to(watermark)
        yield from self._register.go_on(self.now.life.episodes)

    def fold_anew(self, lanes: Mapping[int, Lane], watermark: int) -> Iterator[AlarmChange]:
        """What all samples that are not settled bring about."""
        self._settle(lanes, watermark)
        self.now, self.at = self.settled.copy(), SINCE_EVER
        self._fold(self.now, self._instants(lanes, self.until, NEVER))
        self.now.pass_to(watermark)
        yield from self._register.compare(self.now.life.episodes)

    def settle(self, lanes: Mapping[int, Lane], watermark: int) -> None:
        """Take it that no sample from before the watermark will come, and forget what that allows.

        Everything must have been told.
        """
        self._settle(lanes, watermark)
        self.settled.life.forget(watermark)
        self.now.life.forget(watermark)
        self._register.forget(self.now.life.episodes, watermark)

    def is_calm(self) -> bool:
        """Whether a new track would go on as this one."""
        return (
            self.course.is_plain
            and self._register.is_blank()
            and self.settled.life.rests_at() == self.now.life.rests_at() == 0
        )

    def _settle(self, lanes: Mapping[int, Lane], watermark: int) -> None:
        if watermark > self.until:
            for at, values in self._instants(lanes, self.until, watermark):
                self.settled.step(at, values)
            self.settled.pass_to(watermark)
            self.until = watermark

    def _fold(self, machine: Machine, instants: Iterator[Instant]) -> None:
        for at, values in instants:
            machine.step(at, values)
            self.at = at

    def _instants(self, lanes: Mapping[int, Lane], begin: int, end: int) -> Iterator[Instant]:
        """Each instant from *begin* on and before *end* with what the members measured then."""
        members = self.course.members
        if len(members) == 1:
            times, values = lanes[members[0]].between(begin, end)
            return zip(times, ((value,) for value in values), strict=True)
        together: dict[int, list[float | None]] = {}
        for place, member in enumerate(members):
            if member in lanes:
                for at, value in zip(*lanes[member].between(begin, end), strict=True):
                    together.setdefault(at, [None] * len(members))[place] = value
        return iter(sorted(together.items()))

    def dump(self) -> list[Any]:
        """The form `load` reads; *now* is folded again from it."""
        return [self.until, self.settled.dump(), self._register.dump()]

    @staticmethod
    def parting(device: str, rule: str, told: list[Any]) -> list[AlarmChange]:
        """The ends of what stands in a track that `dump` wrote and nobody wants any more."""
        until, _, written = told
        register = Register(device, rule)
        register.load(written)
        return list(register.part(until))

    @classmethod
    def load(cls, course: Course, told: list[Any]) -> Self:
        """The track that `dump` wrote; it is to be folded anew."""
        until, settled, register = told
        track = cls(course, until)
        track.settled = Machine.load(course.terms, course.pauses, settled)
        track._register.load(register)
        return track
