"""The whole way from areas and lines to a tiling, with the account of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon

from geo.measure import area_m2
from grid.cell import Cell
from grid.hierarchy import Area
from grid.tessellate.account import CRUMB_M2, Account, Cut, Merge, Spread, compactness_of
from grid.tessellate.communities import Communities, Ground, many_parts
from grid.tessellate.dividing import Division, divide
from grid.tessellate.errors import BrokenTessellation
from grid.tessellate.faces import Faces, faces_within
from grid.tessellate.measures import Measures
from grid.tessellate.network import Network, make_network, strokes_of
from grid.tessellate.numbering import code_of, name_of, refuse_too_many, serials
from grid.tessellate.plane import Numbers, Plane, Shapes
from grid.tessellate.proof import coverage_of, refuse_overlaps
from grid.tiling import Tiling

Told = TypeVar("Told", Merge, Cut)
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tessellation:
    """The tiling, without drawings, and how it came about."""

    tiling: Tiling
    account: Account


def tessellate(
    ground: Ground, measures: Measures | None = None, progress: Progress = lambda step: None
) -> Tessellation:
    """Cells that cover the communities of *ground*; the same for any order of areas and lines.

    Each area above gets the union of its cells for a shape. *progress* hears of each step.
    Raises NoCommunities, ShapelessCommunity, OverlappingCommunities and TooManyCells for what
    cannot be divided, BrokenHierarchy for areas that are no tree, and BrokenTessellation when the
    proof at the end fails.
    """
    aims = measures or Measures()
    communities = Communities.of(ground)
    refuse_overlaps(communities.shapes, communities.codes)
    plane = Plane.over(communities.bbox)
    progress("lines to faces")
    strokes = _near(strokes_of(ground.lines), communities.shapes)
    network = make_network(strokes, communities.shapes, plane, aims)
    progress("faces to cells")
    division = divide(faces_within(network.faces, communities.shapes), communities, plane, aims)
    progress("codes and names")
    coded = _coded(division.faces, communities, plane, aims)
    progress("proof")
    account = _account(network, division, coded, communities, plane)
    if not (coverage := account.coverage).holds:
        raise BrokenTessellation(coverage.overlap_m2, coverage.gap_m2, coverage.crossing_m2)
    areas, outlines = communities.outlines(coded.shapes, coded.community)
    sizes = area_m2(coded.shapes).tolist()
    return Tessellation(Tiling(areas, outlines, coded.cells, sizes, ()), account)


@dataclass(frozen=True, slots=True)
class _Coded:
    """Cells by ascending code; parallel to them their shapes and the numbers of communities."""

    cells: Sequence[Cell]
    shapes: Shapes
    community: Numbers

    def codes_where(self, chosen: NDArray[np.bool_]) -> list[str]:
        """Codes of the cells that are *chosen* (n,)."""
        return [self.cells[number].code for number in np.flatnonzero(chosen).tolist()]


def _near(strokes: Shapes, communities: Shapes) -> Shapes:
    """Lines that meet a community."""
    met, _ = shapely.STRtree(communities).query(strokes, predicate="intersects")
    return strokes[np.unique(met)]


def _coded(faces: Faces, communities: Communities, plane: Plane, measures: Measures) -> _Coded:
    numbers = serials(faces.shapes, faces.community, plane, measures)
    refuse_too_many(numbers, faces.community, communities.codes)
    shapes = many_parts(faces.shapes)
    made = zip(shapes, faces.community.tolist(), numbers.tolist(), strict=True)
    cells = [_cell(shape, communities.areas[place], number) for shape, place, number in made]
    order = sorted(range(len(cells)), key=lambda n: cells[n].code)
    return _Coded([cells[n] for n in order], shapes[order], faces.community[order])


def _cell(shape: MultiPolygon, community: Area, serial: int) -> Cell:
    code = code_of(community.code, serial)
    return Cell(code, community.code, name_of(community.name, serial), shape)


def _account(
    network: Network, division: Division, coded: _Coded, communities: Communities, plane: Plane
) -> Account:
    sizes = area_m2(coded.shapes)
    slivers = [merge for merge in division.merges if merge.area_m2 >= CRUMB_M2]
    return Account(
        lines=network.lines,
        joined=network.joined,
        dead_ends=network.dead_ends,
        dead_m=network.dead_m,
        faces=division.faces_found,
        crumbs=len(division.merges) - len(slivers),
        merges=_with_cells(slivers, coded),
        cuts=_with_cells(division.cuts, coded),
        communities=len(communities.areas),
        cells=len(coded.cells),
        small=coded.codes_where(sizes < division.measures.least_m2),
        large=coded.codes_where(sizes >= division.measures.most_m2),
        sizes_m2=Spread.of(sizes),
        compactness=Spread.of(compactness_of(coded.shapes, plane)),
        coverage=coverage_of(coded.shapes, coded.community, communities.shapes, plane),
    )


def _with_cells(told: Sequence[Told], coded: _Coded) -> list[Told]:
    """Each merge or cut with the code of the cell that lies there now; the smallest first."""
    spots = shapely.points([(one.lon, one.lat) for one in told] or np.empty((0, 2)))
    spot, cell = shapely.STRtree(coded.shapes).query(spots, predicate="intersects")
    order = np.lexsort([cell, spot])
    first = cell[order][np.unique(spot[order], return_index=True)[1]].tolist()
    named = [replace(one, cell=coded.cells[n].code) for one, n in zip(told, first, strict=True)]
    return sorted(named, key=lambda one: (one.area_m2, one.cell, one.lon, one.lat))
