"""Every old position comes to exactly one cell of today."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from grid.versions.carrying import Carrier
from grid.versions.comparing import compare
from tests.grid.versions.makers import (
    SIDE,
    SOUTH,
    WEST,
    cell,
    changing_cities,
    city_histories,
    spots_in,
    square,
)

METRE = SIDE / 97.4


@given(changing_cities(), st.integers(0, 2**32 - 1))
def test_splits_and_merges_bring_every_old_position_to_one_successor(city, seed):
    old, new = city
    found = compare(old, new, noise_m=0)
    heirs = {(one.code, one.successor) for one in found.successions}
    heirs |= {(one.code, one.code) for one in old if one in new}
    codes, spots = spots_in(old, 5, seed)

    now = Carrier.to(new).cells(spots)

    shapes = {one.code: one.geometry for one in new}
    for code, successor, spot in zip(codes, now, spots, strict=True):
        assert successor is not None
        near = shapes[successor].distance(Point(spot)) < 2 * METRE
        on_edge = shapes[successor].boundary.distance(Point(spot)) < METRE
        assert near
        assert (code, successor) in heirs or on_edge


@settings(deadline=None)
@given(city_histories(), st.integers(0, 2**32 - 1))
def test_over_many_versions_the_lineage_leads_every_old_position_to_its_one_cell(history, seed):
    codes, spots = spots_in(history[0], 5, seed)
    points = shapely.points(spots)
    inside = np.ones(len(spots), dtype=bool)
    for version in history:
        edges = shapely.union_all([shapely.boundary(one.geometry) for one in version])
        inside &= shapely.distance(edges, points) > METRE

    now: list[str | None] = list(codes)
    for old, new in pairwise(history):
        heirs = {one.code: {one.code} for one in old if one in new}
        for one in compare(old, new, noise_m=0).successions:
            heirs.setdefault(one.code, set()).add(one.successor)
        then, now = now, Carrier.to(new).cells(spots)
        for was, became in zip(np.array(then)[inside], np.array(now)[inside], strict=True):
            assert became in heirs[was]

    assert None not in now
    assert now == Carrier.to(history[-1]).cells(spots)
    shapes = [one.geometry for one in history[-1]]
    point, shape = shapely.STRtree(shapes).query(points[inside], predicate="within")
    assert sorted(point.tolist()) == list(range(inside.sum()))
    held = np.array([one.code for one in history[-1]])[shape[np.argsort(point)]]
    assert held.tolist() == np.array(now)[inside].tolist()


def test_a_position_on_a_new_border_goes_to_the_smaller_code():
    carrier = Carrier.to([cell("z", square(0, 0, 0.5)), cell("b", square(0.5, 0, 0.5))])

    assert carrier.cells(np.array([[WEST + SIDE / 2, SOUTH + SIDE / 3]])) == ["b"]


def test_a_position_beside_all_cells_by_a_hair_goes_to_the_nearest():
    carrier = Carrier.to([cell("a", square(0, 0)), cell("b", square(1.02, 0))])
    spots = np.array(
        [
            [WEST + SIDE + 0.5 * METRE, SOUTH + SIDE / 2],
            [WEST + 1.02 * SIDE - 0.9 * METRE, SOUTH + SIDE / 2],
        ]
    )

    assert carrier.cells(spots) == ["a", "b"]


def test_a_position_farther_from_all_cells_belongs_nowhere():
    carrier = Carrier.to([cell("a", square(0, 0))])
    spots = np.array([[WEST + SIDE + 1.5 * METRE, SOUTH + SIDE / 2], [np.nan, np.nan]])

    assert carrier.cells(spots) == [None, None]
