"""The areas handed in, and those of them that cells are drawn in: the communities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.geometry import POLYGONAL
from grid.hierarchy import Area, Hierarchy
from grid.tessellate.errors import NoCommunities, ShapelessCommunity
from grid.tessellate.plane import Numbers, Shapes


@dataclass(frozen=True, slots=True)
class Ground:
    """What is handed in, in degrees WGS84: areas with shapes parallel to them, and lines.

    Areas that no other lies below are the communities; the shapes of the rest may be None.
    *lines* may be polygons, whose outlines count, and may hold None.
    """

    areas: Sequence[Area]
    area_shapes: NDArray[np.object_]
    lines: NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Communities:
    """The communities by ascending code, with their shapes in degrees, and the tree above them."""

    areas: Sequence[Area]
    shapes: Shapes
    hierarchy: Hierarchy

    @classmethod
    def of(cls, ground: Ground) -> Self:
        """Raises BrokenHierarchy, NoCommunities and ShapelessCommunity."""
        hierarchy = Hierarchy(ground.areas)
        parents = {area.parent for area in ground.areas}
        numbers = [n for n, area in enumerate(ground.areas) if area.code not in parents]
        if not numbers:
            raise NoCommunities
        for number in numbers:
            if reason := _unusable(ground.area_shapes[number]):
                raise ShapelessCommunity(ground.areas[number].code, number, reason)
        numbers.sort(key=lambda n: ground.areas[n].code)
        shapes = np.asarray(shapely.force_2d(ground.area_shapes[numbers]))
        return cls([ground.areas[n] for n in numbers], shapes, hierarchy)

    @property
    def codes(self) -> list[str]:
        """Their codes, ascending."""
        return [area.code for area in self.areas]

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """West, south, east, north of all, in degrees."""
        west, south, east, north = shapely.total_bounds(self.shapes).tolist()
        return west, south, east, north

    def outlines(self, cells: Shapes, community: Numbers) -> tuple[list[Area], Shapes]:
        """All areas by ascending code, each with the union of its cells; parallel to each other."""
        own = {
            code: shapely.coverage_union_all(cells[community == number])
            for number, code in enumerate(self.codes)
        }
        areas = sorted(self.hierarchy, key=lambda area: area.code)
        shapes = np.empty(len(areas), dtype=object)
        for number, area in enumerate(areas):
            below = self.hierarchy.subtree(area.code)
            parts = np.array([own[code] for code in sorted(below & own.keys())], dtype=object)
            shapes[number] = shapely.coverage_union_all(parts)
        return areas, many_parts(shapes)


def many_parts(shapes: Shapes) -> Shapes:
    """Each shape as a MultiPolygon, which is how a grid version keeps them."""
    many = np.empty(len(shapes), dtype=object)
    many[:] = [shapely.multipolygons(shapely.get_parts(shape)) for shape in shapes]
    return many


def _unusable(shape: BaseGeometry | None) -> str:
    """What is wrong with the shape of a community; empty when nothing is."""
    if shape is None or shape.is_empty:
        return "there is none"
    if shapely.get_type_id(shape) not in POLYGONAL:
        return f"it is a {shape.geom_type}"
    if not (np.abs(shapely.bounds(shape)) <= [180, 90, 180, 90]).all():
        return "it is not in degrees"
    return "" if shape.is_valid else str(shapely.is_valid_reason(shape))
