"""The lattice that every vertex lies on, and metres for what lies on it.

The plane is an affine map of degrees. So what is straight in degrees, which is how cells are
stored, indexed and tested, is straight in metres too; in a transverse Mercator an edge of four
kilometres would bend by a decimetre, and cells would not meet the border of their community.
"""

from dataclasses import dataclass
from math import cos, pi, radians, sin
from typing import Final, Self

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.measure import ELLIPSOID

Shapes = NDArray[np.object_]
Numbers = NDArray[np.intp]
Points = NDArray[np.float64]

LATTICE_DEG: Final = 1e-9
_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Plane:
    """Metres east and north, for aims and comparisons within one city.

    Exact on the parallel through its middle; 50 km north or south of it, at 30° of latitude,
    areas are off by 1 in 200. Sizes that are told are measured on the ellipsoid instead.
    """

    east_m: float
    north_m: float

    @classmethod
    def over(cls, bbox: tuple[float, float, float, float]) -> Self:
        """The plane for *bbox*: west, south, east, north in degrees WGS84."""
        lat = radians((bbox[1] + bbox[3]) / 2)
        a, e2 = float(ELLIPSOID.a), float(ELLIPSOID.es)
        bulge = 1 - e2 * sin(lat) ** 2
        return cls(pi / 180 * a * cos(lat) / bulge**0.5, pi / 180 * a * (1 - e2) / bulge**1.5)

    def metres(self, shapes: Shapes) -> Shapes:
        """Shapes in degrees, in metres."""
        factor = np.array([self.east_m, self.north_m])
        return np.asarray(shapely.transform(shapes, lambda lon_lat: lon_lat * factor))

    def area_m2(self, shapes: Shapes) -> float:
        """Area of all shapes in degrees together; their edges are straight in degrees."""
        return float(shapely.area(self.metres(shapes)).sum())

    def degrees(self, shapes: Shapes) -> Shapes:
        """Shapes in metres, in degrees, not yet on the lattice."""
        factor = np.array([self.east_m, self.north_m])
        return np.asarray(shapely.transform(shapes, lambda xy: xy / factor))


def on_lattice(shapes: Shapes) -> Shapes:
    """Shapes in degrees with every vertex at the nearest point of the lattice."""
    return np.asarray(shapely.transform(shapes, lambda lon_lat: np.round(lon_lat, _DIGITS)))


def in_order(shapes: Shapes) -> Shapes:
    """The shapes, each once, in an order that depends on nothing but them."""
    normal = shapely.normalize(shapely.force_2d(shapes))
    # Not numpy.unique: it would pad every text to the longest.
    number = {key: n for n, key in enumerate(shapely.to_wkb(normal).tolist())}
    return np.asarray(normal[[number[key] for key in sorted(number)]])


def spot_of(shape: BaseGeometry) -> tuple[float, float]:
    """Longitude and latitude of a point inside the shape: where to look."""
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(shape))[0].tolist()
    return lon, lat
