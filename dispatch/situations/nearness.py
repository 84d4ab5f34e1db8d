"""Nearness: whether one fact lies near others, in place and in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from dispatch.situations.facts import Fact, in_metres, positions


@dataclass(frozen=True, slots=True)
class Reach:
    """How far something may be from another to be near it: in metres, and in time either way."""

    radius_m: float
    within: timedelta


def near_to(facts: Sequence[Fact], others: Sequence[Fact], reach: Reach) -> NDArray[np.bool_]:
    """Which of *facts* are near any of *others*, shape (n,)."""
    places = in_metres(positions([*facts, *others]))
    seconds = np.array([fact.at.timestamp() for fact in (*facts, *others)])
    many, span = len(facts), reach.within.total_seconds()
    found = np.zeros(many, dtype=np.bool_)
    for place, second in zip(places[many:], seconds[many:].tolist(), strict=True):
        apart = np.hypot(places[:many, 0] - place[0], places[:many, 1] - place[1])
        found |= (apart <= reach.radius_m) & (np.abs(seconds[:many] - second) <= span)
    return found
