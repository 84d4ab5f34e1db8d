"""Other ways from positions to cells: STRtree, geopandas.sjoin, a PostGIS join, and H3.

Each takes positions (n, 2) and gives the lowest number of a cell that holds each, -1 for none. H3
has hexagons of its own instead: it shows the price, not the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import psycopg
import shapely
from h3ronpy.vector import coordinates_to_cells
from numpy.typing import NDArray

from benchmarks.locating.timing import timed

Floats = NDArray[np.float64]
Shapes = NDArray[Any]
Locate = Callable[[Floats], NDArray[Any]]

H3_RESOLUTION: Final = 10  # 15,000 m², nearest to the cells' 11,000 m²

POSTGIS_JOIN: Final = """
    SELECT asked.number, min(cell.number)
      FROM asked
      JOIN cell
        ON ST_Intersects(cell.shape, ST_SetSRID(ST_MakePoint(asked.lon, asked.lat), 4326))
     GROUP BY asked.number
"""

POSTGIS_ONE: Final = """
    SELECT min(number)
      FROM cell
     WHERE ST_Intersects(shape, ST_SetSRID(ST_MakePoint(%s, %s), 4326))
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to answer, and what it takes to get ready."""

    name: str
    locate: Locate
    build_s: float
    exact: bool = True


def peers_of(shapes: Shapes, conn: psycopg.Connection) -> list[Peer]:
    """All of them over cells in the order of their codes."""
    return [_strtree(shapes), _geopandas(shapes), _postgis_join(shapes, conn), _h3()]


def _strtree(shapes: Shapes) -> Peer:
    tree, build_s = timed(lambda: shapely.STRtree(shapes))

    def locate(lon_lat: Floats) -> NDArray[Any]:
        position, cell = tree.query(shapely.points(lon_lat), predicate="intersects")
        return _lowest(position, cell, len(lon_lat), len(shapes))

    return Peer("strtree", locate, build_s)


def _geopandas(shapes: Shapes) -> Peer:
    frame, build_s = timed(lambda: _framed(shapes))

    def locate(lon_lat: Floats) -> NDArray[Any]:
        points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*lon_lat.T, crs="EPSG:4326"))
        joined = gpd.sjoin(points, frame, how="inner", predicate="intersects")
        cell = joined["cell"].to_numpy()
        return _lowest(joined.index.to_numpy(), cell, len(lon_lat), len(shapes))

    return Peer("geopandas", locate, build_s)


def _framed(shapes: Shapes) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame({"cell": np.arange(len(shapes))}, geometry=shapes, crs="EPSG:4326")
    _ = frame.sindex
    return frame


def _postgis_join(shapes: Shapes, conn: psycopg.Connection) -> Peer:
    """COPY the positions in, join, fetch the answers; cells with a GiST index, all warm."""
    _, build_s = timed(lambda: _store(shapes, conn))

    def locate(lon_lat: Floats) -> NDArray[Any]:
        conn.execute("TRUNCATE asked")
        with conn.cursor().copy("COPY asked FROM STDIN") as copy:
            rows = [f"{i}\t{lon!r}\t{lat!r}\n" for i, (lon, lat) in enumerate(lon_lat.tolist())]
            copy.write("".join(rows))
        rows = conn.execute(POSTGIS_JOIN).fetchall()
        conn.commit()
        position, cell = np.array(rows, dtype=np.intp).reshape(-1, 2).T
        return _lowest(position, cell, len(lon_lat), len(shapes))

    return Peer("postgis", locate, build_s)


def _store(shapes: Shapes, conn: psycopg.Connection) -> None:
    conn.execute("DROP TABLE IF EXISTS cell")
    conn.execute("CREATE TABLE cell (number int PRIMARY KEY, shape geometry(Geometry, 4326))")
    with conn.cursor().copy("COPY cell FROM STDIN") as copy:
        placed = shapely.set_srid(shapes, 4326)
        for row in enumerate(shapely.to_wkb(placed, hex=True, include_srid=True)):
            copy.write_row(row)
    conn.execute("CREATE INDEX ON cell USING gist (shape)")
    conn.execute("ANALYZE cell")
    conn.execute("CREATE TEMP TABLE IF NOT EXISTS asked (number int, lon float8, lat float8)")
    conn.commit()


def _h3() -> Peer:
    def locate(lon_lat: Floats) -> NDArray[Any]:
        lon, lat = np.ascontiguousarray(lon_lat[:, 0]), np.ascontiguousarray(lon_lat[:, 1])
        return np.asarray(coordinates_to_cells(lat, lon, H3_RESOLUTION))

    return Peer("h3", locate, 0.0, exact=False)


def _lowest(
    position: NDArray[Any], cell: NDArray[Any], positions_: int, cells: int
) -> NDArray[np.intp]:
    found = np.full(positions_, cells)
    np.minimum.at(found, position, cell)
    found[found == cells] = -1
    return found
