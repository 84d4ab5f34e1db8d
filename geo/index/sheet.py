"""What is on the table while a window of pixels is plotted: edges, and the pixels they touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.index.lattice import Lattice
from geo.index.outlines import NOBODY, Outlines
from geo.index.trace import ranges


class Window(NamedTuple):
    """First and last column and row of top pixels."""

    west: int
    south: int
    east: int
    north: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The edges that matter in a window: their numbers, their ends in top pixels, their cells."""

    lattice: Lattice
    outlines: Outlines
    edges: NDArray[np.intp]
    segments: NDArray[np.float64]
    sides: NDArray[np.int32]


class Touched(NamedTuple):
    """Pixels of one level that edges touch.

    `pixel` (ascending) and `edge` (row of the sheet) have one entry per touch; `keys`, `starts`
    and `cover` one per pixel. `cover` is the lowest cell that covers the pixel wholly.
    """

    pixel: NDArray[np.int64]
    edge: NDArray[np.int64]
    keys: NDArray[np.int64]
    starts: NDArray[np.intp]
    cover: NDArray[np.int32]


def sheet_of(
    lattice: Lattice, outlines: Outlines, bounds: NDArray[np.float64], window: Window
) -> Sheet:
    """The edges of all cells whose *bounds* (n, 4) reach into *window*."""
    west, south = lattice.degrees(window.west - 0.01, window.south - 0.01)
    east, north = lattice.degrees(window.east + 1.01, window.north + 1.01)
    listed = (bounds[:, 0] < east) & (bounds[:, 2] > west)
    listed &= (bounds[:, 1] < north) & (bounds[:, 3] > south)
    _, steps = outlines.half_edges(np.flatnonzero(listed))
    is_used = np.zeros(len(outlines.ends), dtype=bool)
    is_used[steps >> 1] = True
    edges = np.flatnonzero(is_used)
    sides = outlines.sides[edges]
    sides = np.where((sides != NOBODY) & listed[sides], sides, np.int32(NOBODY))
    segments = lattice.pixels(outlines.ends[edges].reshape(-1, 2)).reshape(-1, 4)
    return Sheet(lattice, outlines, edges, segments, sides)


def part(touched: Touched, chosen: NDArray[np.intp]) -> Touched:
    """Only the chosen pixels, renumbered from 0."""
    first, last = touched.starts[chosen], touched.starts[chosen + 1] - 1
    number, place = ranges(first, last)
    starts = np.concatenate([[0], np.cumsum(last - first + 1)])
    return Touched(number, touched.edge[place], touched.keys[chosen], starts, touched.cover[chosen])


def sorted_pairs(
    pixel: NDArray[np.int64], edge: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both by ascending pixel, then edge."""
    packed = np.sort((pixel << 32) | edge, kind="stable")
    return packed >> 32, packed & 0xFFFFFFFF


def groups(pixel: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """The different pixels, and where each starts, with the end of the last."""
    is_first = np.ones(len(pixel), dtype=bool)
    is_first[1:] = pixel[1:] != pixel[:-1]
    first = np.flatnonzero(is_first)
    return pixel[first], np.append(first, len(pixel))
