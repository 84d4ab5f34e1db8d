"""A pack without faults, put together from what was read."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from app.city.institutions import Person
from app.city.layers import Shapes
from app.city.pack import CityPack
from app.city.profile import Profile
from app.city.territory import Areas, Cells, bounds_of
from app.city.tessellation import Plane
from grid.cell import Cell
from grid.hierarchy import Area
from grid.naming import Label
from grid.tiling import Drawing, Tiling


def packed(
    profile: Profile,
    parts: dict[str, Any],
    areas: Areas,
    cells: Cells,
    drawings: tuple[Drawing, ...],
    people: list[Person],
) -> CityPack:
    """The pack, everything in the order of its codes."""
    bounds = bounds_of(areas)
    area_order, cell_order = _by_code(areas.rows), _by_code(cells.rows)
    rows = [areas.rows[n] for n in area_order]
    shapes = _multipolygons(cells.shapes[cell_order])
    tiling = Tiling(
        areas=[Area.of(row) for row in rows],
        area_shapes=_multipolygons(areas.shapes[area_order]),
        cells=[
            Cell(row["code"], row["area"], Label.of(row["name"]), shape)
            for row, shape in zip((cells.rows[n] for n in cell_order), shapes, strict=True)
        ],
        sizes_m2=Plane(bounds).area_m2(shapes).tolist(),
        drawings=drawings,
    )
    return CityPack(
        parts={"city": profile.city | {"bbox": list(bounds)}, "areas": rows, **parts},
        tiling=tiling,
        people=tuple(sorted(people, key=lambda person: person.login)),
    )


def _by_code(rows: list[dict[str, Any]]) -> list[int]:
    """Numbers of the rows sorted by code, so that their order in a file makes no new version."""
    return sorted(range(len(rows)), key=lambda n: rows[n]["code"])


def _multipolygons(shapes: Shapes) -> Shapes:
    many = np.array(shapely.force_2d(shapes), dtype=object)
    single = shapely.get_type_id(many) == shapely.GeometryType.POLYGON
    many[single] = [shapely.MultiPolygon([shape]) for shape in many[single]]
    return many
