"""One named specimen of every kind of polygon, for every test of this package.

All lie around 114 E, 22.5 N and are some hundred metres large unless the name says otherwise.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

EAST, NORTH = 114.0, 22.5
STEP = 2.0**-10  # about 100 m; sums and halves of it are exact


def placed(shape: BaseGeometry, east: float = 0.0, north: float = 0.0) -> BaseGeometry:
    """*shape*, drawn in steps of some hundred metres, put at its place on the map."""
    at = affinity.translate(shape, east, north)
    return shapely.transform(at, lambda vertices: vertices * STEP + (EAST, NORTH))


def _star(points: int) -> shapely.Polygon:
    turn = np.linspace(0, 2 * np.pi, 2 * points, endpoint=False)
    reach = np.where(np.arange(2 * points) % 2, 0.4, 1.0)
    return shapely.Polygon(np.column_stack([reach * np.cos(turn), reach * np.sin(turn)]))


SQUARE: Final = placed(shapely.box(0, 0, 1, 1))
TRIANGLE: Final = placed(shapely.Polygon([(0, 0), (1, 0), (0.25, 1)]))
CLOCKWISE: Final = placed(shapely.Polygon([(0, 0), (0, 1), (1, 1), (1, 0)]))
REPEATED_VERTEX: Final = placed(shapely.Polygon([(0, 0), (1, 0), (1, 0), (1, 1), (0, 1), (0, 1)]))
STRAIGHT_VERTEX: Final = placed(shapely.Polygon([(0, 0), (0.5, 0), (1, 0), (1, 1), (0, 1)]))
STAR: Final = placed(_star(7))
HORSESHOE: Final = placed(
    shapely.Polygon(
        [(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)],
    )
)
WITH_HOLE: Final = placed(shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 2, 3)))
HOLE_TOUCHES_SHELL: Final = placed(
    shapely.Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(0, 2), (2, 1), (2, 3)]])
)
ISLAND_IN_HOLE: Final = placed(
    shapely.MultiPolygon(
        [
            shapely.box(0, 0, 5, 5).difference(shapely.box(1, 1, 4, 4)),
            shapely.box(2, 2, 3, 3),
        ]
    )
)
TWO_ISLANDS: Final = placed(
    shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])
)
TOUCHING_PARTS: Final = placed(
    shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2)])
)
EMPTY_PART: Final = shapely.MultiPolygon([shapely.Polygon(), SQUARE])
EMPTY_LAST_PART: Final = shapely.MultiPolygon([SQUARE, shapely.Polygon()])
SLIVER: Final = placed(shapely.Polygon([(0, 0), (8, 1), (8, 1 + 2.0**-20)]))
HAIR: Final = placed(shapely.Polygon([(0, 0), (4, 2), (4, 2 + 2.0**-30)]))
TINY: Final = placed(shapely.box(0.5, 0.5, 0.5 + 2.0**-16, 0.5 + 2.0**-16))
HUGE: Final = shapely.box(73.0, 18.0, 135.0, 53.0)
WITH_HEIGHT: Final = shapely.force_3d(SQUARE, 12.5)
BY_THE_DATE_LINE: Final = shapely.box(179.995, -17.0, 180.0, -16.995)
BEYOND_THE_DATE_LINE: Final = shapely.box(-180.0, -17.0, -179.995, -16.995)
AT_THE_POLE: Final = shapely.box(-180.0, 89.9, 180.0, 90.0)
AT_ZERO: Final = shapely.box(-0.001, -0.001, 0.001, 0.001)

BOW_TIE: Final = placed(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))

VALID: Final[dict[str, BaseGeometry]] = {
    name.lower(): shape
    for name, shape in list(globals().items())
    if isinstance(shape, BaseGeometry) and name not in ("BOW_TIE", "EMPTY_PART", "EMPTY_LAST_PART")
}
