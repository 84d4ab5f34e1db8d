"""Gauss-Krüger zones of CGCS2000: what an easting tells about the zone it was written in.

Zones are 3° wide (25 to 45) or 6° wide (13 to 23), so a number stands for one zone only. A file
may write the number in front of the easting (38,505,000 m) or leave it out (505,000 m).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

MILLION: Final = 1_000_000
# How far from its central meridian, at 500,000 m, a zone may be used; twice its width at most.
_LEAST_M, _MOST_M = 100_000, 900_000
_FIRST: Final = {3: 25, 6: 13}
_LAST: Final = {3: 45, 6: 23}
_WITH_ZONE: Final = {3: 4513, 6: 4491}
_WITHOUT_ZONE: Final = {3: 4534, 6: 4502}


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone by its number and its width in degrees, 3 or 6."""

    number: int
    width: int

    @property
    def meridian(self) -> int:
        """The central meridian in degrees east."""
        return self.number * 3 if self.width == 3 else self.number * 6 - 3

    def crs(self, *, numbered: bool) -> str:
        """The CGCS2000 system of the zone, its eastings with or without the number in front."""
        first = (_WITH_ZONE if numbered else _WITHOUT_ZONE)[self.width]
        return f"EPSG:{first + self.number - _FIRST[self.width]}"


def zone_numbered(number: int) -> Zone | None:
    """The zone of that number, None when there is none over China."""
    for width, first in _FIRST.items():
        if first <= number <= _LAST[width]:
            return Zone(number, width)
    return None


def zone_at(meridian: float, width: int) -> Zone | None:
    """The zone of that width around a central meridian, None when it is not over China."""
    number = (meridian + 3) / 6 if width == 6 else meridian / 3
    zone = zone_numbered(round(number)) if number == round(number) else None
    return zone if zone is not None and zone.width == width else None


def zone_of(eastings_m: NDArray[np.float64]) -> Zone | None:
    """The zone whose number stands in front of all eastings (n,); None when there is no such one.

    NaN and infinite values make it None, as does an empty array.
    """
    if not len(eastings_m) or not np.isfinite(eastings_m).all():
        return None
    numbers = np.unique(eastings_m // MILLION)
    return zone_numbered(int(numbers[0])) if len(numbers) == 1 and _plain(eastings_m) else None


def _plain(eastings_m: NDArray[np.float64]) -> bool:
    """Whether the eastings, without a zone number, lie about the central meridian of a zone."""
    rest = eastings_m % MILLION
    return bool(((rest > _LEAST_M) & (rest < _MOST_M)).all())
