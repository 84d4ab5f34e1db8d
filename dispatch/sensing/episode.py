"""An episode: what is known of one alarm, as the steps it has gone through."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from dispatch.sensing.alarm import Kind


class Turn(NamedTuple):
    """One step of an episode, and the levels and flaps of the episode after it."""

    at: int
    kind: Kind
    level: int
    highest: int
    flaps: int
    value: float | None
    facts: dict[str, Any]


class Episode:
    """An alarm from its start on. The last of its *turns* says how it stands.

    *dropped* counts turns of the past that were let go: they can change no more.
    """

    __slots__ = ("dropped", "started", "turns")

    def __init__(self, started: int, turns: list[Turn], dropped: int = 0) -> None:
        self.started, self.turns, self.dropped = started, turns, dropped

    def copy(self) -> Self:
        """An episode of its own with the same turns."""
        return type(self)(self.started, self.turns.copy(), self.dropped)

    def turn(self, at: int, kind: Kind, level: int, x: float | None, facts: dict[str, Any]) -> None:
        """Take the next step."""
        last = self.turns[-1]
        highest, flaps = min(last.highest, level), last.flaps + (kind == "reopened")
        self.turns.append(Turn(at, kind, level, highest, flaps, x, facts))

    @property
    def level(self) -> int:
        """The level it has, or had at its end."""
        return self.turns[-1].level

    @property
    def ended(self) -> int | None:
        """When it ended; None while it stands."""
        last = self.turns[-1]
        return last.at if last.kind == "cleared" else None

    @property
    def length(self) -> int:
        """How many steps it has taken, those let go included."""
        return self.dropped + len(self.turns)

    def goes_on_from(self, other: Episode) -> bool:
        """Whether it took every step that *other* took, and started when that did."""
        first = max(self.dropped, other.dropped)
        before = other.turns[first - other.dropped :]
        here = self.turns[first - self.dropped :][: len(before)]
        return self.started == other.started and here == before

    def forget(self, before: int) -> None:
        """Let go the steps before that time, but for the last of all."""
        keep = next((n for n, turn in enumerate(self.turns) if turn.at >= before), len(self.turns))
        keep = min(keep, len(self.turns) - 1)
        if keep:
            del self.turns[:keep]
            self.dropped += keep

    def dump(self) -> list[Any]:
        """The form `load` reads."""
        return [self.started, self.turns, self.dropped]

    @classmethod
    def load(cls, told: list[Any]) -> Self:
        """The episode that `dump` wrote."""
        started, turns, dropped = told
        return cls(started, [Turn(*turn) for turn in turns], dropped)
