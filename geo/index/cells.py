"""CellIndex: which cell holds a position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Self, TypeAlias

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from geo.errors import BadCodes, BadPosition
from geo.index.lattice import Lattice
from geo.index.lookup import Polygons, locate
from geo.index.outlines import Outlines, refuse_unusable
from geo.index.plot import Window, plot
from geo.index.tables import Growing, Pyramid

Geometries: TypeAlias = Sequence[BaseGeometry] | NDArray[np.object_]
# Top pixels plotted at once: bounds the memory of a build, not its result.
TOP_PIXELS_AT_ONCE: Final = 500_000


class CellIndex:
    """Exact point → cell look-up over (Multi)Polygons in degrees WGS84, longitude first.

    Closed containment: an edge belongs to both its cells, and where several cells hold a position
    the one with the lowest code is the answer. Overlaps, gaps, holes and nested cells are allowed.
    An index never changes; it may be used from many threads.
    """

    def __init__(
        self,
        codes: NDArray[np.str_],
        bounds: NDArray[np.float64],
        lattice: Lattice,
        outlines: Outlines,
        pyramid: Pyramid,
    ) -> None:
        """Put an index together from its parts; use `build` or `load`."""
        self._codes = codes
        self._cell_bounds = bounds
        self._lattice = lattice
        self._outlines = outlines
        self._pyramid = pyramid
        self._polygons = Polygons(outlines)

    @classmethod
    def build(cls, geometries: Geometries, codes: Sequence[str] | NDArray[np.str_]) -> Self:
        """Index *geometries*, one code each, in any order.

        Raises BadCodes for codes that are none, empty, repeated or not one per geometry,
        BadGeometry for a geometry that is missing, empty, invalid, not polygonal or not in degrees.
        """
        cells, ordered = _in_code_order(geometries, codes)
        refuse_unusable(cells, ordered)
        outlines = Outlines.of(cells)
        bounds = shapely.bounds(cells).reshape(-1, 4)
        lattice = Lattice.over(bounds)
        return cls(ordered, bounds, lattice, outlines, _plotted(lattice, outlines, bounds))

    @property
    def codes(self) -> NDArray[np.str_]:
        """Codes in ascending order; a cell's number is its position here."""
        return self._codes

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of all cells together."""
        west, south = self._cell_bounds[:, :2].min(axis=0).tolist()
        east, north = self._cell_bounds[:, 2:].max(axis=0).tolist()
        return west, south, east, north

    def __len__(self) -> int:
        return len(self._codes)

    def locate(self, lon_lat: ArrayLike) -> NDArray[np.intp]:
        """Cell number of each position, -1 where no cell holds it.

        *lon_lat* has shape (n, 2), degrees WGS84, longitude first; the result has shape (n,).
        NaN and infinite positions give -1. Raises BadPosition for another shape.
        """
        positions = np.asarray(lon_lat, dtype=np.float64)
        if positions.size == 0:
            return np.empty(0, dtype=np.intp)
        if positions.ndim != 2 or positions.shape[1] != 2:
            raise BadPosition(f"positions must have shape (n, 2), not {positions.shape}")
        return locate(positions, self._lattice, self._outlines, self._pyramid, self._polygons)

    def locate_one(self, lon: float, lat: float) -> int:
        """`locate` of one position."""
        return int(self.locate([(lon, lat)])[0])

    def code_at(self, lon: float, lat: float) -> str | None:
        """Code of the cell that holds this position, None if none does."""
        cell = self.locate_one(lon, lat)
        return None if cell < 0 else str(self._codes[cell])

    def codes_of(self, lon_lat: ArrayLike) -> list[str | None]:
        """Code of the cell that holds each position, None where none does."""
        cells = self.locate(lon_lat)
        names = self._codes[cells].tolist()
        return [None if cell < 0 else name for cell, name in zip(cells, names, strict=True)]


def _in_code_order(
    geometries: Geometries, codes: Sequence[str] | NDArray[np.str_]
) -> tuple[NDArray[np.object_], NDArray[np.str_]]:
    """Geometries and codes by ascending code; raises BadCodes."""
    cells = np.empty(len(geometries), dtype=object)
    cells[:] = geometries
    if len(codes) != len(cells):
        raise BadCodes(f"{len(codes)} codes for {len(cells)} geometries")
    if len(codes) == 0:
        raise BadCodes("an index needs at least one cell")
    names = np.asarray(codes, dtype=np.str_)
    wrong = tuple(repr(code) for code in codes if not code or "\0" in code)
    if wrong:
        raise BadCodes("a code may not be empty or hold a NUL character", codes=wrong)
    order = np.argsort(names, kind="stable")
    ordered = names[order]
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(repeated):
        raise BadCodes("codes are given more than once", codes=tuple(np.unique(repeated).tolist()))
    return cells[order], ordered


def _plotted(lattice: Lattice, outlines: Outlines, bounds: NDArray[np.float64]) -> Pyramid:
    """The pyramid of a whole city, plotted strip by strip."""
    tables = Growing()
    high = max(1, TOP_PIXELS_AT_ONCE // lattice.columns)
    strips = [
        Window(0, south, lattice.columns - 1, min(south + high, lattice.rows) - 1)
        for south in range(0, lattice.rows, high)
    ]
    top = [plot(lattice, outlines, bounds, strip, tables) for strip in strips]
    return tables.finished(np.concatenate(top))
