"""Whether a layer lies in the datum that its label says, told by a reference that is trusted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.shift import Datum, from_wgs84, to_wgs84
from grid.importing.errors import NothingToCompare
from grid.importing.offsets import FARTHEST_M, Metres, Offset, Reference, measure_offset
from grid.importing.outlines import positions_of, segments_of, spread_over
from grid.tessellate.plane import Plane, Shapes

POSITIONS: Final = 1_000
NEAR_M: Final = 15.0
"""Two drawings of the same road or border seldom lie farther apart."""

_DATUMS: Final = (Datum.WGS84, Datum.GCJ02, Datum.BD09)
_FEWEST: Final = 20
_CLEARLY: Final = 8
"""An offset free to be anything always finds something; it must be so many times better."""


class Verdict(StrEnum):
    """What the reference says about the label."""

    FITS = "fits"
    SHIFTED = "shifted"
    """It fits once the shift of another datum is taken away."""
    DISPLACED = "displaced"
    """It fits at another place, which no datum that we know explains."""
    UNCLEAR = "unclear"
    """It fits in no way."""


@dataclass(frozen=True, slots=True)
class Residual:
    """How far the layer is from the reference if its numbers are in *datum*.

    *near* is the share of its outline at most 15 m from an outline of the reference (or, where the
    layer is finer, the other way round); the offset is by what that datum moves the layer.
    """

    datum: Datum
    median_m: float
    near: float
    east_m: float
    north_m: float

    def beats(self, other: Residual) -> bool:
        """Whether this fits so much better that chance does not explain it."""
        return 2 * self.median_m < other.median_m and self.near >= other.near + 0.15


@dataclass(frozen=True, slots=True)
class Fit:
    """The evidence. *positions* of the layer were compared, spread evenly over its outlines."""

    verdict: Verdict
    datum: Datum
    positions: int
    residuals: tuple[Residual, ...]
    offset: Offset

    @property
    def labelled(self) -> Residual:
        """How it fits as it is labelled."""
        return self.residuals[0]

    @property
    def best(self) -> Residual:
        """How it fits in the datum found."""
        return next(one for one in self.residuals if one.datum is self.datum)


def fit(shapes: Shapes, reference: Shapes) -> Fit:
    """Compare a layer with a trusted one; both in degrees, labelled WGS84 or CGCS2000.

    The reference must have lines or areas; the layer may have points. Only the part of the layer
    within 1.8 km of the reference counts. Raises NothingToCompare when that is nothing.
    """
    plane = Plane.over(_bounds(reference))
    trusted = segments_of(reference, plane)
    if not len(trusted):
        raise NothingToCompare("the reference has neither lines nor outlines")
    positions = _framed(positions_of(shapes, plane, POSITIONS), trusted)
    found = _fit(positions, trusted, plane)
    drawn = segments_of(shapes, plane)
    if found.verdict is not Verdict.UNCLEAR or not len(drawn):
        return found
    # A layer finer than its reference lies near it nowhere, but the reference lies near the layer.
    turned = _fit(_framed(spread_over(trusted, POSITIONS), drawn), drawn, plane, turned=True)
    return found if turned.verdict is Verdict.UNCLEAR else turned


def _fit(positions: Metres, outlines: Metres, plane: Plane, *, turned: bool = False) -> Fit:
    """The evidence of positions held against outlines.

    *turned*: the positions are of the reference and the outlines of the layer.
    """
    near = _in_frame_of(outlines, positions)
    if len(positions) < _FEWEST or not len(near):
        raise NothingToCompare("the layer does not lie where the reference does")
    known = Reference(near)
    moved = _undone(positions, plane, turned=turned)
    sign = -1 if turned else 1
    residuals = tuple(
        _residual(datum, sign * (positions - there).mean(axis=0), known.distances_m(there))
        for datum, there in zip(_DATUMS, moved, strict=True)
    )
    offset = measure_offset(positions, known, [there - positions for there in moved])
    offset = Offset(sign * offset.east_m, sign * offset.north_m, offset.left_m)
    verdict, datum = _judged(residuals, offset)
    return Fit(verdict, datum, len(positions), residuals, offset)


def _undone(positions: Metres, plane: Plane, *, turned: bool) -> list[Metres]:
    """Where the positions come to lie if the layer is in each of the datums."""
    factor = np.array([plane.east_m, plane.north_m])
    move = from_wgs84 if turned else to_wgs84
    return [move(positions / factor, datum) * factor for datum in _DATUMS]


def _residual(datum: Datum, offset: Metres, far: NDArray[np.float64]) -> Residual:
    east, north = offset.tolist()
    return Residual(datum, float(np.median(far)), float((far <= NEAR_M).mean()), east, north)


def _judged(residuals: tuple[Residual, ...], offset: Offset) -> tuple[Verdict, Datum]:
    labelled = residuals[0]
    best = min(residuals, key=lambda one: one.median_m)
    if best.beats(labelled):
        return Verdict.SHIFTED, best.datum
    if 2 * NEAR_M < offset.metres <= FARTHEST_M and _CLEARLY * offset.left_m < labelled.median_m:
        return Verdict.DISPLACED, Datum.WGS84
    if labelled.near >= 0.5 or all(labelled.beats(one) for one in residuals[1:]):
        return Verdict.FITS, Datum.WGS84
    return Verdict.UNCLEAR, Datum.WGS84


def _bounds(shapes: Shapes) -> tuple[float, float, float, float]:
    there = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(there):
        raise NothingToCompare("the reference has no shapes")
    west, south, east, north = shapely.total_bounds(there).tolist()
    return west, south, east, north


def _framed(positions: Metres, segments: Metres) -> Metres:
    """The positions that lie within reach of the bounds of the pieces."""
    ends = segments.reshape(-1, 2)
    return positions[_within(positions, ends)]


def _in_frame_of(segments: Metres, positions: Metres) -> Metres:
    """The pieces that begin or end within reach of the bounds of the positions."""
    if not len(positions):
        return segments[:0]
    inside = _within(segments[:, :2], positions) | _within(segments[:, 2:], positions)
    return segments[inside]


def _within(positions: Metres, frame: Metres) -> NDArray[np.bool_]:
    low, high = frame.min(axis=0) - FARTHEST_M, frame.max(axis=0) + FARTHEST_M
    return np.asarray(((positions >= low) & (positions <= high)).all(axis=1))
