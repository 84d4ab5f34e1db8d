"""Where pixels lie: a regular lattice over the city, in degrees, split 4 × 4 level by level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

SPLIT_BITS: Final = 2
SPLIT: Final = 1 << SPLIT_BITS
CHILDREN: Final = SPLIT * SPLIT
METRES_PER_DEGREE: Final = 111_320.0
# Measured on a city of 100 m cells: finest pixels of 1/11 of a cell's side; finer ones look
# up hardly faster and take more memory (see docs/decisions/0001).
FINEST_PER_SIDE: Final = 11.0
MOST_LEVELS: Final = 7
LEAST_TOP_PIXELS: Final = 1 << 18
TOP_PIXELS_PER_CELL: Final = 32
KEY_LIMIT: Final = 1 << 61


@dataclass(frozen=True, slots=True)
class Lattice:
    """Top pixels of the pyramid: `west`, `south` in degrees, pixels per degree, counts.

    The outermost ring of pixels touches no cell. `levels` counts the top level too; each level
    splits a pixel SPLIT × SPLIT.
    """

    west: float
    south: float
    per_lon: float
    per_lat: float
    columns: int
    rows: int
    levels: int

    @classmethod
    def over(cls, bounds: NDArray[np.float64]) -> Self:
        """A lattice for cells with these *bounds* (n, 4), fit for the smaller ones among them."""
        finest = _finest_pixel(bounds)
        low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
        most = max(LEAST_TOP_PIXELS, TOP_PIXELS_PER_CELL * len(bounds))
        levels = 2
        while levels < MOST_LEVELS and _count(low, high, finest * SPLIT ** (levels - 1)) > most:
            levels += 1
        pixel = finest * SPLIT ** (levels - 1)
        columns, rows = _columns_rows(low, high, pixel)
        levels = _countable(levels, len(bounds), columns, rows)
        west, south = (low - 1.5 * pixel).tolist()
        per_lon, per_lat = (1 / pixel).tolist()
        return cls(west, south, per_lon, per_lat, columns, rows, levels)

    def pixels(self, lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions (…, 2) in units of top pixels, column first."""
        return (lon_lat - (self.west, self.south)) * (self.per_lon, self.per_lat)

    def degrees(self, column: float, row: float) -> tuple[float, float]:
        """Longitude and latitude of a place in units of top pixels."""
        return self.west + column / self.per_lon, self.south + row / self.per_lat

    def holds(self, bounds: NDArray[np.float64]) -> bool:
        """Do all these bounds (n, 4) leave the outermost ring of pixels free?"""
        corners = self.pixels(bounds.reshape(-1, 2))
        limit = (self.columns - 1.25, self.rows - 1.25)
        return bool((corners >= 1.25).all() and (corners <= limit).all())


def _finest_pixel(bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Width and height in degrees, about square on the ground, of the finest pixels."""
    middle = math.radians((bounds[:, 1].min() + bounds[:, 3].max()) / 2)
    lon_per_lat = 1 / max(math.cos(middle), 0.01)
    wide, high = (bounds[:, 2:] - bounds[:, :2]).T
    side = np.sqrt((wide / lon_per_lat) * high)
    typical = max(float(np.quantile(side, 0.25)), 0.1 / METRES_PER_DEGREE)
    finest = typical / 1.25 / FINEST_PER_SIDE  # a cell fills about 1/1.25² of its bounding box
    return np.array([finest * lon_per_lat, finest])


def _columns_rows(
    low: NDArray[np.float64], high: NDArray[np.float64], pixel: NDArray[np.float64]
) -> tuple[int, int]:
    columns, rows = (np.ceil((high - low) / pixel) + 3).tolist()
    return int(columns), int(rows)


def _count(low: NDArray[np.float64], high: NDArray[np.float64], pixel: NDArray[np.float64]) -> int:
    columns, rows = _columns_rows(low, high, pixel)
    return columns * rows


def _countable(levels: int, cells: int, columns: int, rows: int) -> int:
    """Fewer levels where (cell, row, column) of the finest level would not fit in 64 bits."""
    while levels > 1 and cells * columns * rows * CHILDREN ** (levels - 1) > KEY_LIMIT:
        levels -= 1
    return levels
