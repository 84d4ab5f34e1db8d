"""What shapely says, and the positions where an index is most likely to disagree."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.index import CellIndex


def lowest_cell(
    shapes: NDArray[np.object_], codes: NDArray[np.str_], lon_lat: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Number in code order of the lowest-coded shape that intersects each position, -1 if none."""
    tree = shapely.STRtree(shapes[np.argsort(codes)])
    position, cell = tree.query(shapely.points(lon_lat), predicate="intersects")
    found = np.full(len(lon_lat), len(shapes))
    np.minimum.at(found, position, cell)
    return np.where(found == len(shapes), -1, found)


def assert_agrees(
    index: CellIndex,
    shapes: NDArray[np.object_],
    codes: NDArray[np.str_],
    lon_lat: NDArray[np.float64],
) -> None:
    """Fail with the first positions at which *index* and shapely differ."""
    wanted, found = lowest_cell(shapes, codes, lon_lat), index.locate(lon_lat)
    wrong = np.flatnonzero(found != wanted)
    shown = [(lon_lat[i].tolist(), int(found[i]), int(wanted[i])) for i in wrong[:5]]
    assert not len(wrong), (
        f"{len(wrong)} of {len(lon_lat)} differ: (position, found, wanted) {shown}"
    )


def critical_positions(
    shapes: NDArray[np.object_], rng: np.random.Generator, *, most: int = 400
) -> NDArray[np.float64]:
    """Vertices, edge midpoints, one ulp beside each, near misses, and positions all around."""
    vertices, owner = shapely.get_coordinates(shapes, return_index=True)
    inner = np.flatnonzero(owner[1:] == owner[:-1])
    middles = (vertices[inner] + vertices[inner + 1]) / 2
    exact = rng.permutation(np.concatenate([vertices, middles]))[:most]
    beside = [
        np.nextafter(exact, exact + np.array(way)) for way in ((1, 1), (1, -1), (-1, 1), (-1, -1))
    ]
    west, south, east, north = shapely.total_bounds(shapes)
    size = max(east - west, north - south)
    around = rng.uniform(
        (west - size / 10, south - size / 10), (east + size / 10, north + size / 10), (most, 2)
    )
    near = exact + rng.normal(0, size / 1000, exact.shape)
    corners = np.array([(west, south), (east, north), (west, north), (east, south)])
    return np.concatenate([exact, *beside, around, near, corners])
