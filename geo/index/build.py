"""Everything an index consists of, and how it is made from geometries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.errors import BadCodes
from geo.index.lattice import Lattice
from geo.index.outlines import Outlines, refuse_unusable
from geo.index.plot import plot
from geo.index.sheet import Window
from geo.index.tables import Growing, Pyramid

Geometries: TypeAlias = Sequence[BaseGeometry] | NDArray[np.object_]
Codes: TypeAlias = Sequence[str] | NDArray[np.str_]

# Top pixels plotted at once: bounds the memory of a build, not its result.
TOP_PIXELS_AT_ONCE: Final = 100_000


@dataclass(frozen=True, slots=True)
class Parts:
    """Codes in ascending order, bounds (n, 4) of each cell in degrees, and the plotted city."""

    codes: NDArray[np.str_]
    bounds: NDArray[np.float64]
    lattice: Lattice
    outlines: Outlines
    pyramid: Pyramid


def built(geometries: Geometries, codes: Codes) -> Parts:
    """The parts of an index of *geometries*, one code each, in any order."""
    cells, ordered = in_code_order(geometries, codes)
    if not len(cells):
        raise BadCodes("an index needs at least one cell")
    refuse_unusable(cells, ordered)
    outlines = Outlines.of(cells)
    bounds = shapely.bounds(cells)
    lattice = Lattice.over(bounds)
    return Parts(ordered, bounds, lattice, outlines, _plotted(lattice, outlines, bounds))


def in_code_order(
    geometries: Geometries, codes: Codes
) -> tuple[NDArray[np.object_], NDArray[np.str_]]:
    """Geometries and codes by ascending code; raises BadCodes."""
    cells = np.empty(len(geometries), dtype=object)
    cells[:] = geometries
    if len(codes) != len(cells):
        raise BadCodes(f"{len(codes)} codes for {len(cells)} geometries")
    wrong = tuple(repr(str(code)) for code in codes if not code or "\0" in code)
    if wrong:
        raise BadCodes("a code may not be empty or hold a NUL character", codes=wrong)
    names = np.asarray(codes, dtype=np.str_)
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
