"""Looks positions up in a pyramid: pixels first, then sides of edges, then GEOS where it must."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.index.lattice import CHILDREN, SPLIT, Lattice
from geo.index.orientation import orientation
from geo.index.outlines import Outlines
from geo.index.tables import BLOCK, CHORD, CROWD, FAN, FAN_EDGES, OUTSIDE, Pyramid

NO_CANDIDATE: Final = np.iinfo(np.int32).max


class Polygons:
    """The cells as shapely polygons, made when an exact test first asks for them."""

    def __init__(self, outlines: Outlines) -> None:
        self._outlines = outlines
        self._made = np.full(len(outlines), None, dtype=object)

    def __call__(self, cells: NDArray[np.intp]) -> NDArray[np.object_]:
        """Polygon of each of *cells*, which may repeat."""
        made = self._made[cells]
        missing = shapely.is_missing(made)
        if missing.any():
            wanted = np.unique(cells[missing]).astype(np.intp)
            self._made[wanted] = self._outlines.polygons(wanted)
            made = self._made[cells]
        return made


def locate(
    lon_lat: NDArray[np.float64],
    lattice: Lattice,
    outlines: Outlines,
    pyramid: Pyramid,
    polygons: Polygons,
) -> NDArray[np.intp]:
    """Cell number of each position (n, 2), OUTSIDE where there is none."""
    lon, lat = np.ascontiguousarray(lon_lat[:, 0]), np.ascontiguousarray(lon_lat[:, 1])
    with np.errstate(over="ignore", invalid="ignore"):
        x = (lon - lattice.west) * lattice.per_lon
        y = (lat - lattice.south) * lattice.per_lat
    # fmax turns NaN into 0; the outermost pixels hold nothing but OUTSIDE.
    x = np.fmin(np.fmax(x, 0.0), lattice.columns - 0.5)
    y = np.fmin(np.fmax(y, 0.0), lattice.rows - 0.5)
    pixel = y.astype(np.intp) * lattice.columns + x.astype(np.intp)
    value = pyramid.top.reshape(-1)[pixel]
    _descend(value, x, y, pyramid.blocks.reshape(-1))
    waiting = np.flatnonzero(value < OUTSIDE)
    if len(waiting):
        reference = -2 - value[waiting]
        kind, row = reference & 3, reference >> 2
        for settle, which in ((_chords, CHORD), (_fans, FAN), (_crowds, CROWD)):
            chosen = np.flatnonzero(kind == which)
            if len(chosen):
                place = waiting[chosen]
                points = lon[place], lat[place]
                value[place] = settle(row[chosen], *points, outlines, pyramid, polygons)
    return value.astype(np.intp)


def _descend(
    value: NDArray[np.int32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    blocks: NDArray[np.int32],
) -> None:
    """Replace references to blocks by what the finer pixel says, until none is left."""
    scale = 1
    place = np.flatnonzero(value < OUTSIDE)
    while len(place):
        reference = -2 - value[place]
        chosen = np.flatnonzero(reference & 3 == BLOCK)
        place = place[chosen]
        scale *= SPLIT
        column = (x[place] * scale).astype(np.intp) % SPLIT
        row = (y[place] * scale).astype(np.intp) % SPLIT
        found = blocks[(reference[chosen] >> 2) * CHILDREN + row * SPLIT + column]
        value[place] = found
        place = place[found < OUTSIDE]


def _chords(
    edge: NDArray[np.int32],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    outlines: Outlines,
    pyramid: Pyramid,
    polygons: Polygons,
) -> NDArray[np.int32]:
    """The cell left or right of one edge."""
    side = orientation(outlines.ends[edge], lon, lat)
    found = outlines.sides[edge, (side < 0).astype(np.intp)]
    doubtful = np.flatnonzero(side == 0)
    if len(doubtful):
        candidates = outlines.sides[edge[doubtful]]
        found[doubtful] = _tested(candidates, lon[doubtful], lat[doubtful], polygons)
    return found


def _fans(
    fan: NDArray[np.int32],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    outlines: Outlines,
    pyramid: Pyramid,
    polygons: Polygons,
) -> NDArray[np.int32]:
    """The cell that a fan names for the sides of its edges."""
    rows = pyramid.fans[fan]
    combination = np.zeros(len(fan), dtype=np.intp)
    doubt = np.zeros(len(fan), dtype=bool)
    for number in range(FAN_EDGES):
        side = orientation(outlines.ends[rows[:, number]], lon, lat)
        combination |= (side > 0).astype(np.intp) << number
        doubt |= side == 0
    found = rows[np.arange(len(fan)), FAN_EDGES + combination]
    doubtful = np.flatnonzero(doubt)
    if len(doubtful):
        candidates = rows[doubtful, FAN_EDGES:]
        found[doubtful] = _tested(candidates, lon[doubtful], lat[doubtful], polygons)
    return found


def _crowds(
    crowd: NDArray[np.int32],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    outlines: Outlines,
    pyramid: Pyramid,
    polygons: Polygons,
) -> NDArray[np.int32]:
    """The first candidate that holds the position."""
    found = np.full(len(crowd), OUTSIDE, dtype=np.int32)
    place = pyramid.crowd_starts[crowd]
    stop = pyramid.crowd_starts[crowd + 1]
    open_ = np.flatnonzero(place < stop)
    while len(open_):
        candidate = pyramid.crowd_cells[place[open_]]
        holds = shapely.intersects_xy(polygons(candidate), lon[open_], lat[open_])
        found[open_[holds]] = candidate[holds]
        place[open_] += 1
        open_ = open_[~holds & (place[open_] < stop[open_])]
    return found


def _tested(
    candidates: NDArray[np.int32],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    polygons: Polygons,
) -> NDArray[np.int32]:
    """Lowest of the *candidates* (n, k), OUTSIDE among them meaning none, that holds each point."""
    ordered = np.sort(np.where(candidates == OUTSIDE, NO_CANDIDATE, candidates), axis=1)
    ordered[:, 1:][ordered[:, 1:] == ordered[:, :-1]] = NO_CANDIDATE
    found = np.full(len(candidates), OUTSIDE, dtype=np.int32)
    for column in ordered.T:
        asked = np.flatnonzero((found == OUTSIDE) & (column != NO_CANDIDATE))
        candidate = column[asked]
        holds = shapely.intersects_xy(polygons(candidate), lon[asked], lat[asked])
        found[asked[holds]] = candidate[holds]
    return found
