"""Which cell of one version lies on which of another, in m², and what is mere drawing noise."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import pi
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.measure import area_m2
from grid.tessellate.plane import Plane

Shapes = NDArray[np.object_]
Numbers = NDArray[np.intp]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Pairs of an old and a new cell with common ground, by their numbers; area in m²."""

    old: Numbers
    new: Numbers
    area_m2: Floats
    wide: Flags
    """Whether somewhere the common ground is wider than what counts as noise."""


def find_overlaps(old: Shapes, new: Shapes, plane: Plane, noise_m: float) -> Overlaps:
    """Every pair of cells with common ground; polygons in degrees, ordered by old, then new.

    Cells that only touch have none. Memory is bounded by working off the old ones in parts.
    """
    parts = list(_parts(old, new, plane, noise_m))
    if not parts:
        nothing = np.empty(0, dtype=np.intp)
        return Overlaps(nothing, nothing, np.empty(0), np.empty(0, dtype=bool))
    return Overlaps(
        np.concatenate([one.old for one in parts]),
        np.concatenate([one.new for one in parts]),
        np.concatenate([one.area_m2 for one in parts]),
        np.concatenate([one.wide for one in parts]),
    )


def _parts(old: Shapes, new: Shapes, plane: Plane, noise_m: float) -> Iterator[Overlaps]:
    tree = shapely.STRtree(new)
    for start in range(0, len(old), _AT_ONCE):
        some = old[start : start + _AT_ONCE]
        one, other = tree.query(some, predicate="intersects")
        common = shapely.intersection(some[one], new[other])
        there = shapely.area(common) > 0
        one, other, common = one[there], other[there], common[there]
        order = np.lexsort([other, one])
        one, other, common = one[order], other[order], common[order]
        yield Overlaps(one + start, other, area_m2(common), is_wide(common, plane, noise_m))


def is_wide(shapes: Shapes, plane: Plane, noise_m: float) -> Flags:
    """Whether a circle of the diameter *noise_m* fits into each shape (degrees).

    What is narrower everywhere came from drawing the same border twice. Nearly all shapes are
    told by area and outline alone; only the rest are shrunk, which is slow.
    """
    flat = plane.metres(shapes)
    area, outline = shapely.area(flat), shapely.length(flat)
    wide = 2 * area >= noise_m * outline
    wide &= area > 0
    unsure = np.flatnonzero(~wide & (area > pi / 4 * noise_m**2))
    shrunk = shapely.buffer(flat[unsure], -noise_m / 2)
    wide[unsure] = ~shapely.is_empty(shrunk)
    return wide
