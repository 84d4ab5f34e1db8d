"""Shapes looked at one by one: missing, flat or invalid, and what mending them would change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.geometry import Repair, cleaned
from grid.importing.finding import Finding, Kind, Outcome, mean_width_m
from grid.tessellate.plane import Plane, Shapes


@dataclass(frozen=True, slots=True)
class Sound:
    """Usable shapes, one for one, None where there is none; and what was wrong with the others."""

    shapes: Shapes
    findings: tuple[Finding, ...]


def sound_shapes(shapes: Shapes, plane: Plane, *, mend: bool) -> Sound:
    """What can be used of shapes in degrees; without *mend* findings only say what would be done.

    A layer with any area is one of areas; else it is one of lines, else of points. Of areas the
    shapes handed back are valid even without *mend*, so that overlaps and gaps can be measured.
    """
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    extent = int(shapely.get_dimensions(shapes[there]).max(initial=-1))
    outcome = Outcome.MENDED if mend else Outcome.MENDABLE
    if extent == 2:
        clean = cleaned(shapes)
        findings = [_told(one, shapes, clean.polygons, plane, outcome) for one in clean.repairs]
        used = clean.polygons
    else:
        fine = there & (shapely.get_dimensions(shapes) == extent) & shapely.is_valid(shapes)
        findings = [_useless(shapes[n], n) for n in np.flatnonzero(~fine).tolist()]
        used = shapes.copy()
        used[~fine] = None
    return Sound(used, (*findings, *_duplicates(used)))


def _told(repair: Repair, before: Shapes, after: Shapes, plane: Plane, outcome: Outcome) -> Finding:
    """What the repair of one area changes: the ground on which two readings of its rings differ."""
    number = repair.number
    if not repair.kept:
        return _useless(before[number], number)
    shape = before[number]
    doubt = _doubtful(shape, after[number])
    sizes = shapely.area(plane.metres(np.array([shape, after[number]]))).tolist()
    flat = plane.metres(np.array([doubt]))[0]
    return Finding(
        Kind.INVALID,
        (number + 1,),
        "; ".join(_complaints(shape)) or "a collection: only the areas in it count",
        outcome,
        doubt if not doubt.is_empty else _first_place(shape),
        float(shapely.area(flat)),
        mean_width_m(flat),
        *sizes,
    )


def _useless(shape: BaseGeometry | None, number: int) -> Finding:
    row = (number + 1,)
    if shape is None or shape.is_empty:
        return Finding(Kind.MISSING, row, "there is no shape", Outcome.OPEN)
    reason = f"a {shape.geom_type} without extent, or not of the kind of the layer"
    place = shapely.get_coordinates(shape)
    fine = place[np.isfinite(place).all(axis=1)]
    return Finding(
        Kind.FLAT, row, reason, Outcome.OPEN, shapely.Point(fine[0]) if len(fine) else None
    )


def _doubtful(shape: BaseGeometry, mended: BaseGeometry) -> BaseGeometry:
    """Where counting how often a ring goes around a place would answer otherwise than mending."""
    counted = shapely.make_valid(shape, method="linework")
    areas = [one for one in shapely.get_parts(counted).tolist() if shapely.get_dimensions(one) == 2]
    differing = shapely.symmetric_difference(shapely.union_all(areas), mended)
    parts = shapely.get_parts(differing)
    return shapely.MultiPolygon(parts[shapely.get_dimensions(parts) == 2].tolist())


def _complaints(shape: BaseGeometry) -> Iterator[str]:
    """How many of its parts are invalid for each reason, and how many parts lie on one another."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    reasons: dict[str, int] = defaultdict(int)
    for part in parts[~shapely.is_valid(parts)].tolist():
        reasons[str(shapely.is_valid_reason(part)).partition("[")[0]] += 1
    whole = parts[shapely.is_valid(parts)]
    one, other = shapely.STRtree(whole).query(whole, predicate="intersects")
    pairs = one < other
    inside = _meet(whole[one[pairs]], whole[other[pairs]])
    if inside:
        reasons["Parts that overlap or share an edge"] = inside
    yield from (f"{reason} ({count})" for reason, count in sorted(reasons.items()))


def _meet(some: Shapes, others: Shapes) -> int:
    """How many pairs have more in common than points."""
    common = shapely.intersection(some, others)
    return int((shapely.get_dimensions(common) > 0).sum())


def _first_place(shape: BaseGeometry) -> BaseGeometry:
    """Where the first ring is wrong, when no ground is in doubt; else the first vertex."""
    _, bracket, place = str(shapely.is_valid_reason(shape)).partition("[")
    numbers = place.rstrip("]").split() if bracket else shapely.get_coordinates(shape)[0].tolist()
    return shapely.Point([float(one) for one in numbers[:2]])


def _duplicates(shapes: Shapes) -> Iterator[Finding]:
    rows: dict[bytes, list[int]] = defaultdict(list)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    drawn = shapes[there]
    # Lines are compared as they run: two that run against each other are two ways of one road.
    areal = shapely.get_dimensions(drawn) == 2
    drawn[areal] = shapely.normalize(drawn[areal])
    keys = shapely.to_wkb(drawn)
    for number, key in zip(np.flatnonzero(there).tolist(), keys.tolist(), strict=True):
        rows[key].append(number + 1)
    for same in rows.values():
        if len(same) > 1:
            shape = shapes[same[0] - 1]
            yield Finding(Kind.DUPLICATE, tuple(same), "the same shape", Outcome.OPEN, shape)
