"""What number a rule judges: the signals. Each is a fold over the samples of its members.

A signal is asked in order of event time, once for each instant, with what each member measured
then (None: nothing). It answers with a number and the facts behind it, or None when there is
nothing to judge. To add one: write the class, name it in `KINDS` and in `rules.SIGNALS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, Self

from dispatch.sensing.life import NEVER
from dispatch.sensing.rules import SensorRule

Values = Sequence[float | None]
Judged = tuple[float, dict[str, Any]] | None


class Signal(Protocol):
    """What all signals do; *due* and *ring* are for those that time alone can change."""

    def take(self, at: int, values: Values) -> Judged:
        """What is to be judged at that instant."""
        ...

    def due(self) -> int:
        """When time alone changes the number next, NEVER when it does not."""
        ...

    def ring(self, at: int) -> Judged:
        """The number at the time that was due."""
        ...

    def postpone(self, at: int) -> None:
        """Count from *at* on: nobody was to measure before."""
        ...

    def copy(self) -> Self:
        """A signal of its own that stands where this one does."""
        ...

    def dump(self) -> Any:
        """What `load` reads."""
        ...

    def load(self, told: Any) -> None:
        """Stand where `dump` was written."""
        ...


class Timeless:
    """A signal that only samples change."""

    __slots__ = ()

    def due(self) -> int:
        """Never."""
        return NEVER

    def ring(self, at: int) -> Judged:
        """Nothing."""
        return None

    def postpone(self, at: int) -> None:
        """Do nothing."""


_NO_FACTS: Final[dict[str, Any]] = {}


class Measured(Timeless):
    """The value as it was measured."""

    __slots__ = ()

    def __init__(self, rule: SensorRule) -> None:
        pass

    def take(self, at: int, values: Values) -> Judged:
        """The value."""
        value = values[0]
        return None if value is None else (value, _NO_FACTS)

    def copy(self) -> Self:
        """It has nothing to stand on."""
        return self

    def dump(self) -> Any:
        """Nothing."""
        return None

    def load(self, told: Any) -> None:
        """Nothing to do."""


class Silence:
    """How many seconds nothing has come; judged whenever it reaches a limit of the rule."""

    __slots__ = ("_last", "_limits", "_rung")

    def __init__(self, rule: SensorRule) -> None:
        self._limits = tuple(sorted(round(step.bound.limit * 1000) for step in rule.steps))
        self._last: int | None = None
        self._rung = 0

    def take(self, at: int, values: Values) -> Judged:
        """Something came: 0."""
        self._last, self._rung = at, 0
        return 0.0, _NO_FACTS

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


KINDS: Final[dict[str, Callable[[SensorRule], Signal]]] = {
    "value": Measured,
    "silence": Silence,
}
