"""The samples of one device that are not settled yet, in order of event time, each instant once."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

from dispatch.sensing.life import NEVER


class Lane:
    """Sorted instants and values. Of two values for one instant the smaller is kept.

    Which of them came first must not matter, or the same samples in another order would make other
    alarms.
    """

    __slots__ = ("times", "values")

    def __init__(self, times: list[int], values: list[float]) -> None:
        self.times, self.values = times, values

    def take(self, samples: Iterable[tuple[int, float]], counts: Counter[str]) -> int:
        """Take samples in; the earliest instant that has changed, NEVER when none has."""
        changed, times, values = NEVER, self.times, self.values
        for at, value in samples:
            if not times or at > times[-1]:
                times.append(at)
                values.append(value)
            elif not self._take_late(at, value, counts):
                continue
            changed = min(changed, at)
        return changed

    def _take_late(self, at: int, value: float, counts: Counter[str]) -> bool:
        place = bisect_left(self.times, at)
        if self.times[place] != at:
            self.times.insert(place, at)
            self.values.insert(place, value)
            counts["late"] += 1
            return True
        standing = self.values[place]
        counts["duplicate" if value == standing else "contradicting"] += 1
        if value < standing:
            self.values[place] = value
        return value < standing

    def between(self, begin: int, end: int) -> tuple[list[int], list[float]]:
        """Instants and values from *begin* on and before *end*."""
        first, last = bisect_left(self.times, begin), bisect_left(self.times, end)
        return self.times[first:last], self.values[first:last]

    def before(self, at: int) -> int:
        """How many instants are before *at*."""
        return bisect_left(self.times, at)

    def forget(self, before: int) -> None:
        """Let go of all before that time."""
        place = bisect_left(self.times, before)
        del self.times[:place]
        del self.values[:place]
