"""Makes polygons usable, and says what it did: official files hold many that are not valid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True, slots=True)
class Repair:
    """One geometry that was not usable as it came: its number, what was wrong, if it was kept."""

    number: int
    reason: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Valid, non-empty (Multi)Polygons without Z, None in place of what was dropped."""

    polygons: NDArray[np.object_]
    repairs: tuple[Repair, ...]


def cleaned(geometries: Sequence[BaseGeometry | None] | NDArray[np.object_]) -> Cleaned:
    """Valid polygons out of *geometries*, one for one.

    What is valid stays as it is. What is not is rebuilt from its rings (a bow-tie becomes two
    triangles, an overlap of parts is merged); lines and points left over by that are dropped.
    """
    polygons = np.empty(len(geometries), dtype=object)
    polygons[:] = geometries
    polygons = np.asarray(shapely.force_2d(polygons))
    doubtful = np.flatnonzero(~_usable(polygons))
    repairs: list[Repair] = []
    for number in doubtful.tolist():
        before = polygons[number]
        polygons[number] = after = None if before is None else _rebuilt(before)
        repairs.append(Repair(number, _complaint(before), after is not None))
    return Cleaned(polygons, tuple(repairs))


def _usable(polygons: NDArray[np.object_]) -> NDArray[np.bool_]:
    polygonal = np.isin(shapely.get_type_id(polygons), POLYGONAL)
    return polygonal & ~shapely.is_empty(polygons) & shapely.is_valid(polygons)


def _rebuilt(shape: BaseGeometry) -> BaseGeometry | None:
    """The polygonal part of *shape* made valid, None when there is none."""
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return None
    valid = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    parts = shapely.get_parts(shapely.get_parts(valid))
    area = shapely.union_all(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])
    return None if area.is_empty else area


def _complaint(shape: BaseGeometry | None) -> str:
    """What is wrong with a geometry, in a few words."""
    if shape is None:
        return "no geometry"
    if shape.is_empty:
        return f"empty {shape.geom_type}"
    if shapely.get_type_id(shape) not in (*POLYGONAL, shapely.GeometryType.GEOMETRYCOLLECTION):
        return f"{shape.geom_type} has no area"
    return str(shapely.is_valid_reason(shape))
