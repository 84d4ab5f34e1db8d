"""Chinese map datums: GCJ-02 (phones, most map services) and BD-09 (Baidu) to and from WGS84.

Neither has an official formula; every map service carries the same polynomial. It is used only
where positions enter or leave; everything inside is WGS84 or CGCS2000.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.float64]

AXIS_M: Final = 6_378_245.0  # Krassovsky 1940, which the shift is defined on
ECCENTRICITY_SQUARED: Final = 0.00669342162296594323
# The rectangle in which map services shift. It holds parts of the neighbours too.
WEST, SOUTH, EAST, NORTH = 72.004, 0.8293, 137.8347, 55.8271
INVERSE_TOLERANCE: Final = 1e-9  # degrees, about 0.1 mm
INVERSE_STEPS: Final = 30  # three to five are enough; this only bounds the loop
BAIDU_TURN: Final = np.pi * 3000.0 / 180.0


class Datum(StrEnum):
    """What the numbers of a position refer to; every position that enters must say it."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def to_wgs84(lon_lat: Positions, datum: Datum) -> Positions:
    """Positions (n, 2) of *datum* in WGS84, longitude first, exact to 1e-9 degrees.

    CGCS2000 agrees with WGS84 within decimetres and is taken as it is, as is any position outside
    the rectangle in which map services shift. NaN stays NaN.
    """
    if datum is Datum.GCJ02:
        return _inside(lon_lat, lambda inner: _inverse(_gcj02_from_wgs84, inner))
    if datum is Datum.BD09:
        return _inside(lon_lat, lambda inner: _inverse(_bd09_from_wgs84, inner))
    return np.array(lon_lat, dtype=np.float64)


def from_wgs84(lon_lat: Positions, datum: Datum) -> Positions:
    """WGS84 positions (n, 2), longitude first, in *datum*; the closed form map services use.

    CGCS2000 and positions outside the rectangle in which they shift stay as they are.
    """
    if datum is Datum.GCJ02:
        return _inside(lon_lat, _gcj02_from_wgs84)
    if datum is Datum.BD09:
        return _inside(lon_lat, _bd09_from_wgs84)
    return np.array(lon_lat, dtype=np.float64)


def _inside(lon_lat: Positions, shift: Callable[[Positions], Positions]) -> Positions:
    """Shift what lies in the rectangle, copy the rest."""
    shifted = np.array(lon_lat, dtype=np.float64)
    lon, lat = shifted[:, 0], shifted[:, 1]
    inner = (lon >= WEST) & (lon <= EAST) & (lat >= SOUTH) & (lat <= NORTH)
    shifted[inner] = shift(shifted[inner])
    return shifted


def _inverse(forward: Callable[[Positions], Positions], target: Positions) -> Positions:
    """The positions that *forward* brings to *target*: each step is some 100 times closer."""
    found = target.copy()
    for _ in range(INVERSE_STEPS):
        miss = target - forward(found)
        found += miss
        if not (np.abs(miss) > INVERSE_TOLERANCE / 100).any():
            break
    return found


def _gcj02_from_wgs84(lon_lat: Positions) -> Positions:
    lat = np.radians(lon_lat[:, 1])
    curvature = 1 - ECCENTRICITY_SQUARED * np.sin(lat) ** 2
    prime_vertical_m = AXIS_M / np.sqrt(curvature)
    meridian_m = AXIS_M * (1 - ECCENTRICITY_SQUARED) / curvature**1.5
    east_m, north_m = _offset_m(lon_lat[:, 0] - 105.0, lon_lat[:, 1] - 35.0)
    shift_rad = np.column_stack([east_m / (prime_vertical_m * np.cos(lat)), north_m / meridian_m])
    return lon_lat + np.degrees(shift_rad)


def _offset_m(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Metres by which a position *x*, *y* degrees from 105 E, 35 N is moved east and north."""
    root = np.sqrt(np.abs(x))
    common = _waves(x, (20, 6), (20, 2))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += common + _waves(x, (20, 1), (40, 1 / 3)) + _waves(x, (150, 1 / 12), (300, 1 / 30))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += common + _waves(y, (20, 1), (40, 1 / 3)) + _waves(y, (160, 1 / 12), (320, 1 / 30))
    return east, north


def _waves(degrees: NDArray[np.float64], *waves: tuple[float, float]) -> NDArray[np.float64]:
    """Two thirds of a sum of sines, each given as amplitude and frequency in half turns."""
    first, second = (height * np.sin(degrees * (pace * np.pi)) for height, pace in waves)
    return (first + second) * (2 / 3)


def _bd09_from_wgs84(lon_lat: Positions) -> Positions:
    lon, lat = _gcj02_from_wgs84(lon_lat).T
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * BAIDU_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * BAIDU_TURN)
    return np.column_stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006])
