"""What all signals have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol, Self

from dispatch.sensing.life import NEVER

Values = Sequence[float | None]
Judged = tuple[float, dict[str, Any]] | None

NO_FACTS: Final[dict[str, Any]] = {}


class Signal(Protocol):
    """A fold over samples: asked once for each instant, in order of event time.

    *due*, *ring* and *postpone* are for signals that time alone can change.
    """

    def take(self, at: int, values: Values) -> Judged:
        """What is to be judged at that instant, and the facts behind it; None: nothing.

        *values* has what each member of the course measured then, None where it did not.
        """
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
