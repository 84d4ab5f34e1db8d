"""Signals of one device by its newest samples: value, silence, stuck, rate."""

from __future__ import annotations

from typing import Any, Self
from zoneinfo import ZoneInfo

from dispatch.sensing.life import NEVER
from dispatch.sensing.rules import SensorRule
from dispatch.sensing.signals.base import NO_FACTS, Judged, Timeless, Values


class Measured(Timeless):
    """The value as it was measured."""

    __slots__ = ()

    def __init__(self, rule: SensorRule, zone: ZoneInfo) -> None:
        pass

    def take(self, at: int, values: Values) -> Judged:
        """The value."""
        value = values[0]
        return None if value is None else (value, NO_FACTS)

    def copy(self) -> Self:
        """Itself: it has nothing to stand on."""
        return self

    def dump(self) -> Any:
        """Nothing."""
        return None

    def load(self, told: Any) -> None:
        """Nothing to do."""


class Silence:
    """How many seconds nothing has come; judged whenever it reaches a limit of the rule."""

    __slots__ = ("_last", "_limits", "_rung")

    def __init__(self, rule: SensorRule, zone: ZoneInfo) -> None:
        self._limits = tuple(sorted({round(step.bound.limit * 1000) for step in rule.steps}))
        self._last: int | None = None
        self._rung = 0

    def take(self, at: int, values: Values) -> Judged:
        """Something came: 0."""
        self._last, self._rung = at, 0
        return 0.0, NO_FACTS

    def due(self) -> int:
        """When the next limit is reached."""
        if self._last is None or self._rung == len(self._limits):
            return NEVER
        return self._last + self._limits[self._rung]

    def ring(self, at: int) -> Judged:
        """The silence up to then."""
        if self._last is None:
            return None
        self._rung += 1
        return (at - self._last) / 1000, {"last_ms": self._last}

    def postpone(self, at: int) -> None:
        """Count the silence from *at* on."""
        if self._last is not None:
            self._last = max(self._last, at)

    def copy(self) -> Self:
        """A signal of its own."""
        twin = object.__new__(type(self))
        twin._limits, twin._last, twin._rung = self._limits, self._last, self._rung
        return twin

    def dump(self) -> Any:
        """What it counts from."""
        return [self._last, self._rung]

    def load(self, told: Any) -> None:
        """Count from there."""
        self._last, self._rung = told


class Stuck(Timeless):
    """For how many seconds the value has stayed within *tolerance* of what it was.

    Values that *may_stay*, like no rain, are not stuck.
    """

    __slots__ = ("_first", "_may_stay", "_since", "_tolerance")

    def __init__(self, rule: SensorRule, zone: ZoneInfo) -> None:
        self._tolerance: float = rule.settings["tolerance"]
        self._may_stay = frozenset[float](rule.settings["may_stay"])
        self._first: float | None = None
        self._since = 0

    def take(self, at: int, values: Values) -> Judged:
        """The seconds since the first sample of these."""
        value = values[0]
        if value is None:
            return None
        if self._first is None or abs(value - self._first) > self._tolerance:
            self._first, self._since = value, at
        stays = 0.0 if value in self._may_stay else (at - self._since) / 1000
        return stays, {"measured": value}

    def copy(self) -> Self:
        """A signal of its own."""
        twin = object.__new__(type(self))
        twin._tolerance, twin._may_stay = self._tolerance, self._may_stay
        twin._first, twin._since = self._first, self._since
        return twin

    def dump(self) -> Any:
        """The value it stays at, and since when."""
        return [self._first, self._since]

    def load(self, told: Any) -> None:
        """Go on from there."""
        self._first, self._since = told


class Rate(Timeless):
    """The change against the oldest sample of the last *per_ms*; a sample that old counts."""

    __slots__ = ("_late", "_per_ms")

    def __init__(self, rule: SensorRule, zone: ZoneInfo) -> None:
        self._per_ms: int = rule.settings["per_ms"]
        self._late: tuple[tuple[int, float], ...] = ()

    def take(self, at: int, values: Values) -> Judged:
        """The change; nothing for the first sample after a pause of that length."""
        value = values[0]
        if value is None:
            return None
        late = tuple(one for one in self._late if one[0] >= at - self._per_ms)
        self._late = (*late, (at, value))
        if not late:
            return None
        return value - late[0][1], {"measured": value, "from": late[0][1], "from_ms": late[0][0]}

    def copy(self) -> Self:
        """A signal of its own."""
        twin = object.__new__(type(self))
        twin._per_ms, twin._late = self._per_ms, self._late
        return twin

    def dump(self) -> Any:
        """The samples it remembers."""
        return self._late

    def load(self, told: Any) -> None:
        """Remember those."""
        self._late = tuple((at, value) for at, value in told)
