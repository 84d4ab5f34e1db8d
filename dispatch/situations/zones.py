"""Zones: where a hot spot may be. Every area with its nearest neighbours, one more each time.

Made once for a version of the grid; the scan only reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dispatch.situations.facts import in_metres

_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Zones:
    """Candidate zones over n areas: zone (a, k) is area a and its k nearest neighbours.

    *nearest* has shape (n, K), the numbers of the areas from the nearest, each area its own first;
    *reaches* says which zones (a, k) lie within the radius, and are looked at.
    """

    codes: tuple[str, ...]
    nearest: NDArray[np.intp]
    reaches: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        codes: Sequence[str],
        lon_lat: NDArray[np.float64],
        *,
        neighbours: int,
        radius_m: float,
    ) -> Self:
        """Zones over areas, each by a point in its middle (n, 2) in degrees WGS84.

        Of areas equally far the one that is named first is nearer.
        """
        places = in_metres(lon_lat)
        many = min(max(1, neighbours), len(codes))
        nearest = np.empty((len(codes), many), dtype=np.intp)
        reaches = np.empty((len(codes), many), dtype=np.bool_)
        for first in range(0, len(codes), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            apart = np.hypot(
                places[some, None, 0] - places[None, :, 0],
                places[some, None, 1] - places[None, :, 1],
            )
            apart[np.arange(len(apart)), np.arange(first, first + len(apart))] = -1.0
            order = np.argsort(apart, axis=1, kind="stable")[:, :many]
            nearest[some] = order
            reaches[some] = np.take_along_axis(apart, order, axis=1) <= radius_m
        return cls(tuple(codes), nearest, reaches)

    def numbers(self, codes: Sequence[str]) -> NDArray[np.intp]:
        """The number of each of *codes*, -1 for one that is none of the areas; shape (n,)."""
        known = {code: number for number, code in enumerate(self.codes)}
        return np.fromiter((known.get(code, -1) for code in codes), np.intp, len(codes))

    def areas_of(self, area: int, last: int) -> tuple[str, ...]:
        """The codes of zone (area, last), the middle first."""
        return tuple(self.codes[number] for number in self.nearest[area, : last + 1].tolist())

    def within(self, areas: NDArray[np.intp]) -> Zones:
        """The zones of some areas only, numbered anew; neighbours outside are left out.

        Areas where nothing ever happened change no count: leaving them out saves their time.
        """
        renumbered = np.full(len(self.codes), -1, dtype=np.intp)
        renumbered[areas] = np.arange(len(areas))
        found, reaches = renumbered[self.nearest[areas]], self.reaches[areas]
        kept = found >= 0
        order = np.argsort(~kept, axis=1, kind="stable")
        nearest = np.take_along_axis(found, order, axis=1)
        inside = np.take_along_axis(reaches & kept, order, axis=1)
        return Zones(
            tuple(self.codes[number] for number in areas.tolist()), np.maximum(nearest, 0), inside
        )
