"""Tilings that change: random ones for properties, small ones for single facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box, union_all
from shapely.ops import split

from geo.measure import area_m2
from grid.cell import Cell
from grid.hierarchy import Area
from grid.naming import Label
from grid.tiling import Tiling

WEST, SOUTH, SIDE = 113.0, 29.0, 0.001
AREA = "990199001001"


def cell(code: str, shape: Polygon | MultiPolygon, **changes: Any) -> Cell:
    """A cell; a Polygon is made one of many parts."""
    many = shape if isinstance(shape, MultiPolygon) else MultiPolygon([shape])
    fields = {"area": AREA, "name": Label(f"网格{code}", f"Cell {code}")} | changes
    return Cell(code, geometry=many, **fields)


def square(column: float, row: float, wide: float = 1, high: float = 1) -> Polygon:
    """A rectangle on a lattice of about 97 m by 111 m."""
    west, south = WEST + column * SIDE, SOUTH + row * SIDE
    return box(west, south, west + wide * SIDE, south + high * SIDE)


def tiling(cells: Iterable[Cell]) -> Tiling:
    """The cells in one area."""
    ordered = sorted(cells, key=lambda one: one.code)
    shapes = np.array([one.geometry for one in ordered], dtype=object)
    whole = union_all(shapes)
    outline = whole if isinstance(whole, MultiPolygon) else MultiPolygon([whole])
    areas = [Area(AREA, "community", None, Label("甲", "First"), None)]
    return Tiling(areas, np.array([outline], dtype=object), ordered, area_m2(shapes).tolist(), [])


@dataclass
class ChangingCity:
    """Cells under change: each split and merge makes codes that were never used."""

    shapes: dict[str, Polygon] = field(default_factory=dict[str, Polygon])
    used: int = 0

    def add(self, shape: Polygon) -> None:
        self.used += 1
        self.shapes[f"c{self.used:03d}"] = shape

    def split(self, code: str, slope: float) -> None:
        """Cut a cell through its middle; nothing happens when it does not fall apart."""
        whole = self.shapes[code]
        middle = shapely.point_on_surface(whole)
        dx, dy = np.cos(slope) * SIDE * 9, np.sin(slope) * SIDE * 9
        cut = shapely.LineString([(middle.x - dx, middle.y - dy), (middle.x + dx, middle.y + dy)])
        parts = [part for part in split(whole, cut).geoms if isinstance(part, Polygon)]
        if len(parts) > 1:
            del self.shapes[code]
            for part in parts:
                self.add(part)

    def merge(self, code: str) -> None:
        """Join a cell with a neighbour; nothing happens when none shares an edge."""
        for other in sorted(self.shapes.keys() - {code}):
            both = union_all([self.shapes[code], self.shapes[other]])
            edge = shapely.length(shapely.intersection(self.shapes[code], self.shapes[other]))
            if edge > SIDE / 20 and isinstance(both, Polygon) and not both.interiors:
                del self.shapes[code], self.shapes[other]
                return self.add(both)
        return None

    def cells(self) -> list[Cell]:
        return [cell(code, shape) for code, shape in self.shapes.items()]


@st.composite
def city_histories(draw: st.DrawFn, most_releases: int = 4) -> list[list[Cell]]:
    """A tiling of crooked quadrilaterals, and the same ground after some splits and merges.

    Two versions at least; each is what the one before became.
    """
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    city = ChangingCity()
    for shape in _quadrilaterals(columns, rows, random):
        city.add(shape)
    history = [city.cells()]
    for _ in range(draw(st.integers(1, most_releases))):
        for kind in draw(st.lists(st.sampled_from(["split", "merge"]), min_size=1, max_size=6)):
            code = draw(st.sampled_from(sorted(city.shapes)))
            if kind == "split":
                city.split(code, draw(st.floats(0, 3.1)))
            else:
                city.merge(code)
        history.append(city.cells())
    return history


def changing_cities() -> st.SearchStrategy[tuple[list[Cell], list[Cell]]]:
    """A history of two versions."""
    return city_histories(most_releases=1).map(lambda history: (history[0], history[1]))


def _quadrilaterals(columns: int, rows: int, random: np.random.Generator) -> list[Polygon]:
    wobble = random.uniform(-0.25, 0.25, (columns + 1, rows + 1, 2)) * SIDE
    made: list[Polygon] = []
    for left, right in pairwise(range(columns + 1)):
        for low, high in pairwise(range(rows + 1)):
            corners = [(left, low), (right, low), (right, high), (left, high)]
            made.append(
                Polygon(
                    [
                        (WEST + i * SIDE + wobble[i, j, 0], SOUTH + j * SIDE + wobble[i, j, 1])
                        for i, j in corners
                    ]
                )
            )
    return made


def spots_in(cells: Iterable[Cell], each: int, seed: int) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Positions inside cells, and the code of the cell of each; the corners of cells are among."""
    random = np.random.default_rng(seed)
    codes: list[str] = []
    spots: list[Any] = []
    for one in cells:
        west, south, east, north = one.geometry.bounds
        tried = random.uniform((west, south), (east, north), (each * 4, 2))
        held = tried[shapely.contains_xy(one.geometry, tried)][:each]
        corners = shapely.get_coordinates(one.geometry)[:2]
        for spot in (*held, *corners):
            codes.append(one.code)
            spots.append(spot)
    return codes, np.array(spots)
