"""Faces too large are cut across their longer axis, into halves, until each is about a cell."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from grid.tessellate.account import Cut
from grid.tessellate.faces import Faces
from grid.tessellate.measures import Measures
from grid.tessellate.plane import LATTICE_DEG, Plane, Points, Shapes, spot_of

Floats = NDArray[np.float64]


def cut_large(faces: Faces, plane: Plane, measures: Measures) -> tuple[Shapes, tuple[Cut, ...]]:
    """All faces, large ones in pieces, and an account of each that was cut.

    A face of n targets becomes n pieces of equal area, unless its shape breaks at a cut. Pieces
    have vertices on the edges of neighbours that these do not have yet.
    """
    area = shapely.area(plane.metres(faces.shapes))
    count = np.array([measures.pieces(m2) for m2 in area.tolist()])
    large = np.flatnonzero(count > 1)
    told = tuple(
        Cut(int(count[n]), float(area[n]), *spot_of(faces.shapes[n])) for n in large.tolist()
    )
    done, waiting = [faces.shapes[count == 1]], faces.shapes[large]
    while len(waiting):
        pieces = _halved(waiting, plane, measures)
        small = np.array(
            [measures.pieces(m2) == 1 for m2 in shapely.area(plane.metres(pieces)).tolist()]
        )
        done.append(pieces[small])
        waiting = pieces[~small]
    return np.concatenate(done), told


def _halved(shapes: Shapes, plane: Plane, measures: Measures) -> Shapes:
    """Both sides of a cut through each shape, in parts."""
    sides = np.array([_sides(flat, measures) for flat in plane.metres(shapes)], dtype=object)
    halves = shapely.intersection(
        np.repeat(shapes, 2), plane.degrees(sides.reshape(-1)), grid_size=LATTICE_DEG
    )
    parts = np.asarray(shapely.get_parts(shapely.set_precision(halves, 0)))
    return parts[shapely.get_dimensions(parts) == 2]


def _sides(shape: Polygon, measures: Measures) -> tuple[Polygon, Polygon]:
    """Two rectangles that meet at the cut, each large enough to hold its side of the shape."""
    along, across = _axes(shape)
    corners = shapely.get_coordinates(shapely.oriented_envelope(shape))
    far, wide = corners @ along, corners @ across
    pieces = measures.pieces(shape.area)
    cut = _place_of_cut(shape, along, across, pieces // 2 / pieces)
    low, high = wide.min() - 1, wide.max() + 1
    return (
        _rectangle(along, across, (far.min() - 1, cut), (low, high)),
        _rectangle(along, across, (cut, far.max() + 1), (low, high)),
    )


def _axes(shape: Polygon) -> tuple[Points, Points]:
    """Unit vectors along the longer side of the smallest rectangle around, eastward, and left."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(shape))
    one, other = corners[1] - corners[0], corners[2] - corners[1]
    along = one if np.linalg.norm(one) >= np.linalg.norm(other) else other
    if (along[0], along[1]) < (0.0, 0.0):
        along = -along
    along = along / np.linalg.norm(along)
    return along, np.array([-along[1], along[0]])


def _place_of_cut(shape: Polygon, along: Points, across: Points, share: float) -> float:
    """How far along the cut lies that leaves *share* of the area behind it."""
    rings = [
        shapely.get_coordinates(ring) @ np.column_stack([along, across])
        for ring in shapely.get_rings(shapely.orient_polygons(shape))
    ]
    starts = np.concatenate([ring[:-1] for ring in rings])
    ends = np.concatenate([ring[1:] for ring in rings])
    low, high = float(starts[:, 0].min()), float(starts[:, 0].max())
    wanted = share * shape.area
    for _ in range(40):
        middle = (low + high) / 2
        if _area_before(starts, ends, middle) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _area_before(starts: Points, ends: Points, limit: float) -> float:
    """Area where the first coordinate is below *limit*: the integral of min(x, limit) dy.

    *starts* and *ends* (n, 2) are the stretches of all rings, the outer counter-clockwise.
    """
    one, other = starts[:, 0], ends[:, 0]
    low, high = np.minimum(one, other), np.maximum(one, other)
    beyond = np.clip(high - limit, 0, None)
    span = np.where(high > low, high - low, 1.0)
    # What a stretch that crosses the limit loses: a triangle over the part beyond.
    lost = np.where(low < limit, beyond**2 / (2 * span), (low + high) / 2 - limit)
    return float((((one + other) / 2 - lost) * (ends[:, 1] - starts[:, 1])).sum())


def _rectangle(
    along: Points, across: Points, far: tuple[float, float], wide: tuple[float, float]
) -> Polygon:
    corners = [(far[0], wide[0]), (far[1], wide[0]), (far[1], wide[1]), (far[0], wide[1])]
    return Polygon([along * s + across * t for s, t in corners])
