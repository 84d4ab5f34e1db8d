"""Outlines as straight pieces in metres, and positions spread evenly over them."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from grid.tessellate.plane import Plane, Shapes

Metres = NDArray[np.float64]


def segments_of(shapes: Shapes, plane: Plane) -> Metres:
    """The straight pieces (n, 4) of lines and of the outlines of areas: x, y, x, y in metres.

    *shapes* are in degrees; points, missing and empty ones have none.
    """
    parts = _single(shapes)
    kinds = shapely.get_type_id(parts)
    rings = shapely.get_rings(parts[kinds == shapely.GeometryType.POLYGON])
    lines = np.isin(kinds, (shapely.GeometryType.LINESTRING, shapely.GeometryType.LINEARRING))
    drawn = plane.metres(np.concatenate([rings, parts[lines]]))
    vertices, of = shapely.get_coordinates(drawn, return_index=True)
    joined = of[1:] == of[:-1]
    segments = np.hstack([vertices[:-1][joined], vertices[1:][joined]])
    return segments[(segments[:, :2] != segments[:, 2:]).any(axis=1)]


def spread_over(segments: Metres, most: int, step_m: float = 1.0) -> Metres:
    """Positions (n, 2) along the pieces, equally far apart, *step_m* at least, *most* at most."""
    if not len(segments):
        return np.empty((0, 2))
    ends = np.cumsum(np.hypot(*(segments[:, 2:] - segments[:, :2]).T))
    count = int(min(most, max(1.0, ends[-1] / step_m)))
    marks = (np.arange(count) + 0.5) * (ends[-1] / count)
    piece = np.searchsorted(ends, marks).clip(max=len(segments) - 1)
    start, stop = segments[piece, :2], segments[piece, 2:]
    length = np.hypot(*(stop - start).T)
    along = (1 - (ends[piece] - marks) / length).clip(0, 1)
    return start + (stop - start) * along[:, None]


def positions_of(shapes: Shapes, plane: Plane, most: int) -> Metres:
    """At most *most* positions (n, 2) in metres that stand for the layer.

    Of lines and areas along their outlines; of a layer of nothing but points some of these.
    """
    segments = segments_of(shapes, plane)
    if len(segments):
        return spread_over(segments, most)
    points = shapely.get_coordinates(plane.metres(_single(shapes)))
    chosen = np.linspace(0, len(points) - 1, min(most, len(points))).astype(np.intp)
    return np.asarray(points[chosen])


def _single(shapes: Shapes) -> Shapes:
    """Every shape without Z, collections and multiples taken apart."""
    return np.asarray(shapely.get_parts(shapely.get_parts(shapely.force_2d(shapes))))
