"""The outlines of all cells as one table of shared edges and lists of half-edges.

An edge between two cells is kept once, with the cell on its left and the cell on its right, so
the table is both the exact truth (polygons are rebuilt from it bit by bit) and what a pixel
refers to. Cells that do not share an edge exactly (T-junctions, overlaps) keep edges of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import BadGeometry

Geometries: TypeAlias = NDArray[np.object_]

POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Outlines:
    """Edges, and the rings, parts and cells made of them.

    `ends` (edges, 4) is x, y of the lesser end and x, y of the greater end (by x, then y);
    `sides` (edges, 2) the cell left and right of that direction, NOBODY if none;
    `steps` (half-edges,) is ``edge * 2 + backwards`` in ring order. `ring_starts` cuts steps into
    rings, `part_starts` rings into parts (the first ring is the shell); `cell_parts` (cells, 2)
    is the first part of a cell and the one after its last.
    """

    ends: NDArray[np.float64]
    sides: NDArray[np.int32]
    steps: NDArray[np.int32]
    ring_starts: NDArray[np.int32]
    part_starts: NDArray[np.int32]
    cell_parts: NDArray[np.int32]

    @classmethod
    def of(cls, geometries: Geometries) -> Self:
        """Outlines of valid, non-empty (Multi)Polygons; cell numbers are positions in the array."""
        coords, ring_starts, part_starts, cell_starts = _ragged(geometries)
        starts, stops, ring_starts = _half_edges(coords, ring_starts)
        inside_left = _interior_is_left(starts, stops, ring_starts, part_starts)
        ring_of = np.repeat(np.arange(len(ring_starts) - 1), np.diff(ring_starts))
        cell_of_ring = _owner(cell_starts, _owner(part_starts, np.arange(len(ring_starts) - 1)))
        backwards = _greater(starts, stops)
        both = np.hstack([starts, stops])
        both[backwards] = both[backwards][:, [2, 3, 0, 1]]
        del coords, starts, stops  # the most a build holds at once is held here
        left = inside_left[ring_of] ^ backwards
        edge, ends, sides = _shared(both, cell_of_ring[ring_of], left)
        steps = (edge * 2 + backwards).astype(np.int32)
        cell_parts = np.column_stack([cell_starts[:-1], cell_starts[1:]])
        return cls(ends, sides, steps, ring_starts, part_starts, cell_parts)

    def __len__(self) -> int:
        return len(self.cell_parts)

    def polygons(self, cells: NDArray[np.intp]) -> Geometries:
        """The given cells as shapely MultiPolygons with exactly the coordinates they came with."""
        parts, cell_starts = _slices(*self.cell_parts[cells].T)
        rings, part_starts = self._rings(parts)
        steps, ring_starts = self._closed_steps(rings)
        edge, backwards = steps >> 1, steps & 1
        columns = 2 * backwards[:, None] + np.arange(2)
        return shapely.from_ragged_array(
            shapely.GeometryType.MULTIPOLYGON,
            self.ends[edge[:, None], columns],
            (ring_starts, part_starts, cell_starts),
        )

    def half_edges(self, cells: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Position in *cells* and step of every half-edge of *cells*."""
        spans = self.ring_starts[self.part_starts[self.cell_parts[cells]]]
        places, starts = _slices(*spans.T)
        return np.repeat(np.arange(len(cells)), np.diff(starts)), self.steps[places]

    def _rings(self, parts: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return _slices(self.part_starts[parts], self.part_starts[parts + 1])

    def _closed_steps(self, rings: NDArray[np.intp]) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
        """Half-edges of *rings*, the first repeated at the end of each to close it."""
        places, starts = _slices(self.ring_starts[rings], self.ring_starts[rings + 1])
        closed = np.insert(places, starts[1:], self.ring_starts[rings])
        return self.steps[closed], starts + np.arange(len(starts))


def refuse_unusable(geometries: Geometries, codes: NDArray[np.str_]) -> None:
    """Raise BadGeometry for the first geometry that cannot be a cell."""
    _refuse(np.array([g is None for g in geometries]), "has no geometry", codes)
    polygonal = np.isin(shapely.get_type_id(geometries), POLYGONAL)
    _refuse(~polygonal, "is not a Polygon or MultiPolygon", codes)
    _refuse(shapely.is_empty(geometries), "is empty", codes)
    west, south, east, north = shapely.bounds(geometries).T
    in_degrees = (west >= -180) & (east <= 180) & (south >= -90) & (north <= 90)
    _refuse(~in_degrees, "does not lie in -180..180, -90..90 degrees", codes)
    invalid = ~shapely.is_valid(geometries)
    if invalid.any():
        reason = shapely.is_valid_reason(geometries[invalid.argmax()])
        _refuse(invalid, f"is not valid ({reason}); repair it with geo.geometry.cleaned", codes)


def _refuse(bad: NDArray[np.bool_], reason: str, codes: NDArray[np.str_]) -> None:
    if bad.any():
        raise BadGeometry(reason, code=str(codes[bad.argmax()]))


def _ragged(
    geometries: Geometries,
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Coordinates and the starts of rings, parts and cells, for any mix of polygon kinds."""
    kind, coords, offsets = shapely.to_ragged_array(geometries, include_z=False)
    starts = [np.asarray(o, dtype=np.int32) for o in offsets]
    if kind == shapely.GeometryType.POLYGON:
        starts.append(np.arange(len(geometries) + 1, dtype=np.int32))
    return coords, starts[0], starts[1], starts[2]


def _half_edges(
    coords: NDArray[np.float64], ring_starts: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]:
    """Start and stop of each half-edge, without repeated vertices, and where rings start."""
    keep = np.ones(len(coords) - 1, dtype=bool)
    keep[ring_starts[1:-1] - 1] = False  # from the end of one ring to the start of the next
    keep &= (coords[:-1] != coords[1:]).any(axis=1)
    kept_before = np.concatenate([[0], np.cumsum(keep)])
    starts = kept_before[np.minimum(ring_starts, len(keep))].astype(np.int32)
    return coords[:-1][keep], coords[1:][keep], starts


def _interior_is_left(
    starts: NDArray[np.float64],
    stops: NDArray[np.float64],
    ring_starts: NDArray[np.int32],
    part_starts: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """For each ring: does the inside of the polygon lie left of its direction?"""
    is_shell = np.zeros(len(ring_starts) - 1, dtype=bool)
    is_shell[part_starts[:-1][np.diff(part_starts) > 0]] = True
    return _counter_clockwise(starts, stops, ring_starts) == is_shell


def _counter_clockwise(
    starts: NDArray[np.float64], stops: NDArray[np.float64], ring_starts: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Direction of each ring: by its area, and exactly by GEOS where the area is doubtful."""
    anchor = np.repeat(starts[ring_starts[:-1]], np.diff(ring_starts), axis=0)
    (x1, y1), (x2, y2) = (starts - anchor).T, (stops - anchor).T
    doubled_area = np.add.reduceat(x1 * y2 - x2 * y1, ring_starts[:-1])
    size = np.add.reduceat(np.abs(x1 * y2) + np.abs(x2 * y1), ring_starts[:-1])
    counter_clockwise = doubled_area > 0
    for ring in np.flatnonzero(np.abs(doubled_area) <= 1e-9 * size):
        vertices = starts[ring_starts[ring] : ring_starts[ring + 1]]
        counter_clockwise[ring] = shapely.is_ccw(shapely.linearrings(vertices))
    return counter_clockwise


def _greater(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))


def _shared(
    ends: NDArray[np.float64], cell: NDArray[np.intp], left: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]:
    """Edge number of each half-edge; ends and sides of each edge.

    Two half-edges become one edge when they are equal and lie on opposite sides. What is equal in
    any other way (three cells on one line, a layer twice) stays apart, which is as exact.
    """
    fingerprint = _fingerprint(ends)
    order = np.argsort(fingerprint)
    a, b = order[:-1], order[1:]
    mates = (fingerprint[a] == fingerprint[b]) & (left[a] != left[b]) & (cell[a] != cell[b])
    mates[mates] = (ends[a[mates]] == ends[b[mates]]).all(axis=1)
    mates &= ~_odd_in_run(mates)
    second = np.concatenate([[False], mates])
    edge = np.empty(len(ends), dtype=np.int32)
    edge[order] = np.cumsum(~second) - 1
    owner = order[~second]
    sides = np.full(2 * len(owner), NOBODY, dtype=np.int32)
    sides[2 * edge + ~left] = cell
    return edge, ends[owner], sides.reshape(-1, 2)


def _odd_in_run(mates: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark every second of consecutive mates, so that no half-edge is in two pairs."""
    place = np.arange(len(mates))
    run_start = np.maximum.accumulate(np.where(mates, -1, place + 1))
    return mates & ((place - np.maximum(run_start, 0)) % 2 == 1)


def _fingerprint(ends: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Equal for equal edges; unequal edges collide so rarely that it only costs a shared edge."""
    bits = (ends + 0.0).view(np.uint64)  # -0.0 and 0.0 are one position
    mixed = np.zeros(len(ends), dtype=np.uint64)
    for column in range(4):
        mixed ^= bits[:, column]
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _owner(starts: NDArray[np.int32], items: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.searchsorted(starts, items, side="right") - 1


def _slices(
    first: NDArray[np.int32], stop: NDArray[np.int32]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All places from *first* to before *stop* of each pair, and where each pair's places start."""
    counts = (stop - first).astype(np.intp)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
    return np.arange(starts[-1]) + np.repeat(first - starts[:-1], counts), starts
