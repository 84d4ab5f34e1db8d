"""The components of the demo city: covers, lamps, bins, trees, railings and parks, all invented."""

from datetime import date, timedelta
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from app.city.writing import WGS84
from app.city.yunxi.catalogue import Line, table
from app.city.yunxi.tiling import DIVISION, Tiling
from grid.catalogue import COMPONENT
from grid.components.component import ComponentState
from grid.standards.codes import CategoryCode, ComponentId
from grid.standards.tables import table as national
from grid.standards.vintage import Vintage

PER_CELL: Final = 2.0
KINDS: Final = {
    "01002": 14, "01003": 16, "01001": 8, "01004": 10, "01013": 5, "01037": 22, "01050": 4,
    "02014": 3, "02017": 8, "03005": 12, "04002": 24, "04007": 5, "04013": 4,
}  # fmt: skip
"""How often each category stands in the streets, in parts."""
LINES: Final = {"02017"}
AREAS: Final = {"04013"}
FIRST_DAY: Final = date(2019, 1, 1)
SURVEY_DAYS: Final = 2_500
BROKEN_SHARE: Final = 0.015
TOWARDS_MIDDLE: Final = 0.08
LONGEST_RAILING: Final = 0.3

Numbers = NDArray[np.intp]


def components(tiling: Tiling, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """About two components per cell, at its edge where the street is; green space is an area.

    The codes of organisations are invented and their check character is not computed.
    """
    shapes = np.asarray(tiling.cells.geometry.array, dtype=object)
    count = round(len(shapes) * PER_CELL)
    share = np.array(list(KINDS.values())) / sum(KINDS.values())
    kinds = np.sort(rng.choice(list(KINDS), size=count, p=share))
    homes = rng.integers(0, len(shapes), count)
    places = _beside_the_street(shapes[homes], rng)
    managers = {one["code"]: one["department"] for one in table("catalogue.csv")}
    bodies = {one["code"]: (n, one["name_zh"]) for n, one in enumerate(table("departments.csv"))}
    serials: dict[str, int] = {}
    rows: list[Line] = []
    drawn: list[shapely.Geometry] = []
    cells: list[shapely.Geometry] = list(shapes)
    for kind, home, place in zip(kinds.tolist(), homes.tolist(), places, strict=True):
        serials[kind] = serials.get(kind, 0) + 1
        rows.append(_row(kind, serials[kind], bodies[managers[kind]], rng))
        rows[-1]["cell"] = tiling.cells["code"].iloc[home]
        drawn.append(_drawn(kind, cells[home], place))
    return gpd.GeoDataFrame(rows, geometry=drawn, crs=WGS84)


def _row(kind: str, serial: int, body: tuple[int, str], rng: np.random.Generator) -> Line:
    number, name = body
    category = CategoryCode.parse(kind, Vintage.FIVE_DIGIT)
    broken = rng.random() < BROKEN_SHARE
    day = FIRST_DAY + timedelta(days=int(rng.integers(SURVEY_DAYS)))
    return {
        "id": str(ComponentId.of(DIVISION, category, serial)),
        "name": national(Vintage.FIVE_DIGIT)[COMPONENT, kind].name.zh,
        "manager_code": f"12{DIVISION}YX{number:08d}",
        "manager_name": name,
        "state": (ComponentState.BROKEN if broken else ComponentState.INTACT).zh,
        "initial_on": f"{day:%Y%m%d}",
        "origin": "实测",
        "accuracy": "B",
    }


def _beside_the_street(
    shapes: NDArray[np.object_], rng: np.random.Generator
) -> NDArray[np.object_]:
    """A point of each shape a little inside its edge; one surely inside where that misses."""
    edge = shapely.line_interpolate_point(
        shapely.boundary(shapes), rng.random(len(shapes)), normalized=True
    )
    at, middle = (shapely.get_coordinates(one) for one in (edge, shapely.centroid(shapes)))
    inwards = np.round(at + TOWARDS_MIDDLE * (middle - at), 7)
    points: NDArray[np.object_] = np.asarray(shapely.points(inwards), dtype=object)
    missed = ~shapely.contains_properly(shapes, points)
    points[missed] = shapely.point_on_surface(shapes[missed])
    return points


def _drawn(kind: str, cell: shapely.Geometry, place: shapely.Point) -> shapely.Geometry:
    if kind in AREAS:
        return cell
    if kind in LINES:
        inside = shapely.point_on_surface(cell)
        end = shapely.LineString([place, inside]).interpolate(LONGEST_RAILING, normalized=True)
        return shapely.LineString([place, end])
    return place
