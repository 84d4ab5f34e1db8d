"""From positions to cells and the areas above them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.index import CellIndex
from grid.cell import Place
from grid.errors import CellsDoNotMatchIndex
from grid.hierarchy import Hierarchy


@dataclass(frozen=True)
class Grid:
    """One version of the management grid, ready to answer where a position belongs.

    *cell_areas* is parallel to ``index.codes``: the smallest area above each cell.
    """

    version: int
    index: CellIndex
    cell_areas: Sequence[str]
    hierarchy: Hierarchy

    def __post_init__(self) -> None:
        """Refuse an index and a list of areas of different grids."""
        if len(self.index.codes) != len(self.cell_areas):
            raise CellsDoNotMatchIndex(len(self.index.codes), len(self.cell_areas))

    def places(self, lon_lat: NDArray[np.float64]) -> list[Place | None]:
        """The place of each position, None where no cell holds it.

        *lon_lat* has shape (n, 2), degrees WGS84, longitude first. A position on a shared edge
        belongs to the cell with the smallest code; NaN belongs nowhere.
        """
        return [self._place(number) for number in self.index.locate(lon_lat).tolist()]

    def place(self, lon: float, lat: float) -> Place | None:
        """The place of one position, None when no cell holds it."""
        return self._place(self.index.locate_one(lon, lat))

    def _place(self, number: int) -> Place | None:
        if number < 0:
            return None
        return Place(str(self.index.codes[number]), self.hierarchy.path(self.cell_areas[number]))
