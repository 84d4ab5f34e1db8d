"""Looks positions up in a pyramid: pixels first, then sides of edges, then GEOS where it must."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.index.lattice import CHILDREN, SPLIT, SPLIT_BITS, Lattice
from geo.index.orientation import orientation_of_one, sides
from geo.index.outlines import Outlines
from geo.index.tables import (
    BLOCK,
    BLOCKS_END,
    CHORD,
    CROWD,
    FAN,
    FAN_EDGES,
    OUTSIDE,
    PAIR,
    PAIR_EDGES,
    ROW_BITS,
    ROW_MASK,
    Pyramid,
)

NO_CANDIDATE: Final = np.iinfo(np.int32).max
WEIGHTS: Final = 1 << np.arange(FAN_EDGES)

Floats = NDArray[np.float64]
Cells = NDArray[np.int32]
Places = NDArray[np.intp]


class Rule(NamedTuple):
    """A kind of pixel where the sides of `edges` edges decide.

    A row of `table` names `header` edges (none: the row is the edge), then the cell of each
    combination of sides.
    """

    kind: int
    edges: int
    header: int
    table: Cells
    flat: Cells

    def edges_of(self, rows: Places) -> NDArray[np.integer]:
        """The edges of all *rows*, one row after the other."""
        return self.table.take(rows, axis=0)[:, : self.edges].ravel() if self.header else rows

    def asked_at(self, places: Places) -> Places:
        """Each of *places* once for every edge of its row."""
        return places.repeat(self.edges) if self.edges > 1 else places

    def cells_of(self, rows: Places, right: NDArray[np.bool_]) -> Cells:
        """The cell each row names; *right* as long as `edges_of`: is the position right of it?"""
        place = rows * self.table.shape[1]
        if self.edges > 1:
            place += self.header
            place += right.reshape(-1, self.edges).dot(WEIGHTS[: self.edges])
        else:
            place += right
        return self.flat.take(place)


class Lookup:
    """Cell numbers of positions, many at once or one.

    Small batches pay for the number of numpy calls, so all sides are determined in one go.
    """

    def __init__(self, lattice: Lattice, outlines: Outlines, pyramid: Pyramid) -> None:
        self._lattice = lattice
        self._ends, self._sides = outlines.ends, outlines.sides
        self._pyramid = pyramid
        self._top, self._blocks = pyramid.top.reshape(-1), pyramid.blocks.reshape(-1)
        self._polygons = Polygons(outlines)
        self._rules = tuple(
            Rule(kind, edges, header, table, table.reshape(-1))
            for kind, edges, header, table in (
                (CHORD, 1, 0, outlines.sides),
                (PAIR, PAIR_EDGES, PAIR_EDGES, pyramid.pairs),
                (FAN, FAN_EDGES, FAN_EDGES, pyramid.fans),
            )
        )
        # Longitude and latitude as rows. Powers of two scale exactly, so the finest pixel names
        # the larger ones around it.
        per_degree = np.array([[lattice.per_lon], [lattice.per_lat]])
        self._low = np.array([[lattice.west], [lattice.south]])
        self._high = self._low + [[lattice.columns - 0.5], [lattice.rows - 0.5]] / per_degree
        self._finest_per_degree = per_degree * SPLIT ** (lattice.levels - 1)

    def many(self, lon_lat: Floats) -> NDArray[np.intp]:
        """Cell number of each position (n, 2), OUTSIDE where there is none."""
        # fmax turns NaN into the least; the outermost pixels hold nothing but OUTSIDE.
        held = np.fmax(lon_lat.T, self._low, order="C")
        np.fmin(held, self._high, out=held)
        held -= self._low
        held *= self._finest_per_degree
        finest = held.astype(np.intp)
        column, row = finest >> (SPLIT_BITS * (self._lattice.levels - 1))
        row *= self._lattice.columns
        row += column
        value = self._top.take(row).astype(np.intp)
        self._descend(value, finest)
        waiting = (value < OUTSIDE).nonzero()[0]
        if len(waiting):
            self._settle(value, waiting, lon_lat)
        return value

    def one(self, lon: float, lat: float) -> int:
        """Cell number of one position, OUTSIDE where there is none."""
        lattice = self._lattice
        x, y = (lon - lattice.west) * lattice.per_lon, (lat - lattice.south) * lattice.per_lat
        if not (0 <= x < lattice.columns and 0 <= y < lattice.rows):
            return OUTSIDE
        value = int(self._top[int(y) * lattice.columns + int(x)])
        while value < OUTSIDE:
            kind, row = value >> ROW_BITS, value & ROW_MASK
            if kind != BLOCK:
                return self._settled_one(kind, row, lon, lat)
            x, y = x * SPLIT, y * SPLIT
            value = int(self._blocks[row * CHILDREN + int(y) % SPLIT * SPLIT + int(x) % SPLIT])
        return value

    def _descend(self, value: Places, finest: Places) -> None:
        """Replace references to blocks by what the finer pixel says, until none is left."""
        asked = (value < BLOCKS_END).nonzero()[0]
        for level in range(self._lattice.levels - 2, -1, -1):
            place = value.take(asked)
            place &= ROW_MASK
            place *= CHILDREN
            column, row = (finest.take(asked, axis=1) >> (SPLIT_BITS * level)) & (SPLIT - 1)
            row *= SPLIT
            place += row
            place += column
            found = self._blocks.take(place)
            value[asked] = found
            if level:
                asked = asked[found < BLOCKS_END]

    def _settle(self, value: Places, waiting: Places, lon_lat: Floats) -> None:
        """Replace references to other tables, of the positions *waiting*, by cells."""
        reference = value.take(waiting)
        kind, row = reference >> ROW_BITS, reference & ROW_MASK
        chosen = [(kind == rule.kind).nonzero()[0] for rule in self._rules]
        places = [waiting.take(which) for which in chosen]
        rows = [row.take(which) for which in chosen]
        self._settle_by_sides(value, places, rows, lon_lat)
        if sum(map(len, chosen)) < len(waiting):
            crowded = (kind == CROWD).nonzero()[0]
            place = waiting[crowded]
            value[place] = self._crowds(row[crowded], *lon_lat[place].T)

    def _settle_by_sides(
        self, value: Places, places: list[Places], rows: list[Places], lon_lat: Floats
    ) -> None:
        """Fill in, for each rule, the cells of *places* whose pixel refers to its *rows*."""
        ruled = tuple(zip(self._rules, places, rows, strict=True))
        edges = np.concatenate([rule.edges_of(row) for rule, _, row in ruled])
        asked = np.concatenate([rule.asked_at(place) for rule, place, _ in ruled])
        right, doubtful = sides(self._ends.take(edges, axis=0), lon_lat.take(asked, axis=0))
        start = 0
        for rule, place, row in ruled:
            stop = start + len(row) * rule.edges
            value[place] = rule.cells_of(row, right[start:stop])
            near = doubtful[(doubtful >= start) & (doubtful < stop)] if len(doubtful) else doubtful
            if len(near):
                which = np.unique((near - start) // rule.edges)
                candidates = rule.table[row[which], rule.header :]
                value[place[which]] = self._tested(candidates, *lon_lat[place[which]].T)
            start = stop

    def _crowds(self, crowd: Places, lon: Floats, lat: Floats) -> Cells:
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
        """What `_settle` does, for one position."""
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
            combination |= (side < 0) << number
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
