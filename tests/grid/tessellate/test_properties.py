"""Whatever the network: cells cover, do not overlap, and every point has exactly one."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.index import CellIndex
from grid.tessellate import Ground, tessellate
from grid.tessellate.plane import Points
from tests.grid.tessellate.makers import box, degrees, ground, line, metres

SIDE = 400
TOWN = box(0, 0, SIDE, SIDE)
# Whole metres make lines that meet, run along each other and along borders.
places = st.tuples(st.integers(-50, SIDE + 50), st.integers(-50, SIDE + 50))
strokes = st.lists(places, min_size=2, max_size=5, unique=True).map(lambda points: line(*points))
seeds = st.lists(
    st.tuples(st.integers(0, SIDE), st.integers(0, SIDE)), min_size=2, max_size=5, unique=True
)


@st.composite
def grounds(draw: st.DrawFn) -> Ground:
    cells = shapely.voronoi_polygons(shapely.MultiPoint(draw(seeds)), extend_to=TOWN)
    communities = shapely.intersection(shapely.get_parts(cells), TOWN)
    return ground(
        [one for one in communities if one.area > 0], draw(st.lists(strokes, max_size=12))
    )


def some_points(count: int = 400) -> Points:
    return np.random.default_rng(7).uniform(1, SIDE - 1, (count, 2))


@settings(max_examples=60, deadline=None)
@given(grounds())
def test_cells_cover_their_communities_and_do_not_overlap(town: Ground):
    made = tessellate(town)

    coverage = made.account.coverage
    assert coverage.edges_match
    assert coverage.overlap_m2 == 0
    assert max(coverage.gap_m2, coverage.crossing_m2) <= 1e-6 * coverage.total_m2


@settings(max_examples=60, deadline=None)
@given(grounds())
def test_laid_over_each_other_by_other_means_cells_are_the_town_once(town: Ground):
    tiling = tessellate(town).tiling
    shapes = np.array([cell.geometry for cell in tiling.cells], dtype=object)
    whole, home = shapely.union_all(shapes), shapely.union_all(town.area_shapes[1:])
    speck = 1e-6 * home.area

    first, second = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    assert len(first) == len(second) == 0
    assert abs(shapely.area(shapes).sum() - whole.area) <= speck
    assert whole.symmetric_difference(home).area <= speck
    for area, shape in zip(town.areas[1:], town.area_shapes[1:], strict=True):
        own = shapes[[cell.area == area.code for cell in tiling.cells]]
        assert shapely.union_all(own).symmetric_difference(shape).area <= speck


@settings(max_examples=40, deadline=None)
@given(grounds())
def test_every_point_has_exactly_one_cell_and_it_is_of_its_community(town: Ground):
    tiling = tessellate(town).tiling
    shapes = [cell.geometry for cell in tiling.cells]
    index = CellIndex.build(shapes, [cell.code for cell in tiling.cells])
    points = shapely.get_coordinates(degrees(list(shapely.points(some_points()))))

    found = index.locate(points)

    assert (found >= 0).all()
    strict = shapely.STRtree(shapes).query(shapely.points(points), predicate="within")
    assert len(np.unique(strict[0])) == strict.shape[1]
    areas = {one.code: shape for one, shape in zip(tiling.areas, tiling.area_shapes, strict=True)}
    homes = np.array([areas[tiling.cells[n].area] for n in found.tolist()], dtype=object)
    assert shapely.intersects(homes, shapely.points(points)).all()


@settings(max_examples=40, deadline=None)
@given(grounds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_direction_of_lines_change_nothing(town: Ground, chance):
    areas, lines = list(range(len(town.areas))), list(range(len(town.lines)))
    chance.shuffle(areas)
    chance.shuffle(lines)
    other = Ground(
        [town.areas[n] for n in areas], town.area_shapes[areas], shapely.reverse(town.lines[lines])
    )

    assert tessellate(town).tiling.digest() == tessellate(other).tiling.digest()


@settings(max_examples=30, deadline=None)
@given(grounds())
def test_cells_are_of_a_size(town: Ground):
    account = tessellate(town).account

    assert account.sizes_m2.most < 25_000
    assert {merge.cell for merge in account.merges} | {cut.cell for cut in account.cuts}


def test_points_are_spread_over_the_town():
    spread = metres(shapely.get_coordinates(degrees([TOWN])))

    assert np.allclose(spread.max(axis=0), SIDE)
