"""Made cities for benchmarks and tests: cells of about 100 m as in a Chinese city, and positions.

Streets are never straight: the lattice is jittered and each edge bent by two inner vertices, so a
cell has 12 vertices; a tenth of the cells is two merged ones with 18. The outline is a blob.
Vertices lie on multiples of 2**-26 degrees (1.6 mm), so exact edge midpoints exist as doubles.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Polygons = NDArray[np.object_]

SIDE_DEGREES: Final = 100 / 111_320
GRAIN: Final = 2.0**26
JITTER: Final = 0.2
BEND: Final = 0.06
MERGED: Final = 0.1


def city(
    cells: int, *, seed: int = 1, west: float = 114.0, south: float = 22.5
) -> tuple[Polygons, NDArray[np.str_]]:
    """Exactly *cells* polygons in degrees WGS84 and their codes, which follow no order in space."""
    rng = np.random.default_rng(seed)
    side = int(np.sqrt(cells * 1.62)) + 6  # the blob fills 71 %, and pairs are merged
    rings = _rings(side, rng, west, south)
    blob = _blob(side)
    first = _merged(blob, rng)
    second = np.zeros_like(first)
    second[:, 1:] = first[:, :-1]
    single = blob & ~first & ~second
    bottom, right, top, left = rings
    alone = np.concatenate([ring[single] for ring in rings], axis=1)
    pairs = [bottom[first], bottom[second], right[second], top[second], top[first], left[first]]
    shapes = np.concatenate(
        [shapely.polygons(alone), shapely.polygons(np.concatenate(pairs, axis=1))]
    )
    if len(shapes) < cells:
        raise ValueError(f"the blob holds {len(shapes)} cells, not {cells}")
    shapes = shapes[_nearest_first(shapes)[:cells]]
    codes = np.array([f"990101{number:09d}" for number in range(cells)])
    return shapes, rng.permutation(codes)


def positions(shapes: Polygons, count: int, *, seed: int, on_edges: float = 0.0) -> Floats:
    """*count* positions: 60 % anywhere in the bounding box, 40 % around 200 hot spots.

    Then a share *on_edges* is replaced by exact vertices and exact midpoints of edges.
    """
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds(shapes)
    anywhere = rng.uniform((west, south), (east, north), (count, 2))
    spots = rng.uniform((west, south), (east, north), (200, 2))
    near = spots[rng.integers(0, 200, count)] + rng.normal(0, 3 * SIDE_DEGREES, (count, 2))
    found = np.where(rng.random((count, 1)) < 0.6, anywhere, near)
    exact = rng.random(count) < on_edges
    found[exact] = _on_edges(shapes, int(exact.sum()), rng)
    return found


def _on_edges(shapes: Polygons, count: int, rng: np.random.Generator) -> Floats:
    """Vertices and edge midpoints, half and half."""
    chosen = shapes[rng.integers(0, len(shapes), min(len(shapes), 5000))]
    vertices, owner = shapely.get_coordinates(chosen, return_index=True)
    start = rng.choice(np.flatnonzero(owner[1:] == owner[:-1]), count)
    middle = (vertices[start] + vertices[start + 1]) / 2
    return np.where(rng.random((count, 1)) < 0.5, vertices[start], middle)


def _rings(
    side: int, rng: np.random.Generator, west: float, south: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Bottom, right, top and left edge (side, side, 3, 2) of each lattice cell, anticlockwise."""
    columns, rows = np.meshgrid(np.arange(side + 1), np.arange(side + 1))
    node = np.stack([columns, rows], axis=-1) + rng.uniform(-JITTER, JITTER, (*rows.shape, 2))
    along, up = _bent(node[:, :-1], node[:, 1:], rng), _bent(node[:-1], node[1:], rng)
    step = np.array([SIDE_DEGREES / np.cos(np.radians(south)), SIDE_DEGREES])
    node, along, up = (
        np.round((part * step + (west, south)) * GRAIN) / GRAIN for part in (node, along, up)
    )
    node = node[:, :, None]
    return (
        np.concatenate([node[:-1, :-1], along[:-1]], axis=2),
        np.concatenate([node[:-1, 1:], up[:, 1:]], axis=2),
        np.concatenate([node[1:, 1:], along[1:, :, ::-1]], axis=2),
        np.concatenate([node[1:, :-1], up[:, :-1, ::-1]], axis=2),
    )


def _bent(start: Floats, stop: Floats, rng: np.random.Generator) -> Floats:
    """Two inner vertices of each edge from *start* to *stop*, off the straight line."""
    part = np.array([1 / 3, 2 / 3])[:, None]
    straight = start[:, :, None] * (1 - part) + stop[:, :, None] * part
    return straight + rng.uniform(-BEND, BEND, straight.shape)


def _blob(side: int) -> NDArray[np.bool_]:
    """Which lattice cells belong to the city."""
    columns, rows = np.meshgrid(np.arange(side), np.arange(side)) - np.array(side / 2)
    reach = side / 2 * (0.95 + 0.05 * np.cos(3 * np.arctan2(rows, columns)))
    return np.asarray(np.hypot(columns, rows) < reach)


def _merged(blob: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Lattice cells that are joined with their eastern neighbour, no cell twice."""
    first = blob & (rng.random(blob.shape) < MERGED)
    first[:, -1] = False
    first[:, :-1] &= blob[:, 1:]
    for column in range(1, first.shape[1]):
        first[:, column] &= ~first[:, column - 1]
    return first


def _nearest_first(shapes: Polygons) -> NDArray[Any]:
    """Order by distance from the middle, so that leaving off the last keeps a blob."""
    west, south, east, north = shapely.bounds(shapes).T
    middle = np.column_stack([west + east, south + north])
    return np.argsort(np.hypot(*(middle - np.median(middle, axis=0)).T))
