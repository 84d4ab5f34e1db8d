"""Where areas that should cover the ground once claim it twice or leave it open, and mending it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grid.importing.finding import Finding, Kind, Outcome, mean_width_m
from grid.tessellate.plane import LATTICE_DEG, Plane, Shapes
from grid.tessellate.proof import find_overlaps

_HAIR_DEG: Final = 2 * LATTICE_DEG
CRUMB_M2: Final = 0.01
"""Less than that is summed up, not listed: what rounding of coordinates leaves along a border."""


@dataclass(frozen=True, slots=True)
class Crumbs:
    """How many overlaps or gaps are too small to list, and their area together."""

    count: int
    area_m2: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """Overlaps and gaps of a layer, each sort from the largest to the smallest, and the crumbs."""

    findings: tuple[Finding, ...]
    crumbs: Crumbs


def survey(shapes: Shapes, plane: Plane, tolerance_m2: float, *, gaps: bool) -> Sheet:
    """Overlaps, and with *gaps* the enclosed ground that no shape holds.

    *shapes* are valid areas in degrees or None. What is at most *tolerance_m2* is mendable. A gap
    that is open to the outside is not seen here; held against the area around it, it is.
    """
    found = sorted(_overlaps(shapes, plane, tolerance_m2), key=_by_size)
    if gaps:
        found += sorted(_gaps(shapes, plane, tolerance_m2), key=_by_size)
    small = [one.area_m2 for one in found if one.area_m2 < CRUMB_M2]
    listed = tuple(one for one in found if one.area_m2 >= CRUMB_M2)
    return Sheet(listed, Crumbs(len(small), sum(small)))


def mended(shapes: Shapes, plane: Plane, tolerance_m2: float, *, gaps: bool) -> Shapes:
    """The shapes without the overlaps and gaps of at most *tolerance_m2*, crumbs included.

    The ground of an overlap stays with the earlier row; a gap goes to the neighbour that it
    shares the longest edge with, to the earlier row of two equals.
    """
    better = shapes.copy()
    for one in _overlaps(better, plane, tolerance_m2):
        if one.outcome is Outcome.MENDABLE and one.shape is not None:
            keeps, gives = (row - 1 for row in one.rows)
            better[gives] = _areal(shapely.difference(better[gives], better[keeps]))
    if gaps:
        for one in _gaps(better, plane, tolerance_m2):
            if one.outcome is Outcome.MENDABLE and one.shape is not None:
                taker, others = _longest_edge(one, better)
                # A hair more than the gap, less what others hold: then no slit is left beside them.
                ground = shapely.buffer(one.shape, _HAIR_DEG, join_style="mitre")
                ground = shapely.difference(ground, shapely.union_all(better[others]))
                better[taker] = _areal(shapely.union(better[taker], ground))
    return better


def _overlaps(shapes: Shapes, plane: Plane, tolerance_m2: float) -> Iterator[Finding]:
    numbers = np.flatnonzero(~shapely.is_missing(shapes))
    pairs, common = find_overlaps(shapes[numbers])
    common = np.array([_areal(one) for one in common.tolist()], dtype=object)
    for pair, shape, m2, flat in _measured(pairs.tolist(), common, plane):
        rows = tuple(int(numbers[one]) + 1 for one in pair)
        whole = any(shape.equals(shapes[row - 1]) for row in rows)
        outcome = Outcome.MENDABLE if m2 <= tolerance_m2 and not whole else Outcome.OPEN
        reason = "one lies wholly on the other" if whole else "two claim the same ground"
        yield Finding(Kind.OVERLAP, rows, reason, outcome, shape, m2, mean_width_m(flat))


def _gaps(shapes: Shapes, plane: Plane, tolerance_m2: float) -> Iterator[Finding]:
    there = np.flatnonzero(~shapely.is_missing(shapes))
    whole = _union(shapes[there])
    rings = shapely.get_rings(shapely.get_parts(whole))
    exteriors = np.asarray(shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(whole))))
    # What the outer rings hold and the union does not: lakes with islands in them come out right.
    if len(rings) == len(exteriors):
        return
    holes = shapely.get_parts(_areal(shapely.difference(shapely.union_all(exteriors), whole)))
    tree = shapely.STRtree(shapes[there])
    around: list[list[int]] = [[] for _ in holes]
    for hole, number in tree.query(holes, predicate="dwithin", distance=_HAIR_DEG).T.tolist():
        around[hole].append(int(there[number]) + 1)
    for rows, shape, m2, flat in _measured(around, holes, plane):
        outcome = Outcome.MENDABLE if m2 <= tolerance_m2 else Outcome.OPEN
        reason = "ground that no feature holds"
        yield Finding(Kind.GAP, tuple(sorted(rows)), reason, outcome, shape, m2, mean_width_m(flat))


def _union(shapes: Shapes) -> BaseGeometry:
    """All their ground. Where every border has the same vertices on both sides, 50 times faster."""
    if shapely.coverage_is_valid(shapes, gap_width=_HAIR_DEG):
        return shapely.coverage_union_all(shapes)
    # On the lattice: a slit of a millionth of a millimetre would join a gap to the outside.
    return shapely.union_all(shapes, grid_size=LATTICE_DEG)


def _measured(
    numbers: list[list[int]], shapes: Shapes, plane: Plane
) -> Iterator[tuple[list[int], BaseGeometry, float, BaseGeometry]]:
    """Those with an area: numbers, shape in degrees, square metres, shape in metres."""
    flat = plane.metres(shapes)
    for which, shape, metres in zip(numbers, shapes.tolist(), flat.tolist(), strict=True):
        if (m2 := float(shapely.area(metres))) > 0:
            yield which, shape, m2, metres


def _longest_edge(gap: Finding, shapes: Shapes) -> tuple[int, list[int]]:
    """The number of the shape around the gap that shares most of its outline; those of the rest."""
    assert gap.shape is not None
    numbers = [row - 1 for row in gap.rows]
    common = shapely.intersection(gap.shape.boundary, shapes[numbers], grid_size=LATTICE_DEG)
    taker = numbers[int(np.argmax(shapely.length(common)))]
    return taker, [number for number in numbers if number != taker]


def _areal(shape: BaseGeometry) -> BaseGeometry:
    """The areas in a shape; lines and points that a cut leaves are dropped."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    areas = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return areas[0] if len(areas) == 1 else shapely.MultiPolygon(areas.tolist())


def _by_size(finding: Finding) -> tuple[float, tuple[int, ...]]:
    return -finding.area_m2, finding.rows
