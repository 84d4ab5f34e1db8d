"""A version of the grid as it is handed in: areas, cells and what is drawn beneath them."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from grid.cell import Cell
from grid.hierarchy import Area
from grid.naming import Label


@dataclass(frozen=True, slots=True)
class Drawing:
    """A feature of the base map, such as a road of the layer ``roads``; the name may be empty."""

    layer: str
    kind: str
    name: Label
    geometry: BaseGeometry


@dataclass(frozen=True, slots=True)
class Tiling:
    """Everything drawn on the ground, in lon/lat degrees WGS84.

    *area_shapes* is parallel to *areas*, *sizes_m2* (m²) to *cells*. Areas and cells are sorted
    by code and their shapes are MultiPolygons.
    """

    areas: Sequence[Area]
    area_shapes: NDArray[np.object_]
    cells: Sequence[Cell]
    sizes_m2: Sequence[float]
    drawings: Sequence[Drawing]

    def digest(self) -> str:
        """SHA-256, in hex, of all that a grid version stores; departments are no part of it."""
        total = hashlib.sha256()
        for piece in self._pieces():
            total.update(len(piece).to_bytes(8, "big"))
            total.update(piece)
        return total.hexdigest()

    def _pieces(self) -> Iterator[bytes]:
        for area in self.areas:
            yield _bytes("area", area.code, area.level, area.parent, area.name)
        for cell in self.cells:
            yield _bytes("cell", cell.code, cell.area, cell.name)
        for drawing in self.drawings:
            yield _bytes("drawing", drawing.layer, drawing.kind, drawing.name)
        shapes = [*self.area_shapes, *(cell.geometry for cell in self.cells)]
        shapes += [drawing.geometry for drawing in self.drawings]
        yield from shapely.to_wkb(np.array(shapes, dtype=object), byte_order=1)


def _bytes(*values: str | Label | None) -> bytes:
    plain = [value.as_dict() if isinstance(value, Label) else value for value in values]
    return json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()
