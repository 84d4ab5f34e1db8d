"""Small drawings for paper: places as paths, days as bars; numbers only, no text of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

import numpy as np
import shapely

from maps.report.cells import Shapes, simplified


@dataclass(frozen=True, slots=True)
class DrawnPlace:
    """A place on paper: the ``d`` of its path, and where its name stands, in units of the view."""

    path: str
    x: float
    y: float


def drawn_places(
    shapes: Shapes, width: float, height: float, simplify_m: float = 25.0
) -> list[DrawnPlace]:
    """Shapes (n,) in degrees, fitted into a view that is *width* wide and *height* high."""
    light = simplified(shapes, simplify_m)
    west, south, east, north = shapely.total_bounds(light).tolist()
    narrow = cos(radians((south + north) / 2))
    scale = min(width / max((east - west) * narrow, 1e-9), height / max(north - south, 1e-9))
    left = (width - (east - west) * narrow * scale) / 2
    top = (height - (north - south) * scale) / 2

    def onto_paper(lon_lat: np.ndarray) -> np.ndarray:
        x = left + (lon_lat[:, 0] - west) * narrow * scale
        y = top + (north - lon_lat[:, 1]) * scale
        return np.column_stack([x, y])

    return [_drawn(shape) for shape in shapely.transform(light, onto_paper)]


def _drawn(shape: shapely.Geometry) -> DrawnPlace:
    rings = [ring for part in shapely.get_parts(shape) for ring in shapely.get_rings(part)]
    inner = shapely.point_on_surface(shape)
    return DrawnPlace(
        "".join(_ring(shapely.get_coordinates(ring)) for ring in rings),
        round(float(shapely.get_x(inner)), 1),
        round(float(shapely.get_y(inner)), 1),
    )


def _ring(points: np.ndarray) -> str:
    told = "L".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())
    return f"M{told}Z"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar that stands on the ground of a view: left edge, top, width and height."""

    x: float
    y: float
    width: float
    height: float


def bars(
    series: Sequence[Sequence[float]], width: float, height: float
) -> tuple[list[list[Bar]], float]:
    """Bars of several series (of equal length) beside each other, and the value at the top.

    The top is a round number that no value is above.
    """
    top = round_top(max((value for one in series for value in one), default=0))
    slot = width / max(len(series[0]), 1)
    bar = slot * 0.8 / len(series)
    drawn = [
        [
            Bar(
                round(slot * n + slot * 0.1 + bar * number, 2),
                round(height * (1 - value / top), 2),
                round(bar, 2),
                round(height * value / top, 2),
            )
            for n, value in enumerate(one)
        ]
        for number, one in enumerate(series)
    ]
    return drawn, top


def round_top(value: float) -> float:
    """The least of 1, 2, 3, 4, 5, 6, 8, 10, 20, 30 … that is not below *value*."""
    step = 1.0
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8):
            if step * factor >= value:
                return step * factor
        step *= 10
