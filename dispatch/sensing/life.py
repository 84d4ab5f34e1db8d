"""The life of the alarms of one device under one rule, as a fold over what the rule judges.

Numbers come in order of event time, each once; whoever calls sees to that. The same numbers make
the same episodes. Nothing here knows how late anything came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from dispatch.sensing.alarm import GRAVEST, Kind
from dispatch.sensing.episode import Episode, Turn
from dispatch.sensing.rules import Bound, SensorRule

NEVER: Final = 1 << 62
"""Later than any event time, in milliseconds."""

Test = Callable[[float], bool]


def test_of(bound: Bound) -> Test:
    """`Bound.holds` of one bound, without looking at its side each time."""
    limit = bound.limit
    match bound.side:
        case "above":
            return lambda x: x > limit
        case "below":
            return lambda x: x < limit
        case "beyond":
            return lambda x: x > limit or x < -limit
        case "within":
            return lambda x: -limit < x < limit
        case "reaching":
            return lambda x: x >= limit


@dataclass(frozen=True, slots=True)
class Terms:
    """What a life goes by: a rule, with its bounds as functions."""

    rule: SensorRule
    tests: tuple[tuple[int, Test, int], ...]
    clear: Test | None
    zone: ZoneInfo

    @classmethod
    def of(cls, rule: SensorRule, zone: ZoneInfo) -> Self:
        """The terms of a rule in a city whose clocks are of *zone*."""
        tests = tuple((step.level, test_of(step.bound), step.held_ms) for step in rule.steps)
        return cls(rule, tests, test_of(rule.clear) if rule.clear else None, zone)


class Life:
    """Where the episodes stand after the numbers taken so far.

    *since* says for each step of the rule when its bound began to hold, *hits* the late times it
    was crossed when the rule counts; *lifted* how many levels the open episode went up by time.
    """

    __slots__ = (
        "_clear_since", "_hits", "_last", "_level_since", "_lifted", "_lower_since", "_lower_to",
        "_open", "_since", "_terms", "_told_at", "episodes",
    )  # fmt: skip

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self.episodes: list[Episode] = []
        self._open: Episode | None = None
        self._since: list[int | None] = [None] * len(terms.tests)
        self._hits: list[tuple[int, ...]] = [()] * len(terms.tests)
        self._last: int | None = None
        self._clear_since: int | None = None
        self._lower_since: int | None = None
        self._lower_to = 0
        self._level_since = self._told_at = self._lifted = 0

    def copy(self) -> Self:
        """A life of its own that stands where this one does."""
        twin = type(self)(self._terms)
        twin.episodes = [episode.copy() for episode in self.episodes]
        twin._open = twin.episodes[-1] if self._open is not None else None
        twin._since, twin._hits = self._since.copy(), self._hits.copy()
        for name in _PLAIN:
            setattr(twin, name, getattr(self, name))
        return twin

    def step(self, at: int, x: float, facts: dict[str, Any]) -> None:
        """Take the number *x* of the time *at*; *facts* go into what changes by it."""
        rule = self._terms.rule
        if rule.gap_ms and self._last is not None and at - self._last > rule.gap_ms:
            self._let_go()
        self._last = at
        met, held = self._levels(at, x)
        if self._open is None:
            if held:
                self._begin(at, held, x, facts)
        elif self._is_over(at, x, met):
            self._end(at, x, facts)
        else:
            self._regrade(at, x, met, held, facts)

    def due(self) -> int:
        """When time alone changes something next; NEVER when it does not."""
        if self._open is None:
            return NEVER
        rule = self._terms.rule
        lift = self._level_since + rule.lift_ms if self._lifts() else NEVER
        return min(lift, self._told_at + rule.repeat_ms if rule.repeat_ms else NEVER)

    def ring(self, at: int) -> None:
        """Do what was due at that time."""
        episode, rule = self._open, self._terms.rule
        if episode is None:
            return
        if self._lifts() and self._level_since + rule.lift_ms <= at:
            self._lifted += 1
            self._regraded(at, "upgraded", episode.level - 1, None, {"stood_ms": rule.lift_ms})
        else:
            self._told_at = at
            episode.turn(at, "repeated", episode.level, None, {"stood_ms": at - episode.started})

    def rests_at(self) -> int:
        """From when on it is as blank as a new life if nothing more is crossed; NEVER: not yet."""
        if self._open is not None or any(begun is not None for begun in self._since):
            return NEVER
        rule = self._terms.rule
        ended = [(one.ended or 0) + rule.rest_ms for one in self.episodes]
        return max([*ended, *(hits[-1] + rule.count_ms for hits in self._hits if hits)], default=0)

    def forget(self, before: int) -> None:
        """Let go of what can neither change nor open again: all before that time is settled."""
        rule = self._terms.rule
        for episode in self.episodes:
            episode.forget(before)
        self.episodes = [
            one for one in self.episodes if one.ended is None or one.ended + rule.rest_ms >= before
        ]
        if any(self._hits):
            self._hits = [
                tuple(t for t in hits if t >= before - rule.count_ms) for hits in self._hits
            ]

    def _levels(self, at: int, x: float) -> tuple[int, int]:
        """The gravest level whose bound holds, and that which has held long enough; 0 for none."""
        met = held = 0
        since, count = self._since, self._terms.rule.count
        for n, (level, test, held_ms) in enumerate(self._terms.tests):
            if self._enough(n, at, test(x)) if count else test(x):
                begun = since[n]
                if begun is None:
                    begun = since[n] = at
                met = met or level
                if not held and at - begun >= held_ms:
                    held = level
            else:
                since[n] = None
        return met, held

    def _enough(self, n: int, at: int, hit: bool) -> bool:
        rule = self._terms.rule
        hits = self._hits[n]
        if hits or hit:
            kept = tuple(t for t in hits if t > at - rule.count_ms)
            self._hits[n] = hits = (*kept, at)[-rule.count :] if hit else kept
        return len(hits) >= rule.count

    def _begin(self, at: int, level: int, x: float, facts: dict[str, Any]) -> None:
        rest_ms = self._terms.rule.rest_ms
        last = self.episodes[-1] if self.episodes else None
        if last is not None and last.ended is not None and rest_ms and at - last.ended <= rest_ms:
            last.turn(at, "reopened", level, x, facts)
            self._open = last
        else:
            self._open = Episode(at, [Turn(at, "raised", level, level, 0, x, facts)])
            self.episodes.append(self._open)
        self._level_since = self._told_at = at
        self._lifted = 0
        self._clear_since = self._lower_since = None

    def _is_over(self, at: int, x: float, met: int) -> bool:
        clear = self._terms.clear
        if not (not met if clear is None else clear(x)):
            self._clear_since = None
            return False
        if self._clear_since is None:
            self._clear_since = at
        return at - self._clear_since >= self._terms.rule.clear_ms

    def _end(self, at: int, x: float, facts: dict[str, Any]) -> None:
        episode, self._open = self._open, None
        self._clear_since = self._lower_since = None
        if episode is not None:
            episode.turn(at, "cleared", episode.level, x, facts)

    def _regrade(self, at: int, x: float, met: int, held: int, facts: dict[str, Any]) -> None:
        episode = self._open
        if episode is None:
            return
        now = self._by_time(met or self._terms.rule.mildest)
        if held and self._by_time(held) < episode.level:
            self._regraded(at, "upgraded", self._by_time(held), x, facts)
        elif now <= episode.level:
            self._lower_since = None
        else:
            self._sink(at, now, episode.level, x, facts)

    def _sink(self, at: int, now: int, level: int, x: float, facts: dict[str, Any]) -> None:
        """Go down to the gravest level of the span that the rule waits for."""
        if self._lower_since is None:
            self._lower_since, self._lower_to = at, now
        self._lower_to = min(self._lower_to, now)
        if at - self._lower_since >= self._terms.rule.lower_ms:
            self._regraded(at, "downgraded", self._lower_to, x, facts)

    def _by_time(self, level: int) -> int:
        lift_to = min(self._terms.rule.lift_to, level)
        return max(lift_to, level - self._lifted, GRAVEST)

    def _regraded(
        self, at: int, kind: Kind, level: int, x: float | None, facts: dict[str, Any]
    ) -> None:
        if self._open is not None:
            self._open.turn(at, kind, level, x, facts)
        self._level_since, self._lower_since = at, None

    def _lifts(self) -> bool:
        rule = self._terms.rule
        return bool(rule.lift_ms) and self._open is not None and self._open.level > rule.lift_to

    def _let_go(self) -> None:
        """Nothing has held through a gap in the samples."""
        self._since = [None] * len(self._since)
        self._clear_since = self._lower_since = None

    def dump(self) -> list[Any]:
        """The form `load` reads."""
        return [
            [episode.dump() for episode in self.episodes],
            self._open is not None,
            self._since,
            self._hits,
            *(getattr(self, name) for name in _PLAIN),
        ]

    @classmethod
    def load(cls, terms: Terms, told: list[Any]) -> Self:
        """The life that `dump` wrote, under the same terms."""
        life = cls(terms)
        episodes, is_open, life._since, hits, *plain = told
        life.episodes = [Episode.load(one) for one in episodes]
        life._open = life.episodes[-1] if is_open else None
        life._hits = [tuple(one) for one in hits]
        for name, value in zip(_PLAIN, plain, strict=True):
            setattr(life, name, value)
        return life


_PLAIN: Final = (
    "_last", "_clear_since", "_lower_since", "_lower_to", "_level_since", "_told_at", "_lifted",
)  # fmt: skip


class WindowLife:
    """The life of the short form: every window that a sample crosses in is an alarm of its own.

    A window begins at a multiple of its length since 1970 in UTC; it holds its start and not its
    end, where the alarm ends.
    """

    __slots__ = ("_terms", "episodes")

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self.episodes: list[Episode] = []

    def copy(self) -> Self:
        """A life of its own that stands where this one does."""
        twin = type(self)(self._terms)
        twin.episodes = [episode.copy() for episode in self.episodes]
        return twin

    def step(self, at: int, x: float, facts: dict[str, Any]) -> None:
        """Take the number *x* of the time *at*."""
        if self.due() <= at:
            self.ring(self.due())
        [(level, test, _)] = self._terms.tests
        if test(x) and self._open() is None:
            start = at - at % self._terms.rule.window_ms
            self.episodes.append(Episode(start, [Turn(at, "raised", level, level, 0, x, facts)]))

    def due(self) -> int:
        """When the window ends; NEVER when none is open."""
        episode = self._open()
        return NEVER if episode is None else episode.started + self._terms.rule.window_ms

    def ring(self, at: int) -> None:
        """End the window."""
        episode = self._open()
        if episode is not None:
            episode.turn(at, "cleared", episode.level, None, {})

    def rests_at(self) -> int:
        """From when on it is as blank as a new life if nothing more is crossed; NEVER: not yet."""
        return NEVER if self._open() else max((one.ended or 0 for one in self.episodes), default=0)

    def forget(self, before: int) -> None:
        """Let go of what is settled."""
        for episode in self.episodes:
            episode.forget(before)
        self.episodes = [one for one in self.episodes if one.ended is None or one.ended >= before]

    def _open(self) -> Episode | None:
        last = self.episodes[-1] if self.episodes else None
        return last if last is not None and last.ended is None else None

    def dump(self) -> list[Any]:
        """The form `load` reads."""
        return [episode.dump() for episode in self.episodes]

    @classmethod
    def load(cls, terms: Terms, told: list[Any]) -> Self:
        """The life that `dump` wrote."""
        life = cls(terms)
        life.episodes = [Episode.load(one) for one in told]
        return life
