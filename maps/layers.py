"""What the vector tiles hold and at which zoom. Pure.

Tiles are Web Mercator, 4096 units wide; a tile of one layer may carry several named sub-layers.
"""

from dataclasses import dataclass
from math import asinh, pi, radians, tan
from typing import Final

from maps.errors import NoSuchTile, UnknownLayer

EXTENT: Final = 4096
WORLD_M: Final = 40_075_016.685578488
DEEPEST: Final = 22


@dataclass(frozen=True, slots=True)
class Layer:
    """One tile layer; below *first_zoom* it is empty, above *last_zoom* the page scales it up."""

    name: str
    first_zoom: int
    last_zoom: int


LAYERS: Final = {
    layer.name: layer
    for layer in (Layer("base", 8, 15), Layer("areas", 5, 14), Layer("cells", 12, 15))
}


@dataclass(frozen=True, slots=True)
class TileNumber:
    """Which tile of which layer; raises `UnknownLayer` or `NoSuchTile` when there is none."""

    layer: str
    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if self.layer not in LAYERS:
            raise UnknownLayer(self.layer)
        if not 0 <= self.z <= DEEPEST or not 0 <= self.x < 2**self.z or not 0 <= self.y < 2**self.z:
            raise NoSuchTile(self.z, self.x, self.y)

    @property
    def is_drawn(self) -> bool:
        """Whether the layer is drawn at this zoom at all."""
        layer = LAYERS[self.layer]
        return layer.first_zoom <= self.z <= layer.last_zoom

    @property
    def tolerance_m(self) -> float:
        """How far a simplified outline may stray, in Web Mercator metres: an eighth of a pixel.

        At the last zoom of a layer nothing is simplified, because the page scales that tile up.
        """
        if self.z >= LAYERS[self.layer].last_zoom:
            return 0.0
        return WORLD_M / 2**self.z / EXTENT

    def path(self) -> str:
        """The tile as it stands in an address, ``layer/z/x/y``."""
        return f"{self.layer}/{self.z}/{self.x}/{self.y}"


def tiles_over(bbox: tuple[float, float, float, float], layer: Layer) -> list[TileNumber]:
    """The tiles of all zooms of a layer that touch *bbox*: west, south, east, north in degrees."""
    return [
        TileNumber(layer.name, z, x, y)
        for z in range(layer.first_zoom, layer.last_zoom + 1)
        for x, y in _squares_over(bbox, z)
    ]


def _squares_over(bbox: tuple[float, float, float, float], z: int) -> list[tuple[int, int]]:
    west, south, east, north = bbox
    left, top = tile_at(west, north, z)
    right, bottom = tile_at(east, south, z)
    return [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]


def tile_at(lon: float, lat: float, z: int) -> tuple[int, int]:
    """The numbers x, y of the tile that holds a position in degrees WGS84."""
    width = 2**z
    x = int((lon + 180.0) / 360.0 * width)
    y = int((1.0 - asinh(tan(radians(lat))) / pi) / 2.0 * width)
    return min(max(x, 0), width - 1), min(max(y, 0), width - 1)
