"""Every old position comes to exactly one cell of today."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point

from grid.versions.carrying import Carrier
from grid.versions.comparing import compare
from tests.grid.versions.makers import SIDE, SOUTH, WEST, cell, changing_cities, spots_in, square

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
