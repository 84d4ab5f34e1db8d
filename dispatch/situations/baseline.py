"""Baseline: how many would be usual in each area now, by what was usual at such hours before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
_WEEKS_NEEDED: Final = 4
_DAYS_NEEDED: Final = 7
PULL: Final = 40.0
"""As so many cases the whole history of an area weighs against that of one hour of the week."""


class Season(StrEnum):
    """What kinds of times are told apart; as fine as the history allows."""

    NONE = "none"
    DAY = "hour of day"
    WEEKDAY = "day of week"
    WEEK = "hour of week"


def season_of(slot: timedelta, history: timedelta) -> Season:
    """The finest that every kind of time has been seen often enough for."""
    if history >= _WEEK * _WEEKS_NEEDED:
        return Season.WEEK if slot < _DAY else Season.WEEKDAY
    if history >= _DAY * _DAYS_NEEDED and slot < _DAY:
        return Season.DAY
    return Season.NONE


def kind_of_time(local: datetime, season: Season) -> int:
    """The kind of time that a moment of the city's clocks is of, from 0."""
    match season:
        case Season.NONE:
            return 0
        case Season.DAY:
            return local.hour
        case Season.WEEKDAY:
            return local.weekday()
        case Season.WEEK:
            return local.weekday() * 24 + local.hour


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened in n areas: before by kind of time, and now by slot.

    *before* has shape (S, n), one row for each kind of time; *now* has shape (W, n), one row for
    each slot, the newest first; *kinds* has shape (W,), the kind of time of each slot.
    """

    before: NDArray[np.int64]
    now: NDArray[np.int64]
    kinds: NDArray[np.intp]

    @property
    def pooled(self) -> NDArray[np.int64]:
        """All that happened at each kind of time, before and now; shape (S, n).

        Whoever shuffles times among equal kinds leaves it as it is.
        """
        pooled = self.before.copy()
        np.add.at(pooled, self.kinds, self.now)
        return pooled

    def within(self, areas: NDArray[np.intp]) -> Counts:
        """The same of some areas only."""
        return Counts(self.before[:, areas], self.now[:, areas], self.kinds)

    @classmethod
    def of(
        cls,
        areas: NDArray[np.intp],
        slots: NDArray[np.intp],
        kinds_of_slots: NDArray[np.intp],
        *,
        many_areas: int,
        longest: int,
    ) -> Self:
        """Counts of things by the number of their area and of their slot, 0 the newest.

        *kinds_of_slots* gives the kind of each slot of the whole time looked at; slots before
        *longest* are the history. Things of no area (-1) are left out.
        """
        known = (areas >= 0) & (slots >= 0) & (slots < len(kinds_of_slots))
        areas, slots = areas[known], slots[known]
        many_kinds = int(kinds_of_slots.max(initial=0)) + 1
        fresh = slots < longest
        before = _tally(kinds_of_slots[slots[~fresh]], areas[~fresh], many_kinds, many_areas)
        now = _tally(slots[fresh], areas[fresh], longest, many_areas)
        return cls(before, now, kinds_of_slots[:longest])


def _tally(
    rows: NDArray[np.intp], columns: NDArray[np.intp], many_rows: int, many_columns: int
) -> NDArray[np.int64]:
    flat = np.bincount(rows * many_columns + columns, minlength=many_rows * many_columns)
    return flat.astype(np.int64).reshape(many_rows, many_columns)


def shares(pooled: NDArray[np.int64], pull: float = PULL) -> NDArray[np.float64]:
    """The share of each area in what happens at each kind of time, shape (S, n).

    The less is known of a kind of time, the more it is taken for like all others: what the area
    has of everything counts as *pull* cases more.
    """
    of_all = pooled.sum(axis=0)
    usual = of_all / max(1, int(of_all.sum()))
    totals = pooled.sum(axis=1, keepdims=True)
    return np.asarray((pooled + pull * usual) / (totals + pull))


def expected(counts: Counts, pull: float = PULL) -> NDArray[np.float64]:
    """How many of those of each slot would be usual in each area, shape (W, n).

    They add up to what the slot has: that the whole city has more is no hot spot.
    """
    of_kinds = shares(counts.pooled, pull)[counts.kinds]
    return np.asarray(of_kinds * counts.now.sum(axis=1, keepdims=True))
