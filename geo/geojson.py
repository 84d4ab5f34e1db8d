"""GeoJSON geometries (RFC 7946) from outside, bounded and checked, and back.

Reading never trusts: every coordinate is looked at once, with its path for the error message, and
a geometry that is too large is refused before it is built.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import BadGeometry

MOST_VERTICES: Final = 100_000
# How deep lists of positions are nested in "coordinates".
NESTING: Final = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}


def geometry_of(
    value: Any,
    *,
    path: str = "geometry",
    kinds: tuple[str, ...] = tuple(NESTING),
    most_vertices: int = MOST_VERTICES,
) -> BaseGeometry:
    """The geometry that a decoded GeoJSON object describes, without Z, in degrees.

    Raises BadGeometry, with the path to the place, for what is not a geometry of these *kinds*,
    not finite, not in degrees, has more than *most_vertices* or is not valid (open ring,
    self-intersection).
    """
    if not isinstance(value, Mapping):
        raise BadGeometry("must be a GeoJSON geometry object", path=path)
    kind = value.get("type")
    if kind not in NESTING or kind not in kinds:
        raise BadGeometry(f"must be one of {', '.join(kinds)}, not {kind!r:.40}", path=path)
    reader = _Reader(most_vertices)
    nested = reader.read(value.get("coordinates"), NESTING[kind], f"{path}.coordinates")
    shape = _built(kind, nested, f"{path}.coordinates")
    if not shape.is_valid:
        raise BadGeometry(f"is not valid: {shapely.is_valid_reason(shape)}", path=path)
    return shape


def geojson_of(geometry: BaseGeometry, *, digits: int = 7) -> dict[str, Any]:
    """A GeoJSON object of a geometry in degrees, rounded (7 digits are a centimetre).

    Raises BadGeometry for a kind GeoJSON has no name for here, and for coordinates not finite.
    """
    if geometry.geom_type not in NESTING:
        raise BadGeometry(f"a {geometry.geom_type} cannot be written as GeoJSON")
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise BadGeometry("coordinates that are not finite cannot be written as GeoJSON")
    rounded = shapely.transform(geometry, lambda vertices: np.round(vertices, digits))
    shape: dict[str, Any] = json.loads(shapely.to_geojson(rounded))
    return shape


class _Reader:
    """Reads nested lists of positions and counts vertices on the way."""

    def __init__(self, most_vertices: int) -> None:
        self._left = self._most = most_vertices

    def read(self, value: Any, depth: int, path: str) -> Any:
        """*value* with every position as a pair of floats; *depth* lists around positions."""
        if not isinstance(value, list | tuple):
            raise BadGeometry("must be a list", path=path)
        if depth == 0:
            return self._position(value, path)
        if not value:
            raise BadGeometry("must not be empty", path=path)
        return [self.read(item, depth - 1, f"{path}[{i}]") for i, item in enumerate(value)]

    def _position(self, value: list[Any] | tuple[Any, ...], path: str) -> tuple[float, float]:
        self._left -= 1
        if self._left < 0:
            raise BadGeometry(f"more than {self._most} vertices", path=path)
        if len(value) not in (2, 3):
            raise BadGeometry("must be [longitude, latitude]", path=path)
        return _degrees(value[0], 180, f"{path}[0]"), _degrees(value[1], 90, f"{path}[1]")


def _degrees(value: Any, limit: float, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadGeometry("must be a number", path=path)
    if not -limit <= value <= limit:  # NaN and infinity too
        raise BadGeometry(f"must lie between -{limit} and {limit} degrees", path=path)
    return float(value)


def _built(kind: str, nested: Any, path: str) -> BaseGeometry:
    """The geometry of checked positions, with rings that are closed as they came."""
    match kind:
        case "Point":
            return shapely.Point(nested)
        case "MultiPoint":
            return shapely.MultiPoint(nested)
        case "LineString":
            return _line(nested, path)
        case "MultiLineString":
            lines = [_line(line, f"{path}[{i}]") for i, line in enumerate(nested)]
            return shapely.MultiLineString(lines)
        case "Polygon":
            return _polygon(nested, path)
        case _:
            parts = [_polygon(part, f"{path}[{i}]") for i, part in enumerate(nested)]
            return shapely.MultiPolygon(parts)


def _line(positions: list[tuple[float, float]], path: str) -> shapely.LineString:
    if len(positions) < 2:
        raise BadGeometry("a line needs two positions", path=path)
    return shapely.LineString(positions)


def _polygon(rings: list[list[tuple[float, float]]], path: str) -> shapely.Polygon:
    for i, ring in enumerate(rings):
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise BadGeometry(
                "a ring needs four positions, the last like the first", path=f"{path}[{i}]"
            )
    return shapely.Polygon(rings[0], rings[1:])
