"""Part of Futian, Shenzhen: its real road graph, and communities of our own making.

Roads © OpenStreetMap contributors, ODbL; district borders from transbigdata, BSD-3.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from grid.hierarchy import Area
from grid.naming import Label
from grid.tessellate import Ground
from grid.tessellate.plane import Numbers, Shapes

DIVISION, STREET = "440304", "440304001"
MAIN_ROADS = ("trunk", "primary", "secondary", "tertiary")
COMMUNITIES = 14
STRIP_DEG = 0.0008
"""About 80 m, the width of an avenue with its lanes and greens."""
Making = Literal["by distance", "by roads"]


def read_futian(folder: Path, making: Making) -> Ground:
    """The ground between the outermost roads; communities around seeded points.

    "by distance" takes no notice of roads, the hard case; "by roads" joins the blocks between
    main roads to the nearest point, as a city would.
    """
    roads = _read(folder / "cn_shenzhen" / "futian_road_edges.geojson.gz")
    districts = _read(folder / "cn_shenzhen" / "sz_districts_10.geojson.gz")
    lines = np.asarray(roads.geometry.array, dtype=object)
    district = districts.loc[districts["qh"] == "福田"].geometry.iloc[0]
    ground = shapely.intersection(district, shapely.convex_hull(shapely.union_all(lines)))
    main = lines[roads["highway"].isin(MAIN_ROADS).to_numpy()]
    shapes = _by_distance(ground) if making == "by distance" else _by_roads(ground, main)
    codes = [f"{STREET}{n:03d}" for n in range(1, len(shapes) + 1)]
    areas = [
        Area(DIVISION, "division", None, Label("福田区（局部）", "Futian (part)"), None),
        Area(STREET, "street", DIVISION, Label("示例街道", "Example Street Office"), None),
        *(
            Area(c, "community", STREET, Label(f"社区{c[-2:]}", f"Area {c[-2:]}"), None)
            for c in codes
        ),
    ]
    return Ground(areas, np.array([None, None, *shapes], dtype=object), lines)


def _read(path: Path) -> gpd.GeoDataFrame:
    return pyogrio.read_dataframe(f"/vsigzip/{path.resolve()}")


def _seeds(ground: shapely.Geometry) -> Shapes:
    west, south, east, north = ground.bounds
    places = np.random.default_rng(4).uniform((west, south), (east, north), (COMMUNITIES, 2))
    return np.asarray(shapely.points(places))


def _by_distance(ground: shapely.Geometry) -> Shapes:
    seeds = shapely.multipoints(_seeds(ground))
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=ground, ordered=True))
    shapes = shapely.intersection(cells, ground)
    return shapes[shapely.area(shapes) > 0]


def _by_roads(ground: shapely.Geometry, roads: Shapes) -> Shapes:
    edges = shapely.union_all([*roads, shapely.boundary(ground)], grid_size=1e-9)
    blocks = shapely.get_parts(shapely.polygonize([edges]))
    middle = shapely.point_on_surface(blocks)
    blocks, middle = (found[shapely.intersects(ground, middle)] for found in (blocks, middle))
    home = shapely.STRtree(_seeds(ground)).nearest(middle)
    _join_strips(blocks, home)
    return np.array(
        [shapely.coverage_union_all(blocks[home == n]) for n in np.unique(home)], dtype=object
    )


def _join_strips(blocks: Shapes, home: Numbers) -> None:
    """What lies between two carriageways goes where the block beside it goes."""
    is_strip = shapely.is_empty(shapely.buffer(blocks, -STRIP_DEG / 2))
    solid = np.flatnonzero(~is_strip)
    for strip in np.flatnonzero(is_strip).tolist():
        shared = shapely.length(shapely.intersection(blocks[strip], blocks[solid]))
        away = shapely.distance(blocks[strip], blocks[solid])
        home[strip] = home[solid[np.lexsort([away, -shared])[0]]]
