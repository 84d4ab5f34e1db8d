"""Coordinate reference systems: what comes in becomes longitude and latitude, metres are local.

Axis order is longitude first everywhere, whatever the register says.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from geo.errors import UnknownCrs

WGS84: Final = "EPSG:4326"
CGCS2000: Final = "EPSG:4490"


def crs_named(name: str | int | None) -> CRS:
    """The system called *name*: "EPSG:4490", 4490, WKT or a PROJ string.

    Raises UnknownCrs for None, 0 and whatever PROJ does not know: none is guessed.
    """
    if name is None or name in (0, "", "0", "EPSG:0"):
        raise UnknownCrs(str(name), "is not given; say which one the coordinates are in")
    try:
        return CRS.from_user_input(name)
    except CRSError as err:
        raise UnknownCrs(str(name), "is not known to PROJ") from err


def metric_crs_for(bbox: tuple[float, float, float, float]) -> CRS:
    """A system in metres for the surroundings of *bbox* (west, south, east, north in degrees).

    A transverse Mercator of its own, so a city on a zone border needs no choice. Lengths are true
    to 1 in 10,000 within 90 km east and west of the middle.
    """
    west, south, east, north = bbox
    lon, lat = round((west + east) / 2, 2), round((south + north) / 2, 2)
    return CRS.from_proj4(
        f"+proj=tmerc +lon_0={lon} +lat_0={lat} +k=1 +ellps=WGS84 +units=m +no_defs +type=crs"
    )


def transformed(coordinates: NDArray[np.float64], source: CRS, target: CRS) -> NDArray[np.float64]:
    """Coordinates (n, 2), x or longitude first, of *source* in *target*.

    What cannot be transformed becomes infinite.
    """
    forward = _transformer(source.to_wkt(), target.to_wkt())
    return np.column_stack(forward.transform(coordinates[:, 0], coordinates[:, 1]))


def geometries_transformed(
    geometries: NDArray[np.object_], source: CRS, target: CRS
) -> NDArray[np.object_]:
    """Geometries (n,) of *source* in *target*, without Z; None stays None."""
    return np.asarray(
        shapely.transform(geometries, lambda vertices: transformed(vertices, source, target))
    )


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    """Finding a transformation takes PROJ milliseconds, using it microseconds."""
    return Transformer.from_crs(source, target, always_xy=True)
