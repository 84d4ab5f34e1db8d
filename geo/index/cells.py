"""CellIndex: which cell holds a position."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from geo.errors import BadPosition
from geo.index import store
from geo.index.build import Codes, Geometries, Parts, built
from geo.index.edits import edited
from geo.index.lookup import Lookup


class CellIndex:
    """Exact point → cell look-up over (Multi)Polygons in degrees WGS84, longitude first.

    Closed containment: an edge belongs to both its cells, and where several cells hold a position
    the one with the lowest code is the answer. Overlaps, gaps, holes and nested cells are allowed.
    An index never changes; it may be used from many threads.
    """

    def __init__(self, parts: Parts) -> None:
        """Use `build` or `load`."""
        self._parts = parts
        self._lookup = Lookup(parts.lattice, parts.outlines, parts.pyramid)

    @classmethod
    def build(cls, geometries: Geometries, codes: Codes) -> Self:
        """Index *geometries*, one code each, in any order.

        Raises BadCodes for codes that are none, empty, repeated or not one per geometry,
        BadGeometry for a geometry that is missing, empty, invalid, not polygonal or not in degrees.
        """
        return cls(built(geometries, codes))

    @classmethod
    def load(cls, path: str | PathLike[str], *, version: str) -> Self:
        """The index saved at *path* for this grid *version*; the file stays mapped.

        Raises BadIndexFile when it is missing, foreign, damaged or of another version.
        """
        return cls(store.load(Path(path), version))

    def save(self, path: str | PathLike[str], *, version: str) -> None:
        """Write the index to *path* as that of this grid *version*, in one atomic step."""
        store.save(self._parts, Path(path), version)

    def replaced(self, changes: Mapping[str, BaseGeometry | None]) -> Self:
        """A new index with some cells changed, added, or (None) removed; answers as if rebuilt.

        Only the surroundings of the changes are plotted again. Raises what `build` raises, and
        BadCodes when a cell to be removed does not exist.
        """
        return type(self)(edited(self._parts, changes)) if changes else self

    @property
    def codes(self) -> NDArray[np.str_]:
        """Codes in ascending order; a cell's number is its position here."""
        return self._parts.codes

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of all cells together."""
        west, south = self._parts.bounds[:, :2].min(axis=0).tolist()
        east, north = self._parts.bounds[:, 2:].max(axis=0).tolist()
        return west, south, east, north

    def __len__(self) -> int:
        return len(self._parts.codes)

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
        return self._lookup.many(positions)

    def locate_one(self, lon: float, lat: float) -> int:
        """`locate` of one position, many times faster than an array of one."""
        return self._lookup.one(lon, lat)

    def code_at(self, lon: float, lat: float) -> str | None:
        """Code of the cell that holds this position, None if none does."""
        cell = self.locate_one(lon, lat)
        return None if cell < 0 else str(self.codes[cell])

    def codes_of(self, lon_lat: ArrayLike) -> list[str | None]:
        """Code of the cell that holds each position, None where none does."""
        cells = self.locate(lon_lat)
        names = self.codes[cells].tolist()
        return [None if cell < 0 else name for cell, name in zip(cells, names, strict=True)]
