"""Duty grids follow the successors of their cells, or somebody is told to look."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geo.measure import area_m2
from grid.cell import Cell
from grid.patrol.carrying import Break, Carried, Reason, carry, heirs_of
from grid.patrol.duty_grid import DutyGrid, unpatrolled
from grid.versions.comparing import compare
from tests.grid.patrol.makers import duty_grid
from tests.grid.versions.makers import cell, changing_cities, square

BEFORE = [cell("a", square(0, 0)), cell("b", square(1, 0)), cell("c", square(2, 0))]


def carried(grids: list[DutyGrid], old: list[Cell], new: list[Cell]) -> Carried:
    shapes = area_m2(np.array([one.geometry for one in new], dtype=object))
    sizes = dict(zip((one.code for one in new), shapes, strict=True))
    return carry(grids, heirs_of(compare(old, new).successions, sizes), sizes)


def cells_of(found: Carried) -> list[list[str]]:
    return [sorted(one.cells) for one in found.duty_grids]


def test_nothing_changes_where_the_grid_did_not():
    grids = [duty_grid("D1", "ab"), duty_grid("D2", "c")]

    assert carried(grids, BEFORE, BEFORE) == Carried(tuple(grids), ())


def test_the_parts_of_a_split_cell_stay_together():
    parts = [cell("d", square(0, 0, 0.3)), cell("e", square(0.3, 0, 0.7))]

    found = carried([duty_grid("D1", "ab"), duty_grid("D2", "c")], BEFORE, [*parts, *BEFORE[1:]])

    assert cells_of(found) == [["b", "d", "e"], ["c"]]
    assert found.breaks == ()


def test_a_part_that_gets_a_code_of_its_own_comes_along_with_the_one_that_keeps_it():
    parts = [cell("a", square(0, 0, 0.8)), cell("d", square(0.8, 0, 0.2))]

    assert cells_of(carried([duty_grid("D1", "a")], BEFORE, [*parts, *BEFORE[1:]])) == [["a", "d"]]


def test_a_merge_within_a_duty_grid_is_followed():
    new = [cell("d", square(0, 0, 2)), BEFORE[2]]

    assert carried([duty_grid("D1", "ab")], BEFORE, new).breaks == ()
    assert cells_of(carried([duty_grid("D1", "ab")], BEFORE, new)) == [["d"]]


def test_a_merge_of_cells_of_two_duty_grids_of_a_kind_is_contested_and_kept_by_both():
    new = [cell("d", square(0, 0, 2)), BEFORE[2]]

    found = carried([duty_grid("D1", "a"), duty_grid("D2", "bc")], BEFORE, new)

    assert cells_of(found) == [["d"], ["c", "d"]]
    assert found.breaks == (
        Break("D1", Reason.CONTESTED, ("d",)),
        Break("D2", Reason.CONTESTED, ("d",)),
    )


def test_duty_grids_of_other_kinds_contest_nothing():
    new = [cell("d", square(0, 0, 2)), BEFORE[2]]

    assert carried([duty_grid("D1", "a"), duty_grid("N1", "b", "night")], BEFORE, new).breaks == ()


def test_a_border_that_moved_takes_no_cell_into_another_duty_grid():
    new = [cell("a", square(0, 0, 0.8)), cell("b", square(0.8, 0, 1.2)), BEFORE[2]]
    grids = [duty_grid("D1", "a"), duty_grid("D2", "bc")]

    assert carried(grids, BEFORE, new) == Carried(tuple(grids), ())


def test_a_cell_made_of_many_small_pieces_goes_to_the_one_that_gave_most():
    old = [*BEFORE, cell("e", square(3, 0))]
    new = [
        cell("f", square(0, 0, 4, 0.3)),
        cell("g", square(0, 0.3, 1.4, 0.7)),
        cell("h", square(1.4, 0.3, 1.3, 0.7)),
        cell("i", square(2.7, 0.3, 1.3, 0.7)),
    ]

    found = carried([duty_grid(f"D{code}", code) for code in "abce"], old, new)

    assert unpatrolled(found.duty_grids, "fghi") == []
    assert cells_of(found)[0] == ["g"]


def test_a_cell_that_is_mostly_new_ground_is_nobodys_heir():
    new = [*BEFORE[:2], cell("d", square(2.8, 0, 1))]

    found = carried([duty_grid("D1", "ab"), duty_grid("D2", "c")], BEFORE, new)

    assert cells_of(found) == [["a", "b"], []]


def test_ground_given_up_is_lost_and_an_empty_duty_grid_is_told_of():
    found = carried([duty_grid("D1", "ab"), duty_grid("D2", "c")], BEFORE, BEFORE[:1])

    assert cells_of(found) == [["a"], []]
    assert found.breaks == (
        Break("D1", Reason.LOST, ("b",)),
        Break("D2", Reason.LOST, ("c",)),
        Break("D2", Reason.EMPTY, ()),
    )


def test_new_ground_is_patrolled_by_nobody():
    new = [*BEFORE, cell("d", square(3, 0))]

    found = carried([duty_grid("D1", "abc")], BEFORE, new)

    assert unpatrolled(found.duty_grids, [one.code for one in new]) == ["d"]


@given(changing_cities(), st.data())
def test_after_splits_and_merges_every_cell_is_walked_and_none_twice_without_being_told(city, data):
    old, new = city
    codes = [one.code for one in old]
    homes = {code: data.draw(st.sampled_from(["D1", "D2", "D3"])) for code in codes}
    grids = [duty_grid(name, [c for c in codes if homes[c] == name]) for name in ("D1", "D2", "D3")]

    found = carried(grids, old, new)

    now = [one.code for one in new]
    assert unpatrolled(found.duty_grids, now) == []
    assert all(one.cells <= set(now) for one in found.duty_grids)
    told = {
        (one.duty_grid, code)
        for one in found.breaks
        if one.reason is Reason.CONTESTED
        for code in one.cells
    }
    shared = {
        (one.code, code)
        for one in found.duty_grids
        for code in one.cells
        if sum(code in other.cells for other in found.duty_grids) > 1
    }
    assert told == shared
