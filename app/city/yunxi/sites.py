"""What stands in the demo city and makes it worse when something happens beside it: invented."""

from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from app.city.writing import WGS84
from app.city.yunxi.catalogue import Line
from app.city.yunxi.names import place_names
from app.city.yunxi.tiling import Tiling
from grid.naming import Label

KINDS: Final = (
    ("school", Label("小学", "Primary School"), 40),
    ("hospital", Label("医院", "Hospital"), 250),
    ("market", Label("农贸市场", "Farmers' Market"), 120),
)
"""Each kind with the end of its names and the cells for which there is one."""


def sites(tiling: Tiling, water: shapely.Geometry, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """At least one of each kind, each in a cell of its own that is not on the water."""
    places: NDArray[np.object_] = shapely.point_on_surface(tiling.cells.geometry.to_numpy())
    dry = rng.permutation(np.flatnonzero(~shapely.intersects(water, places)))
    count = len(places)
    told = [
        (kind, ending) for kind, ending, per in KINDS for _ in range(max(1, round(count / per)))
    ]
    rows: list[Line] = [
        {"kind": kind, "name_zh": name.zh + ending.zh, "name_en": f"{name.en} {ending.en}"}
        for (kind, ending), name in zip(told, place_names(rng), strict=False)
    ]
    lon_lat = shapely.get_coordinates(places[dry[: len(rows)]]).round(7)
    return gpd.GeoDataFrame(rows, geometry=shapely.points(lon_lat), crs=WGS84)
