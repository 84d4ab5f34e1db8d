"""Metres and square metres of things given in degrees, on the WGS84 ellipsoid."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod

from geo.crs import WGS84, crs_named, geometries_transformed

ELLIPSOID: Final = Geod(ellps="WGS84")
# Cylindrical equal area on the ellipsoid: any latitude, any zone, one formula.
EQUAL_AREA: Final = CRS.from_proj4("+proj=cea +ellps=WGS84 +units=m +no_defs +type=crs")


def area_m2(geometries: NDArray[np.object_]) -> NDArray[np.float64]:
    """Area in m² of each geometry (n,) in degrees, longitude first; None gives 0.

    Edges are taken as straight in degrees, which is how cells are drawn and tested.
    """
    flat = geometries_transformed(geometries, crs_named(WGS84), EQUAL_AREA)
    return np.nan_to_num(np.asarray(shapely.area(flat)))


def distance_m(
    lon_lat: NDArray[np.float64], other_lon_lat: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Geodesic distance in metres between positions (n, 2) in degrees; one of them may be (1, 2).

    NaN gives NaN.
    """
    here, there = np.broadcast_arrays(lon_lat, other_lon_lat)
    _, _, metres = ELLIPSOID.inv(here[:, 0], here[:, 1], there[:, 0], there[:, 1])
    return np.asarray(metres)
