"""Whether the cells cover their communities: overlaps, gaps and cells that stray, in m²."""

from collections import defaultdict
from typing import Final

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from app.city.faults import Faults
from app.city.layers import Shapes, usable
from app.city.profile import Tolerance
from app.city.territory import Areas, Cells

Numbers = NDArray[np.intp]
WORTH_A_LOOK_M2: Final = 1e-6


class Plane:
    """Areas in m², on a plane laid through the middle of the city (error below 1 in 1,000)."""

    def __init__(self, bounds: tuple[float, float, float, float]) -> None:
        west, south, east, north = bounds
        crs = pyproj.CRS.from_dict(
            {"proj": "laea", "lon_0": (west + east) / 2, "lat_0": (south + north) / 2}
        )
        self._project = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform

    def area_m2(self, shapes: Shapes) -> NDArray[np.float64]:
        """Area of each shape given in lon/lat degrees."""
        return shapely.area(
            shapely.transform(shapes, lambda xy: np.column_stack(self._project(xy[:, 0], xy[:, 1])))
        )


def check_tessellation(
    areas: Areas, cells: Cells, tolerance: Tolerance, plane: Plane, faults: Faults
) -> None:
    """Note overlapping cells, gaps inside areas that hold cells, and cells outside their area.

    Shapes that are unusable are left out here; they were noted before.
    """
    good = usable(cells.shapes)
    _check_overlaps(cells, np.flatnonzero(good), tolerance.overlap_m2, plane)
    members: dict[str, list[int]] = defaultdict(list)
    for number in np.flatnonzero(good).tolist():
        members[cells.rows[number]["area"]].append(number)
    whole = {row["area"] for row, fine in zip(cells.rows, good, strict=True) if not fine}
    area_good = usable(areas.shapes)
    children = _children(areas)
    for number, row in enumerate(areas.rows):
        if area_good[number] and row["code"] in members:
            inside = members[row["code"]]
            _check_strays(areas, number, cells, inside, tolerance.outside_m2, plane)
            if row["code"] not in whole:
                below = [n for n in children.get(row["code"], []) if area_good[n]]
                covered = np.concatenate([cells.shapes[inside], areas.shapes[below]])
                _check_gaps(areas, number, covered, tolerance.gap_m2, plane)
    _check_children(areas, area_good, tolerance.outside_m2, plane)
    if not len(cells.rows):
        faults.add("cells", None, "", "there are no cells", "Draw at least one")


def _check_overlaps(cells: Cells, good: Numbers, tolerance: float, plane: Plane) -> None:
    """Only where an edge does not match the neighbour's can two cells overlap: look there."""
    shapes = cells.shapes[good]
    suspects = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    found = shapely.STRtree(shapes).query(shapes[suspects], predicate="intersects")
    pairs = np.sort(np.column_stack([suspects[found[0]], found[1]]), axis=1)
    one, other = good[np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)].T
    common = shapely.intersection(cells.shapes[one], cells.shapes[other])
    shared = plane.area_m2(common)
    for n in np.flatnonzero(shared > max(tolerance, WORTH_A_LOOK_M2)).tolist():
        first, second = cells.rows[one[n]]["code"], cells.rows[other[n]]["code"]
        problem = f"{first} and {second} overlap by {shared[n]:,.2f} m² {_near(common[n])}"
        cells.lines[other[n]].wrong("geometry", problem, "Redraw the border between the two")


def _check_strays(
    areas: Areas, area: int, cells: Cells, inside: list[int], tolerance: float, plane: Plane
) -> None:
    shape = areas.shapes[area]
    shapely.prepare(shape)
    doubtful = [n for n in inside if not shape.covers(cells.shapes[n])]
    if not doubtful:
        return
    beyond = shapely.difference(cells.shapes[doubtful], shape)
    for n, out, m2 in zip(doubtful, beyond, plane.area_m2(beyond).tolist(), strict=True):
        if m2 > tolerance:
            row = cells.rows[n]
            problem = f"{row['code']} reaches {m2:,.2f} m² out of {row['area']} {_near(out)}"
            cells.lines[n].wrong("geometry", problem, "Redraw it, or give it another area")


def _check_gaps(areas: Areas, area: int, covered: Shapes, tolerance: float, plane: Plane) -> None:
    gaps = shapely.difference(areas.shapes[area], shapely.union_all(covered))
    parts = shapely.get_parts(gaps)
    for gap, m2 in zip(parts, plane.area_m2(parts).tolist(), strict=True):
        if m2 > tolerance:
            problem = f"{m2:,.2f} m² of {areas.rows[area]['code']} have no cell {_near(gap)}"
            areas.lines[area].wrong("geometry", problem, "Draw the missing cell or widen others")


def _children(areas: Areas) -> dict[str, list[int]]:
    """Numbers of the areas right below each area."""
    children: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(areas.rows):
        children[row["parent"] or ""].append(number)
    return children


def _check_children(areas: Areas, good: NDArray[np.bool_], tolerance: float, plane: Plane) -> None:
    number = {row["code"]: n for n, row in enumerate(areas.rows)}
    for n, row in enumerate(areas.rows):
        above = number.get(row["parent"] or "")
        if above is None or not (good[n] and good[above]):
            continue
        beyond = shapely.difference(areas.shapes[n], areas.shapes[above])
        m2 = float(plane.area_m2(np.array([beyond]))[0])
        if m2 > tolerance:
            problem = f"{row['code']} reaches {m2:,.2f} m² out of {row['parent']} {_near(beyond)}"
            areas.lines[n].wrong("geometry", problem, "Redraw it, or give it another parent")


def _near(shape: BaseGeometry) -> str:
    """Where to look: a point inside the trouble, lon and lat in degrees."""
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(shape))[0].tolist()
    return f"near {lon:.6f}, {lat:.6f}"
