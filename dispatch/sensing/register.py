"""What has been told of the alarms of one device under one rule, and what is to be told next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

from dispatch.sensing.alarm import AlarmChange, Kind, alarm_key, moment
from dispatch.sensing.episode import Episode, Turn


class Told:
    """An alarm that was told: its key, the *episode* as it was then, how many steps of it."""

    __slots__ = ("episode", "first", "key", "said")

    def __init__(self, key: str, first: int, episode: Episode, said: int = 0) -> None:
        self.key, self.first, self.episode, self.said = key, first, episode, said

    def touches(self, other: Episode) -> bool:
        """Whether its time and that of the other have an instant in common."""
        mine, its = self.episode.ended, other.ended
        return (mine is None or other.started <= mine) and (
            its is None or self.episode.started <= its
        )

    def dump(self) -> list[Any]:
        """The form `load` reads."""
        return [self.key, self.first, self.episode.dump(), self.said]

    @classmethod
    def load(cls, told: list[Any]) -> Self:
        """What `dump` wrote."""
        key, first, episode, said = told
        return cls(key, first, Episode.load(episode), said)


class Register:
    """Alarms told that may still change. *told* runs beside the episodes as they stand now.

    *taken* counts by start how many alarms have made their key of it.
    """

    __slots__ = ("_device", "_rule", "taken", "told", "withdrawn")

    def __init__(self, device: str, rule: str) -> None:
        self._device, self._rule = device, rule
        self.told: list[Told] = []
        self.withdrawn: list[Told] = []
        self.taken: dict[int, int] = {}

    def go_on(self, episodes: Sequence[Episode]) -> Iterator[AlarmChange]:
        """What is new in episodes that have only gone on since they were told."""
        for episode in episodes[len(self.told) :]:
            self.told.append(self._new(episode))
        for told in self.told:
            if told.said < told.episode.length:
                yield from self._say_rest(told)

    def compare(self, episodes: Sequence[Episode]) -> Iterator[AlarmChange]:
        """What is new in episodes that were folded anew, with samples between."""
        before, self.told = self._matched(episodes)
        for told, episode in zip(self.told, episodes, strict=True):
            was_told, was_withdrawn = told.said > 0, told in self.withdrawn
            if was_withdrawn:
                self.withdrawn.remove(told)
            goes_on = episode.goes_on_from(told.episode)
            told.episode = episode
            if not was_told or (goes_on and not was_withdrawn):
                yield from self._say_rest(told)
            else:
                yield self._say_all(told, "reopened" if was_withdrawn else "amended")
        for told in before:
            self.withdrawn.append(told)
            yield self._say_all(told, "withdrawn")

    def forget(self, episodes: Sequence[Episode], before: int) -> None:
        """Keep only what is told of these; no sample from before that time will come again."""
        kept = {id(episode) for episode in episodes}
        self.told = [told for told in self.told if id(told.episode) in kept]
        self.withdrawn = [told for told in self.withdrawn if told.first >= before]
        self.taken = {first: turns for first, turns in self.taken.items() if first >= before}

    def part(self, at: int) -> Iterator[AlarmChange]:
        """The end of all that stands at that time, because nobody asks for it any more."""
        for told in self.told:
            if told.episode.ended is None:
                told.episode.turn(at, "cleared", told.episode.level, None, {"rule": "changed"})
                yield from self._say_rest(told)

    def is_blank(self) -> bool:
        """Whether nothing that was told can change any more."""
        return not (self.told or self.withdrawn or self.taken)

    def _matched(self, episodes: Sequence[Episode]) -> tuple[list[Told], list[Told]]:
        """What was told and is no more; and for each episode what was told of it, perhaps new.

        The start that a key was made of counts most, then the start, then any common time; but what
        was withdrawn comes back only by its start.
        """
        free = [*self.told, *self.withdrawn]
        found: dict[int, Told] = {}
        for fits in (_by_first, _by_start, self._by_touch):
            for n, episode in enumerate(episodes):
                if n not in found and (one := next((t for t in free if fits(t, episode)), None)):
                    found[n] = one
                    free.remove(one)
        gone = [told for told in free if told not in self.withdrawn]
        return gone, [found.get(n) or self._new(one) for n, one in enumerate(episodes)]

    def _by_touch(self, told: Told, episode: Episode) -> bool:
        return told not in self.withdrawn and told.touches(episode)

    def _new(self, episode: Episode) -> Told:
        first = episode.started
        turn = self.taken[first] = self.taken.get(first, 0) + 1
        return Told(alarm_key(self._device, self._rule, moment(first), turn), first, episode)

    def _say_rest(self, told: Told) -> Iterator[AlarmChange]:
        episode = told.episode
        for turn in episode.turns[max(told.said - episode.dropped, 0) :]:
            yield self._change(told, turn, turn.kind)
        told.said = episode.length

    def _say_all(self, told: Told, kind: Kind) -> AlarmChange:
        """The alarm as it stands, by its last step, where the steps before are not the same."""
        told.said = told.episode.length
        return self._change(told, told.episode.turns[-1], kind)

    def _change(self, told: Told, turn: Turn, kind: Kind) -> AlarmChange:
        at, step, level, highest, flaps, value, facts = turn
        return AlarmChange(
            key=told.key,
            device=self._device,
            rule=self._rule,
            kind=kind,
            at=moment(at),
            level=level,
            highest=highest,
            first_at=moment(told.first),
            started_at=moment(told.episode.started),
            ended_at=moment(at) if step == "cleared" else None,
            flaps=flaps,
            value=value,
            facts=facts,
        )

    def dump(self) -> list[Any]:
        """The form `load` reads."""
        told, withdrawn = ([one.dump() for one in some] for some in (self.told, self.withdrawn))
        return [told, withdrawn, list(self.taken.items())]

    def load(self, written: list[Any]) -> None:
        """Stand where `dump` was written."""
        told, withdrawn, taken = written
        self.told = [Told.load(one) for one in told]
        self.withdrawn = [Told.load(one) for one in withdrawn]
        self.taken = dict(taken)


def _by_first(told: Told, episode: Episode) -> bool:
    return told.first == episode.started


def _by_start(told: Told, episode: Episode) -> bool:
    return told.episode.started == episode.started
