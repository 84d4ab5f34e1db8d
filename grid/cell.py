"""A unit cell of the management grid, and the place a position belongs to."""

from dataclasses import dataclass

from shapely import MultiPolygon, Polygon

from grid.naming import Label


@dataclass(frozen=True, slots=True)
class Cell:
    """The smallest piece of ground somebody answers for, about 10,000 m² in a dense city.

    *geometry* is in lon/lat degrees WGS84; *area* is the code of the smallest area above it.
    """

    code: str
    area: str
    name: Label
    geometry: Polygon | MultiPolygon


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happened: a cell and the areas above it, smallest first, city last."""

    cell: str
    areas: tuple[str, ...]
