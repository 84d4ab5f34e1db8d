"""Shapes in metres around one place, in degrees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.shift import Datum, from_wgs84
from grid.tessellate.plane import Plane, Shapes

HERE = np.array([114.05, 22.54])
PLANE = Plane.over((114.05, 22.54, 114.05, 22.54))
_FACTOR = np.array([PLANE.east_m, PLANE.north_m])


def placed(*shapes: BaseGeometry | None) -> Shapes:
    """Shapes drawn in metres, at their place in degrees."""
    drawn = np.array([*shapes, None], dtype=object)[:-1]
    return np.asarray(shapely.transform(drawn, lambda metres: metres / _FACTOR + HERE))


def moved(shapes: Shapes, east_m: float, north_m: float) -> Shapes:
    """Shapes in degrees, moved by metres."""
    return _changed(shapes, lambda lon_lat: lon_lat + np.array([east_m, north_m]) / _FACTOR)


def shifted(shapes: Shapes, datum: Datum) -> Shapes:
    """Shapes with the numbers that a map service gives them."""
    return _changed(shapes, lambda lon_lat: from_wgs84(lon_lat, datum))


def streets(seed: int, count: int = 14, side_m: float = 2_000.0) -> Shapes:
    """An uneven net of streets, as towns have it: no two blocks are as long."""
    chance = np.random.default_rng(seed)
    lines = list[BaseGeometry]()
    for at in np.sort(chance.uniform(0, side_m, count)).tolist():
        bend = chance.uniform(-40, 40, 3)
        lines.append(shapely.LineString([(at, 0), (at + bend[0], side_m / 2), (at, side_m)]))
    for at in np.sort(chance.uniform(0, side_m, count)).tolist():
        bend = chance.uniform(-40, 40, 3)
        lines.append(shapely.LineString([(0, at), (side_m / 2, at + bend[0]), (side_m, at)]))
    return placed(*lines)


def _changed(shapes: Shapes, change: Callable[[np.ndarray], np.ndarray]) -> Shapes:
    return np.asarray(shapely.transform(shapes, change))
