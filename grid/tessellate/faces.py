"""Faces of the network and the community each lies in; borders between faces."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from grid.tessellate.network import noded
from grid.tessellate.plane import Numbers, Plane, Shapes, in_order


@dataclass(frozen=True, slots=True)
class Faces:
    """Polygons in degrees that share their vertices exactly, each within one community.

    *community* is parallel to *shapes* and numbers the communities.
    """

    shapes: Shapes
    community: Numbers


@dataclass(frozen=True, slots=True)
class Borders:
    """Pairs of faces (n, 2), the smaller number first, and the metres each pair shares."""

    pairs: Numbers
    shared_m: NDArray[np.float64]


def faces_within(shapes: Shapes, communities: Shapes) -> Faces:
    """Those of *shapes* that lie in a community, with its number; the smallest when in several."""
    middle = shapely.point_on_surface(shapes)
    face, community = shapely.STRtree(communities).query(middle, predicate="intersects")
    order = np.lexsort([community, face])
    inside, first = np.unique(face[order], return_index=True)
    return Faces(shapes[inside], community[order][first])


def redrawn(pieces: Shapes) -> Shapes:
    """The pieces with a vertex wherever a neighbour has one on their edge."""
    outlines = np.asarray(shapely.get_parts(shapely.boundary(pieces)))
    return in_order(np.asarray(shapely.get_parts(shapely.polygonize([*noded(outlines)]))))


def borders_between(shapes: Shapes, plane: Plane) -> Borders:
    """Which polygons share an edge, and how long it is; they must share vertices exactly."""
    ends, owner = _stretches(shapes)
    order = np.lexsort(ends.reshape(-1, 4).T)
    ends, owner = ends[order], owner[order]
    twice = np.flatnonzero((ends[1:] == ends[:-1]).all(axis=(1, 2)))
    sides = np.sort(np.column_stack([owner[twice], owner[twice + 1]]), axis=1)
    metres = (ends[twice, 1] - ends[twice, 0]) * [plane.east_m, plane.north_m]
    apart = sides[:, 0] != sides[:, 1]
    pairs, place = np.unique(sides[apart], axis=0, return_inverse=True)
    length = np.linalg.norm(metres, axis=1)[apart]
    shared = np.zeros(len(pairs))
    np.add.at(shared, place.reshape(-1), length)
    return Borders(pairs, shared)


def _stretches(shapes: Shapes) -> tuple[NDArray[np.float64], Numbers]:
    """Every stretch of every ring, (n, 2, 2) with the western end first, and its polygon."""
    rings, polygon = shapely.get_rings(shapes, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    ends = np.stack([points[:-1][joined], points[1:][joined]], axis=1)
    (one_x, one_y), (other_x, other_y) = ends[:, 0].T, ends[:, 1].T
    swap = (one_x > other_x) | ((one_x == other_x) & (one_y > other_y))
    ends[swap] = ends[swap][:, ::-1]
    return ends, polygon[ring[:-1][joined]]
