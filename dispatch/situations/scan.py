"""Scan: where more has happened lately than is usual there, and whether that may be chance.

A space-time scan statistic after Kulldorff (Poisson, prospective: all windows end now). Its null is
that of shuffled times: within equal kinds of time, which of the things happened now is chance. So
the shuffles keep what each area has and what each slot has, as they are, and the p-value of the
greatest of all zones and windows is exact whatever the city looks like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from dispatch.situations.baseline import Counts, expected
from dispatch.situations.chance import Chance, Shuffles, chance_of
from dispatch.situations.zones import Zones

Number = TypeVar("Number", np.int64, np.float64)
_AT_ONCE: Final = 3_000_000
"""So many zones of shuffles are scored at once: some hundred megabytes at the most."""

_NEVER: Final = 2**31 - 1

MOST_OF_ALL: Final = 0.5
"""A zone in which more than this share would be usual is no place any more."""


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A zone with more than usual over the newest *window* slots; *areas* with the middle first.

    *expected* is what was usual, *score* the logarithm of the likelihood ratio, *chance* how
    likely no zone of the whole city would have scored as high by chance.
    """

    areas: tuple[str, ...]
    window: int
    observed: int
    expected: float
    score: float
    chance: Chance


@dataclass(frozen=True, slots=True)
class Look:
    """How to look: *windows* in slots, at least so many things, and what chance may take."""

    windows: tuple[int, ...]
    at_least: int = 3
    most_p: float = 0.01
    replicates: int = 999


def find_hot_spots(counts: Counts, zones: Zones, look: Look, seed: int) -> list[HotSpot]:
    """The hot spots that chance would not make, the clearest first; no two share an area.

    The same counts and *seed* give the same answer.
    """
    busy = np.flatnonzero(counts.pooled.sum(axis=0))
    counts, zones = counts.within(busy), zones.within(busy)
    if not counts.now.sum():
        return []
    scorer = Scorer.of(counts, zones, look)
    scores = scorer.scores(counts.now)
    found = _greatest_apart(scores, zones)
    at_once = max(1, _AT_ONCE // scorer.usual.size)
    shuffles = Shuffles(counts, np.random.default_rng(seed), at_once=at_once)
    spots: list[HotSpot] = []
    # What was shuffled for the first serves the others: each is held against the greatest of all.
    for window, area, last in found:
        score = float(scores[window, area, last])
        chance = chance_of(score, shuffles, scorer.greatest, look.most_p, look.replicates)
        if chance.p > look.most_p:
            break
        spots.append(_spot(counts, zones, look, (window, area, last), scorer, score, chance))
    return spots


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores of all zones and windows under expectations that no shuffle changes.

    *usual* has shape (V, n, K): what is usual over each window in each zone; *totals* (V,).
    *least* has the shape of *usual*: from how many on a zone scores at all.
    """

    windows: tuple[int, ...]
    zones: Zones
    usual: NDArray[np.float64]
    totals: NDArray[np.float64]
    least: NDArray[np.int32]

    @classmethod
    def of(cls, counts: Counts, zones: Zones, look: Look) -> Scorer:
        """The scorer of some counts; windows longer than there are slots are cut to these.

        Zones that are too far or too much of the city never score, and none that is not above
        what is usual.
        """
        slots = len(counts.now)
        windows = tuple(sorted({min(one, slots) for one in look.windows}))
        usual = _by_zone(_by_window(expected(counts)[None], windows), zones)[0]
        totals = _by_window(counts.now[None].sum(axis=2, keepdims=True), windows)[0, :, 0]
        allowed = zones.reaches & (usual <= MOST_OF_ALL * totals[:, None, None])
        least = np.where(allowed, np.maximum(look.at_least, np.floor(usual) + 1), _NEVER)
        return cls(windows, zones, usual, totals.astype(np.float64), least.astype(np.int32))

    def scores(self, now: NDArray[np.int64]) -> NDArray[np.float64]:
        """The score of each zone (a, k) over each window, shape (V, n, K), of *now* (W, n)."""
        scores = np.zeros(self.usual.shape)
        where, values = self._scored(now[None])
        scores[where[1:]] = values
        return scores

    def greatest(self, now: NDArray[np.int64]) -> NDArray[np.float64]:
        """The greatest score of each of *now* (B, W, n); shape (B,), 0 where nothing scores."""
        greatest = np.zeros(len(now))
        where, values = self._scored(now)
        np.maximum.at(greatest, where[0], values)
        return greatest

    def _scored(
        self, now: NDArray[np.int64]
    ) -> tuple[tuple[NDArray[np.intp], ...], NDArray[np.float64]]:
        """Where anything scores, as numbers (b, window, area, last), and how much."""
        by_window = _by_window(now, self.windows).astype(np.int32)
        happened = by_window[:, :, self.zones.nearest]
        np.cumsum(happened, axis=3, out=happened)
        where = np.nonzero(happened >= self.least)
        few = happened[where].astype(np.float64)
        return where, log_likelihood_ratio(few, self.usual[where[1:]], self.totals[where[1]])


def log_likelihood_ratio(
    happened: NDArray[np.float64], usual: NDArray[np.float64], total: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much likelier *happened* of *total* is by a rate of its own than by what is *usual*."""
    rest, usual_rest = total - happened, total - usual
    ratio = np.divide(rest, usual_rest, out=np.ones_like(rest), where=(rest > 0) & (usual_rest > 0))
    return np.asarray(happened * np.log(happened / usual) + rest * np.log(ratio))


def _by_window(counts: NDArray[Number], windows: Sequence[int]) -> NDArray[Number]:
    """(B, W, n) by slot as (B, V, n) by window: the newest one, two … slots together."""
    return counts.cumsum(axis=1)[:, [one - 1 for one in windows]]


def _by_zone(counts: NDArray[np.float64], zones: Zones) -> NDArray[np.float64]:
    """(B, V, n) by area as (B, V, n, K) by zone."""
    return counts[:, :, zones.nearest].cumsum(axis=3)


def _greatest_apart(scores: NDArray[np.float64], zones: Zones) -> list[tuple[int, int, int]]:
    """(window, area, last) of the zones that score, greatest first, without those that overlap.

    Of equal ones the shorter window and the smaller zone come first.
    """
    flat = np.flatnonzero(scores)
    _, _, lasts = np.unravel_index(flat, scores.shape)
    order = flat[np.lexsort((flat, lasts, -scores.ravel()[flat]))]
    taken, found = np.zeros(len(zones.codes), dtype=np.bool_), list[tuple[int, int, int]]()
    for one in order.tolist():
        window, area, last = (int(n) for n in np.unravel_index(one, scores.shape))
        areas = zones.nearest[area, : last + 1]
        if not taken[areas].any():
            taken[areas] = True
            found.append((window, area, last))
    return found


def _spot(
    counts: Counts,
    zones: Zones,
    look: Look,
    at: tuple[int, int, int],
    scorer: Scorer,
    score: float,
    chance: Chance,
) -> HotSpot:
    window, area, last = at
    slots = scorer.windows[window]
    areas = zones.nearest[area, : last + 1]
    return HotSpot(
        areas=zones.areas_of(area, last),
        window=slots,
        observed=int(counts.now[:slots, areas].sum()),
        expected=float(scorer.usual[at]),
        score=score,
        chance=chance,
    )
