"""Chance: how often shuffled times score as high as what happened.

Shuffling stops as soon as it cannot come out significant any more: on an ordinary day after some
twenty shuffles. Where a look may take less chance than the shuffles can show, their greatest
scores are taken for a Gumbel distribution, whose tail goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.situations.baseline import Counts

_FIRST, _THEN = 19, 80
_GAMMA: Final = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class Chance:
    """The chance of scoring as high when nothing is there, by so many shuffles.

    *by_tail* says that it is less than shuffles can show and was read off the Gumbel tail.
    """

    p: float
    replicates: int
    by_tail: bool = False

    def recurrence(self, every: timedelta) -> timedelta:
        """In how long chance makes one such, when looks come *every* so often; a bound."""
        return every * min(1.0 / max(self.p, 1e-9), timedelta(days=36_500) / every)


class Shuffles:
    """What would have happened now, had times been shuffled; kept, so that nothing is drawn twice.

    *at_once* is how many are held in memory together.
    """

    def __init__(self, counts: Counts, rng: np.random.Generator, *, at_once: int = 80) -> None:
        self._counts, self._rng, self._at_once = counts, rng, at_once
        self._greatest = np.empty(0)

    def greatest(
        self, many: int, score: Callable[[NDArray[np.int64]], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """The greatest score of each of the first *many* shuffles, shape (many,)."""
        while len(self._greatest) < many:
            some = min(many - len(self._greatest), self._at_once)
            self._greatest = np.concatenate([self._greatest, score(self.draw(some))])
        return self._greatest[:many]

    def draw(self, many: int) -> NDArray[np.int64]:
        """As many shuffles, shape (many, W, n): what each slot and each area has stays the same."""
        drawn = np.zeros((many, *self._counts.now.shape), dtype=np.int64)
        pooled = self._counts.pooled
        for kind in np.unique(self._counts.kinds).tolist():
            of_kind = np.flatnonzero(self._counts.kinds == kind)
            drawn += self._drawn(many, of_kind, pooled[kind])
        return drawn

    def _drawn(
        self, many: int, slots: NDArray[np.intp], pooled: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """What happens in the slots of one kind of time, drawn out of all of that kind."""
        shape = (many, *self._counts.now.shape)
        sizes = self._counts.now[slots].sum(axis=1)
        total, some = int(sizes.sum()), np.flatnonzero(pooled)
        taken = self._rng.multivariate_hypergeometric(
            pooled[some], total, size=many, method="marginals"
        )
        areas = np.repeat(np.tile(some, many), taken.ravel()).reshape(many, total)
        areas = self._rng.permuted(areas, axis=1)
        rows = np.arange(many)[:, None] * shape[1] + np.repeat(slots, sizes)[None]
        flat = np.bincount((rows * shape[2] + areas).ravel(), minlength=math.prod(shape))
        return flat.reshape(shape)


def chance_of(
    score: float,
    shuffles: Shuffles,
    scored: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    most_p: float,
    replicates: int,
) -> Chance:
    """The chance of such a score, by at most *replicates* shuffles.

    A chance above *most_p* is told as soon as it is sure to be above, and then roughly.
    """
    many, allowed = 0, most_p * (replicates + 1)
    as_high = 0
    while many < replicates:
        many = min(replicates, many + (_THEN if many else _FIRST))
        as_high = int(np.count_nonzero(shuffles.greatest(many, scored) >= score - 1e-9))
        if as_high + 1 > allowed and as_high:
            return Chance((as_high + 1) / (many + 1), many)
    p = (as_high + 1) / (replicates + 1)
    if p <= most_p or as_high:
        return Chance(p, replicates)
    return Chance(gumbel_tail(score, shuffles.greatest(replicates, scored)), replicates, True)


def gumbel_tail(score: float, greatest: NDArray[np.float64]) -> float:
    """The chance that the greatest of a shuffle is as high, by a Gumbel distribution of *greatest*.

    Fitted by moments, with both taken at the upper end of what so many shuffles leave open, so
    that the answer is rather too great than too small.
    """
    many = len(greatest)
    spread, middle = float(greatest.std(ddof=1)), float(greatest.mean())
    spread *= 1.0 + 2.0 / math.sqrt(many)
    middle += 2.0 * spread / math.sqrt(many)
    scale = max(spread * math.sqrt(6.0) / math.pi, 1e-9)
    place = middle - _GAMMA * scale
    return float(-math.expm1(-math.exp(min(50.0, -(score - place) / scale))))
