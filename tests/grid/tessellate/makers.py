"""Ground drawn in metres around an invented town square, handed in as degrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grid.hierarchy import Area
from grid.naming import Label
from grid.tessellate import Ground, Tessellation
from grid.tessellate.plane import Plane, Points, Shapes

SQUARE = (112.86, 30.86)
PLANE = Plane.over((*SQUARE, *SQUARE))
STREET = "990101001"


def degrees(shapes: Sequence[BaseGeometry | None]) -> Shapes:
    """Shapes in metres east and north of the square, in degrees."""
    flat = np.empty(len(shapes), dtype=object)
    flat[:] = shapes
    return np.asarray(shapely.transform(PLANE.degrees(flat), lambda xy: xy + SQUARE))


def metres(lon_lat: Points) -> Points:
    """Metres east and north of the square."""
    return (lon_lat - SQUARE) * [PLANE.east_m, PLANE.north_m]


def area(code: str, parent: str | None, level: str = "community") -> Area:
    return Area(code, level, parent, Label(f"区{code}", f"Area {code}"), None)


def ground(
    communities: Sequence[BaseGeometry] | Mapping[str, BaseGeometry],
    lines: Sequence[BaseGeometry | None] = (),
) -> Ground:
    """Communities of one street, numbered from 001 unless they have codes, and lines."""
    if not isinstance(communities, Mapping):
        communities = {f"{STREET}{n:03d}": one for n, one in enumerate(communities, start=1)}
    areas = [area(STREET, None, "street"), *(area(code, STREET) for code in communities)]
    return Ground(areas, degrees([None, *communities.values()]), degrees(lines))


def line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(points)


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(west, south, east, north)


def middles(made: Tessellation) -> dict[str, tuple[float, float]]:
    """Whole metres east and north of the middle of each cell, by code."""
    found = shapely.get_coordinates(
        shapely.centroid(np.array([cell.geometry for cell in made.tiling.cells], dtype=object))
    )
    places = np.round(metres(found)).astype(int).tolist()
    return {cell.code: (x, y) for cell, (x, y) in zip(made.tiling.cells, places, strict=True)}
