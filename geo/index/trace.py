"""Which pixels a segment touches, and where it crosses the middle lines of pixel rows.

Everything is in units of one level's pixels. Touching is conservative: a pixel within MARGIN of a
segment counts. Rounding moves a coordinate by less than a hundredth of that.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

MARGIN: Final = 1e-4


class Box(NamedTuple):
    """First and last column and row of the pixels that matter, one for all or one per segment."""

    west: NDArray[np.int64] | int
    south: NDArray[np.int64] | int
    east: NDArray[np.int64] | int
    north: NDArray[np.int64] | int


class Touches(NamedTuple):
    """One entry per touched pixel: number of the segment, column, row."""

    segment: NDArray[np.intp]
    column: NDArray[np.int64]
    row: NDArray[np.int64]


class Crossings(NamedTuple):
    """One entry per crossed middle line: segment, row, first column whose middle lies right."""

    segment: NDArray[np.intp]
    row: NDArray[np.int64]
    column: NDArray[np.int64]


def touches(segments: NDArray[np.float64], box: Box) -> Touches:
    """Every pixel of *box* within MARGIN of each of the *segments* (n, 4)."""
    x1, y1, x2, y2 = _upwards(segments)
    low = np.maximum(np.floor(y1 - MARGIN).astype(np.int64), box.south)
    high = np.minimum(np.floor(y2 + MARGIN).astype(np.int64), box.north)
    segment, row = ranges(low, high)
    x1, y1, x2, y2 = x1[segment], y1[segment], x2[segment], y2[segment]
    rise = y2 - y1
    slope = np.divide(x2 - x1, rise, out=np.zeros_like(rise), where=rise > 0)
    enter = x1 + (np.maximum(y1, row - MARGIN) - y1) * slope
    leave = np.where(rise > 0, x1 + (np.minimum(y2, row + (1 + MARGIN)) - y1) * slope, x2)
    first = np.floor(np.minimum(enter, leave) - MARGIN).astype(np.int64)
    last = np.floor(np.maximum(enter, leave) + MARGIN).astype(np.int64)
    west, east = (_each(side, segment) for side in (box.west, box.east))
    stretch, column = ranges(np.maximum(first, west), np.minimum(last, east))
    return Touches(segment[stretch], column, row[stretch])


def crossings(segments: NDArray[np.float64], south: int, north: int) -> Crossings:
    """Where *segments* cross the middle lines of the rows *south* to *north*.

    The lower end of a segment belongs to it and the upper does not, so a ring crosses every line
    an even number of times. The column is right for every pixel that no segment touches.
    """
    x1, y1, x2, y2 = _upwards(segments)
    low = np.maximum(np.ceil(y1 - 0.5).astype(np.int64), south)
    high = np.minimum(np.ceil(y2 - 0.5).astype(np.int64) - 1, north)
    segment, row = ranges(low, high)
    x1, y1, x2, y2 = x1[segment], y1[segment], x2[segment], y2[segment]
    across = x1 + (row + 0.5 - y1) * ((x2 - x1) / (y2 - y1))
    return Crossings(segment, row, np.ceil(across - 0.5).astype(np.int64))


def ranges(
    first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """All integers from *first* to *last* (inclusive) of each pair, with the pair's number."""
    counts = np.maximum(last - first + 1, 0)
    pair = np.repeat(np.arange(len(counts)), counts)
    offset = first - (np.cumsum(counts) - counts)
    return pair, np.arange(len(pair), dtype=np.int64) + offset[pair]


def _upwards(segments: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """x1, y1, x2, y2 with y1 <= y2."""
    down = segments[:, 1] > segments[:, 3]
    turned = np.where(down[:, None], segments[:, [2, 3, 0, 1]], segments)
    return tuple(np.ascontiguousarray(column) for column in turned.T)


def _each(side: NDArray[np.int64] | int, segment: NDArray[np.intp]) -> NDArray[np.int64] | int:
    return side if isinstance(side, int) else side[segment]
