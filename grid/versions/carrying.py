"""Carrying what happened under an old version to the cells of another: "as now"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.index import CellIndex
from grid.cell import Cell
from grid.tessellate.plane import Plane

WITHIN_M: Final = 1.0
"""A position that fell beside all cells belongs to the nearest one within so many metres."""


@dataclass(frozen=True)
class Carrier:
    """The cells of the version that positions are carried to; made once, asked often."""

    index: CellIndex
    shapes: NDArray[np.object_]
    plane: Plane

    @classmethod
    def to(cls, cells: Sequence[Cell]) -> Self:
        """A carrier to these cells, of which there is at least one."""
        ordered = sorted(cells, key=lambda cell: cell.code)
        shapes = np.array([cell.geometry for cell in ordered], dtype=object)
        index = CellIndex.build(shapes, [cell.code for cell in ordered])
        return cls(index, shapes, Plane.over(index.bounds))

    def cells(self, lon_lat: NDArray[np.float64], within_m: float = WITHIN_M) -> list[str | None]:
        """The one cell each position (n, 2) belongs to now, degrees; None where there is none.

        That is the cell that holds it, the smallest code on a shared edge. Where borders were
        drawn again a position may lie beside all cells by a hair: then the nearest one within
        *within_m* metres, again the smallest code of several. The SQL function ``cell_at`` does
        the same.
        """
        numbers = self.index.locate(lon_lat)
        beside = np.flatnonzero((numbers < 0) & np.isfinite(lon_lat).all(axis=1))
        if len(beside):
            numbers = numbers.copy()
            numbers[beside] = self._nearest(lon_lat[beside], within_m)
        codes = self.index.codes
        return [str(codes[n]) if n >= 0 else None for n in numbers.tolist()]

    def _nearest(self, lon_lat: NDArray[np.float64], within_m: float) -> NDArray[np.intp]:
        scale = np.array([self.plane.east_m, self.plane.north_m])
        reach = within_m / scale.min()
        found = np.full(len(lon_lat), -1, dtype=np.intp)
        spots = shapely.points(lon_lat)
        spot, cell = shapely.STRtree(self.shapes).query(spots, "dwithin", distance=reach)
        metres = shapely.distance(
            shapely.points(lon_lat[spot] * scale), self.plane.metres(self.shapes[cell])
        )
        # The last one written stays: farthest first, and of equals the greatest code first.
        for n in np.lexsort([-cell, -metres]).tolist():
            if metres[n] <= within_m:
                found[spot[n]] = cell[n]
        return found
