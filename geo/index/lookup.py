"""Looks positions up in a pyramid: pixels first, then sides of edges, then GEOS where it must."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.index.lattice import CHILDREN, SPLIT, Lattice
from geo.index.orientation import orientation, orientation_of_one
from geo.index.outlines import Outlines
from geo.index.tables import (
    BLOCK,
    CHORD,
    CROWD,
    FAN,
    FAN_EDGES,
    KIND_BITS,
    KIND_MASK,
    OUTSIDE,
    PAIR,
    PAIR_EDGES,
    Pyramid,
)

NO_CANDIDATE: Final = np.iinfo(np.int32).max

Floats = NDArray[np.float64]
Cells = NDArray[np.int32]


class Lookup:
    """Cell numbers of positions, many at once or one."""

    def __init__(self, lattice: Lattice, outlines: Outlines, pyramid: Pyramid) -> None:
        self._lattice = lattice
        self._ends, self._sides = outlines.ends, outlines.sides
        self._pyramid = pyramid
        self._top, self._blocks = pyramid.top.reshape(-1), pyramid.blocks.reshape(-1)
        self._polygons = Polygons(outlines)
        self._settlers = (
            (CHORD, self._chords),
            (PAIR, partial(self._fans, pyramid.pairs, PAIR_EDGES)),
            (FAN, partial(self._fans, pyramid.fans, FAN_EDGES)),
            (CROWD, self._crowds),
        )

    def many(self, lon_lat: Floats) -> NDArray[np.intp]:
        """Cell number of each position (n, 2), OUTSIDE where there is none."""
        lon, lat = np.ascontiguousarray(lon_lat[:, 0]), np.ascontiguousarray(lon_lat[:, 1])
        lattice = self._lattice
        with np.errstate(over="ignore", invalid="ignore"):
            x = (lon - lattice.west) * lattice.per_lon
            y = (lat - lattice.south) * lattice.per_lat
        # fmax turns NaN into 0; the outermost pixels hold nothing but OUTSIDE.
        x = np.fmin(np.fmax(x, 0.0), lattice.columns - 0.5)
        y = np.fmin(np.fmax(y, 0.0), lattice.rows - 0.5)
        value = self._top[y.astype(np.intp) * lattice.columns + x.astype(np.intp)]
        self._descend(value, x, y)
        waiting = (value < OUTSIDE).nonzero()[0]
        if len(waiting):
            reference = -2 - value[waiting]
            kind, row = reference & KIND_MASK, reference >> KIND_BITS
            for which, settle in self._settlers:
                chosen = (kind == which).nonzero()[0]
                if len(chosen):
                    place = waiting[chosen]
                    value[place] = settle(row[chosen], lon[place], lat[place])
        return value.astype(np.intp)

    def one(self, lon: float, lat: float) -> int:
        """Cell number of one position, OUTSIDE where there is none."""
        lattice = self._lattice
        x, y = (lon - lattice.west) * lattice.per_lon, (lat - lattice.south) * lattice.per_lat
        if not (0 <= x < lattice.columns and 0 <= y < lattice.rows):
            return OUTSIDE
        value = int(self._top[int(y) * lattice.columns + int(x)])
        while value < OUTSIDE:
            kind, row = (-2 - value) & KIND_MASK, (-2 - value) >> KIND_BITS
            if kind != BLOCK:
                return self._settled_one(kind, row, lon, lat)
            x, y = x * SPLIT, y * SPLIT
            value = int(self._blocks[row * CHILDREN + int(y) % SPLIT * SPLIT + int(x) % SPLIT])
        return value

    def _descend(self, value: Cells, x: Floats, y: Floats) -> None:
        """Replace references to blocks by what the finer pixel says, until none is left."""
        scale = 1
        place = (value < OUTSIDE).nonzero()[0]
        while len(place):
            reference = -2 - value[place]
            chosen = np.flatnonzero(reference & KIND_MASK == BLOCK)
            place = place[chosen]
            scale *= SPLIT
            column = (x[place] * scale).astype(np.intp) % SPLIT
            row = (y[place] * scale).astype(np.intp) % SPLIT
            found = self._blocks[(reference[chosen] >> KIND_BITS) * CHILDREN + row * SPLIT + column]
            value[place] = found
            place = place[found < OUTSIDE]

    def _chords(self, edge: Cells, lon: Floats, lat: Floats) -> Cells:
        """The cell left or right of one edge."""
        side = orientation(self._ends[edge], lon, lat)
        found = self._sides[edge, (side < 0).astype(np.intp)]
        doubtful = np.flatnonzero(side == 0)
        if len(doubtful):
            candidates = self._sides[edge[doubtful]]
            found[doubtful] = self._tested(candidates, lon[doubtful], lat[doubtful])
        return found

    def _fans(self, table: Cells, edges: int, fan: Cells, lon: Floats, lat: Floats) -> Cells:
        """The cell that a row of *table* names for the sides of its *edges*."""
        rows = table[fan]
        side = orientation(self._ends[rows[:, :edges]], lon[:, None], lat[:, None])
        combination = (side > 0) @ (1 << np.arange(edges))
        found = rows[np.arange(len(fan)), edges + combination]
        doubtful = np.flatnonzero((side == 0).any(axis=1))
        if len(doubtful):
            candidates = rows[doubtful, edges:]
            found[doubtful] = self._tested(candidates, lon[doubtful], lat[doubtful])
        return found

    def _crowds(self, crowd: Cells, lon: Floats, lat: Floats) -> Cells:
        """The first candidate that holds the position."""
        starts, cells = self._pyramid.crowd_starts, self._pyramid.crowd_cells
        found = np.full(len(crowd), OUTSIDE, dtype=np.int32)
        place, stop = starts[crowd], starts[crowd + 1]
        asked = np.arange(len(crowd))
        while len(asked):
            candidate = cells[place[asked]]
            holds = shapely.intersects_xy(self._polygons(candidate), lon[asked], lat[asked])
            found[asked[holds]] = candidate[holds]
            place[asked] += 1
            asked = asked[~holds & (place[asked] < stop[asked])]
        return found

    def _tested(self, candidates: Cells, lon: Floats, lat: Floats) -> Cells:
        """Lowest of the *candidates* (n, k) that holds each point; OUTSIDE among them is none."""
        ordered = np.sort(np.where(candidates == OUTSIDE, NO_CANDIDATE, candidates), axis=1)
        ordered[:, 1:][ordered[:, 1:] == ordered[:, :-1]] = NO_CANDIDATE
        found = np.full(len(candidates), OUTSIDE, dtype=np.int32)
        for column in ordered.T:
            asked = np.flatnonzero((found == OUTSIDE) & (column != NO_CANDIDATE))
            candidate = column[asked]
            holds = shapely.intersects_xy(self._polygons(candidate), lon[asked], lat[asked])
            found[asked[holds]] = candidate[holds]
        return found

    def _settled_one(self, kind: int, row: int, lon: float, lat: float) -> int:
        """What `_chords`, `_fans` and `_crowds` do, for one position."""
        if kind == CROWD:
            starts = self._pyramid.crowd_starts
            return self._first(self._pyramid.crowd_cells[starts[row] : starts[row + 1]], lon, lat)
        if kind == CHORD:
            side = orientation_of_one(self._ends[row].tolist(), lon, lat)
            left, right = self._sides[row].tolist()
            return (left if side > 0 else right) if side else self._first((left, right), lon, lat)
        table, edges = (
            (self._pyramid.pairs, PAIR_EDGES) if kind == PAIR else (self._pyramid.fans, FAN_EDGES)
        )
        fan: list[int] = table[row].tolist()
        combination = 0
        for number in range(edges):
            side = orientation_of_one(self._ends[fan[number]].tolist(), lon, lat)
            if not side:
                return self._first(fan[edges:], lon, lat)
            combination |= (side > 0) << number
        return fan[edges + combination]

    def _first(self, candidates: Iterable[int], lon: float, lat: float) -> int:
        """Lowest of the *candidates* that holds the position; OUTSIDE among them is none."""
        point = shapely.Point(lon, lat)
        for cell in sorted({int(candidate) for candidate in candidates} - {OUTSIDE}):
            if shapely.intersects(self._polygons.of(cell), point):
                return cell
        return OUTSIDE


class Polygons:
    """The cells as shapely polygons, made when an exact test first asks for them."""

    def __init__(self, outlines: Outlines) -> None:
        self._outlines = outlines
        self._made = np.full(len(outlines), None, dtype=object)

    def __call__(self, cells: Cells) -> NDArray[np.object_]:
        """Polygon of each of *cells*, which may repeat."""
        made = self._made[cells]
        missing = shapely.is_missing(made)
        if missing.any():
            wanted = np.unique(cells[missing]).astype(np.intp)
            self._made[wanted] = self._outlines.polygons(wanted)
            made = self._made[cells]
        return made

    def of(self, cell: int) -> BaseGeometry:
        """Polygon of one cell."""
        made = self._made[cell]
        return made if made is not None else self(np.array([cell], dtype=np.int32))[0]
