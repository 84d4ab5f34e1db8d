"""Cells from the real roads of Futian: measured here once more, not taken from the account."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from geo.index import CellIndex
from geo.measure import area_m2
from grid.tessellate import Ground, Tessellation, tessellate
from grid.tessellate.plane import Plane, Shapes
from tests.grid.tessellate.futian import Making, read_futian

pytestmark = pytest.mark.realdata
MILLIONTH = 1e-6


@pytest.fixture(scope="module", params=["by distance", "by roads"])
def making(request: pytest.FixtureRequest) -> Making:
    return request.param


@pytest.fixture(scope="module")
def town(shared_data: Path, making: Making) -> Ground:
    return read_futian(shared_data, making)


@pytest.fixture(scope="module")
def made(town: Ground) -> Tessellation:
    return tessellate(town)


def shapes_of(made: Tessellation) -> Shapes:
    return np.array([cell.geometry for cell in made.tiling.cells], dtype=object)


def test_cells_are_about_ten_thousand_square_metres(made: Tessellation):
    sizes = area_m2(shapes_of(made))

    assert 7_000 < np.median(sizes) < 13_000
    assert (sizes < 3_500).sum() == len(made.account.small) < 0.005 * len(sizes)
    assert (sizes >= 15_000).sum() == len(made.account.large) < 0.005 * len(sizes)


def test_cells_do_not_overlap_and_leave_nothing_open(town: Ground, made: Tessellation):
    cells = shapes_of(made)
    ground = shapely.union_all(town.area_shapes[2:])

    plane = Plane.over(ground.bounds)
    whole = shapely.union_all(cells)
    apart = np.array([shapely.symmetric_difference(whole, ground)], dtype=object)
    total = plane.area_m2(np.array([ground], dtype=object))
    assert shapely.coverage_is_valid(cells)
    assert plane.area_m2(cells) == pytest.approx(
        plane.area_m2(np.array([whole], dtype=object)), rel=1e-9
    )
    assert plane.area_m2(apart) < MILLIONTH * total


def test_no_cell_crosses_the_border_of_its_community(town: Ground, made: Tessellation):
    home = {area.code: shape for area, shape in zip(town.areas, town.area_shapes, strict=True)}
    homes = np.array([home[cell.area] for cell in made.tiling.cells], dtype=object)

    beyond = shapely.difference(shapes_of(made), homes)

    plane = Plane.over(tuple(shapely.total_bounds(homes)))
    assert plane.area_m2(beyond) < MILLIONTH * plane.area_m2(town.area_shapes[2:])


def test_two_runs_and_other_orders_of_rows_give_the_same_codes(town: Ground, made: Tessellation):
    chance = np.random.default_rng(5)
    areas, lines = (chance.permutation(len(part)) for part in (town.areas, town.lines))
    mixed = Ground(
        [town.areas[n] for n in areas], town.area_shapes[areas], shapely.reverse(town.lines[lines])
    )

    assert tessellate(town).tiling.digest() == made.tiling.digest()
    assert tessellate(mixed).tiling.digest() == made.tiling.digest()


def test_every_point_has_exactly_one_cell(town: Ground, made: Tessellation):
    ground = shapely.union_all(town.area_shapes[2:])
    west, south, east, north = ground.bounds
    places = np.random.default_rng(6).uniform((west, south), (east, north), (20_000, 2))
    inside = shapely.contains_properly(ground, shapely.points(places))
    cells = shapes_of(made)

    found = CellIndex.build(cells, [cell.code for cell in made.tiling.cells]).locate(places)

    held = shapely.STRtree(cells).query(shapely.points(places[inside]), predicate="within")[0]
    assert inside.sum() > 10_000
    assert (found[inside] >= 0).all()
    assert len(held) == len(np.unique(held))
