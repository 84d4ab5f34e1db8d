"""Random sets of cells: coverages, overlaps, nests, crumbs, at many places and scales."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Final

import numpy as np
import shapely
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import affinity

from geo.geometry import cleaned

Rng = np.random.Generator
Drawing = Callable[[Rng], list[shapely.Geometry]]


def voronoi(rng: Rng) -> list[shapely.Geometry]:
    """A coverage without gaps."""
    seeds = shapely.MultiPoint(rng.uniform(0, 1, (rng.integers(2, 40), 2)))
    frame = shapely.box(0, 0, 1, 1)
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=frame))
    return list(shapely.intersection(cells, frame))


def holed_voronoi(rng: Rng) -> list[shapely.Geometry]:
    """A coverage with gaps, holes and cells of several parts."""
    cells = voronoi(rng)
    joined = [shapely.union_all(cells[i::3]) for i in range(3)]
    punch = shapely.box(0.4, 0.4, 0.45, 0.6)
    return [shapely.difference(cell, punch) for cell in joined]


def lattice(rng: Rng) -> list[shapely.Geometry]:
    """Rows of boxes with different widths: straight streets and T-junctions."""
    cells: list[shapely.Geometry] = []
    rows = np.linspace(0, 1, rng.integers(2, 8))
    for south, north in itertools.pairwise(rows):
        cuts = np.unique(np.concatenate([[0, 1], rng.integers(1, 16, rng.integers(0, 6)) / 16]))
        pairs = itertools.pairwise(cuts)
        cells += [shapely.box(west, south, east, north) for west, east in pairs]
    return cells


def overlapping(rng: Rng) -> list[shapely.Geometry]:
    """Stars, triangles and boxes thrown over each other."""
    shapes: list[shapely.Geometry] = []
    for _ in range(rng.integers(1, 15)):
        turn = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 12)))
        reach = rng.uniform(0.02, 0.5, len(turn))
        spoke = np.column_stack([np.cos(turn), np.sin(turn)]) * reach[:, None]
        shapes.append(shapely.Polygon(spoke + rng.uniform(0, 1, 2)))
    return shapes


def nested(rng: Rng) -> list[shapely.Geometry]:
    """Each within the one before, some the same, some with common edges."""
    shapes: list[shapely.Geometry] = [shapely.box(0, 0, 1, 1)]
    for _ in range(rng.integers(1, 12)):
        west, south, east, north = shapes[-1].bounds
        shrink = rng.choice([0.0, 0.0, 0.1, 0.3], 4) * (east - west)
        shapes.append(
            shapely.box(west + shrink[0], south + shrink[1], east - shrink[2], north - shrink[3])
        )
    return shapes


def crumbs(rng: Rng) -> list[shapely.Geometry]:
    """A few large cells and many that are smaller than any pixel, some of them slivers."""
    shapes = voronoi(rng)[:5]
    for _ in range(rng.integers(1, 30)):
        size = 10.0 ** rng.uniform(-7, -3, 2)
        low = rng.uniform(0, 1, 2)
        shapes.append(affinity.rotate(shapely.box(*low, *(low + size)), rng.uniform(0, 90)))
    return shapes


DRAWINGS: Final[tuple[Drawing, ...]] = (
    voronoi,
    holed_voronoi,
    lattice,
    overlapping,
    nested,
    crumbs,
)
# West, south and size in degrees: a street, a city, a province, around zero, at the date line.
PLACES: Final = (
    (114.0, 22.5, 0.01),
    (119.7, 30.0, 0.6),
    (100.0, 20.0, 30.0),
    (-0.5, -0.5, 1.0),
    (0.0, 0.0, 1e-7),
    (179.0, -17.0, 1.0),
    (-180.0, 60.0, 0.1),
    (-180.0, -90.0, 180.0),
)


@st.composite
def cities(draw: st.DrawFn) -> tuple[NDArray[np.object_], NDArray[np.str_], Rng]:
    """Valid shapes, a code for each in random order, and the generator they were drawn with."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))
    drawing = draw(st.sampled_from(DRAWINGS))
    west, south, size = draw(st.sampled_from(PLACES))
    drawn = shapely.transform(
        np.array(drawing(rng), dtype=object), lambda xy: np.clip(xy, 0, 1) * size + (west, south)
    )
    kept = cleaned(drawn).polygons
    shapes = kept[~shapely.is_missing(kept)]
    codes = rng.permutation([f"{number:03d}" for number in range(len(shapes))])
    return shapes, codes, rng
