"""Signals of a device among others: its neighbours, and what else its station measures."""

from __future__ import annotations

from statistics import median
from typing import Any, Self
from zoneinfo import ZoneInfo

from dispatch.sensing.rules import SensorRule
from dispatch.sensing.signals.base import Judged, Timeless, Values


class _Newest:
    """The newest value of each of several members, and when it was measured."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, float]] = {}

    def take(self, at: int, values: Values) -> None:
        """Take an instant in."""
        for place, value in enumerate(values):
            if value is not None:
                self._known[place] = (at, value)

    def not_before(self, at: int) -> dict[int, float]:
        """By place the values that are no older than that."""
        return {place: value for place, (then, value) in self._known.items() if then >= at}

    def copy(self) -> Self:
        """One of its own."""
        twin = type(self)()
        twin._known = self._known.copy()
        return twin

    def dump(self) -> Any:
        """What `load` reads."""
        return [[place, at, value] for place, (at, value) in sorted(self._known.items())]

    def load(self, told: Any) -> None:
        """Know what was dumped."""
        self._known = {place: (at, value) for place, at, value in told}


class _Among(Timeless):
    """What both signals keep."""

    __slots__ = ("_newest", "_rule")

    def __init__(self, rule: SensorRule, zone: ZoneInfo) -> None:
        self._rule, self._newest = rule, _Newest()

    def copy(self) -> Self:
        """A signal of its own."""
        twin = object.__new__(type(self))
        twin._rule, twin._newest = self._rule, self._newest.copy()
        return twin

    def dump(self) -> Any:
        """What is newest."""
        return self._newest.dump()

    def load(self, told: Any) -> None:
        """Go on from there."""
        self._newest.load(told)


class Neighbours(_Among):
    """The value minus the median of the neighbours' newest values of the last *age_ms*.

    Nothing while fewer than *least* neighbours have one.
    """

    __slots__ = ()

    def take(self, at: int, values: Values) -> Judged:
        """The difference, when the device itself has measured."""
        self._newest.take(at, values)
        value = values[0]
        if value is None:
            return None
        known = self._newest.not_before(at - self._rule.settings["age_ms"])
        others = [known[place] for place in sorted(known) if place > 0]
        if len(others) < self._rule.settings["least"]:
            return None
        middle = median(others)
        return value - middle, {"measured": value, "median": middle, "neighbours": len(others)}


class Together(_Among):
    """1 when the newest values of all properties are beyond their bounds, else 0.

    A value older than *age_ms* is as good as none: 0.
    """

    __slots__ = ()

    def take(self, at: int, values: Values) -> Judged:
        """Whether all cross."""
        self._newest.take(at, values)
        known = self._newest.not_before(at - self._rule.settings["age_ms"])
        measures = self._rule.together
        cross = all(
            place in known and one.bound.holds(known[place]) for place, one in enumerate(measures)
        )
        facts = {measures[place].observed_property: value for place, value in known.items()}
        return float(cross), {"measured": dict(sorted(facts.items()))}
