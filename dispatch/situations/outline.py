"""The outline of a situation on the map, and how it grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import shapely

from dispatch.situations.facts import Fact, positions
from geo.crs import WGS84, crs_named, geometries_transformed, metric_crs_for
from geo.measure import area_m2

MARGIN_M: Final = 60.0
"""How far the outline lies outside what it is drawn around: a single place is a disc."""
_TIMES: Final = 8
"""Into so many equal times the life of a situation is divided to see how it grows."""


def outline(facts: Sequence[Fact]) -> shapely.Geometry:
    """A polygon in degrees WGS84 around the facts: their hull, with a margin in metres."""
    spots = positions(facts)
    hull = shapely.convex_hull(shapely.multipoints(spots))
    west, south, east, north = shapely.bounds(hull).tolist()
    metres, degrees = metric_crs_for((west, south, east, north)), crs_named(WGS84)
    [flat] = geometries_transformed(np.array([hull], dtype=object), degrees, metres)
    wider = shapely.buffer(flat, MARGIN_M, quad_segs=6)
    [drawn] = geometries_transformed(np.array([wider], dtype=object), metres, degrees)
    return shapely.set_precision(drawn, 1e-7)


def size_m2(shape: shapely.Geometry) -> float:
    """The area of an outline in square metres."""
    return float(area_m2(np.array([shape], dtype=object))[0])


@dataclass(frozen=True, slots=True)
class Trend:
    """How a situation grows: how much came in the *newest* of equal times, and in the one before.

    *word* is rising, steady, falling or quiet; *counts* are the newest eight times, oldest first.
    """

    word: str
    newest: int
    before: int
    time: timedelta
    counts: tuple[int, ...]


def trend(facts: Sequence[Fact], now: datetime) -> Trend:
    """How a situation grows, by when its facts happened."""
    ages = [max(timedelta(), now - fact.at) for fact in facts]
    time = max(max(ages) / _TIMES, timedelta(minutes=10))
    slots = np.array([int(age / time) for age in ages])
    counts = np.bincount(slots[slots < _TIMES], minlength=_TIMES)[::-1].tolist()
    newest, before = counts[-1], counts[-2]
    return Trend(_word(newest, before), newest, before, time, tuple(counts))


def _word(newest: int, before: int) -> str:
    if not newest and not before:
        return "quiet"
    # More than the chance of counting: two standard deviations of a difference of two counts.
    if abs(newest - before) <= 2 * (newest + before) ** 0.5 and min(newest, before):
        return "steady"
    return "rising" if newest > before else "falling"
