"""What became of cells is told in the words of those who draw them."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from shapely import Polygon

from grid.naming import Label
from grid.versions.changes import Comparison, Kind
from grid.versions.comparing import compare
from tests.grid.versions.makers import ChangingCity, cell, changing_cities, square

CELL_M2 = 97.4 * 110.9
METRE = 1 / 97.4


def told(comparison: Comparison) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(one.kind.value, one.before, one.after) for one in comparison.changes]


def heirs(comparison: Comparison) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for one in comparison.successions:
        found[one.code][one.successor] = round(one.share, 2)
    return dict(found)


def test_the_same_cells_differ_in_nothing():
    cells = [cell("a", square(0, 0)), cell("b", square(1, 0))]

    found = compare(cells, cells[::-1])

    assert (told(found), list(found.successions), found.left_m2) == ([], [], 0)


def test_a_cell_cut_in_two_is_a_split_with_shares():
    old = [cell("a", square(0, 0)), cell("b", square(1, 0))]
    new = [cell("a1", square(0, 0, 0.25)), cell("a2", square(0.25, 0, 0.75)), old[1]]

    found = compare(old, new)

    assert told(found) == [("split", ("a",), ("a1", "a2"))]
    assert heirs(found) == {"a": {"a1": 0.25, "a2": 0.75}}
    assert found.changes[0].area_m2 == pytest.approx(CELL_M2, rel=0.01)


def test_a_split_may_leave_the_code_with_one_part():
    found = compare(
        [cell("a", square(0, 0))], [cell("a", square(0, 0, 0.4)), cell("b", square(0.4, 0, 0.6))]
    )

    assert told(found) == [("split", ("a",), ("a", "b"))]


def test_two_cells_joined_are_a_merge():
    old = [cell("a", square(0, 0)), cell("b", square(1, 0))]

    found = compare(old, [cell("c", square(0, 0, 2))])

    assert told(found) == [("merged", ("a", "b"), ("c",))]
    assert heirs(found) == {"a": {"c": 1.0}, "b": {"c": 1.0}}


def test_a_merge_may_keep_one_of_the_codes():
    old = [cell("a", square(0, 0)), cell("b", square(1, 0))]

    found = compare(old, [cell("a", square(0, 0, 2))])

    assert told(found) == [("merged", ("a", "b"), ("a",))]


def test_a_border_moved_between_two_cells_is_told_of_both_in_square_metres():
    old = [cell("a", square(0, 0)), cell("b", square(1, 0))]
    new = [cell("a", square(0, 0, 1.1)), cell("b", square(1.1, 0, 0.9))]

    found = compare(old, new)

    assert told(found) == [("moved", ("a",), ("a",)), ("moved", ("b",), ("b",))]
    assert found.changes[0].gained_m2 == pytest.approx(0.1 * CELL_M2, rel=0.01)
    assert found.changes[0].lost_m2 == 0
    assert found.changes[1].lost_m2 == pytest.approx(0.1 * CELL_M2, rel=0.01)
    assert heirs(found) == {"a": {"a": 1.0}, "b": {"a": 0.1, "b": 0.9}}


def test_a_border_drawn_again_within_the_noise_is_no_change():
    old = [cell("a", square(0, 0)), cell("b", square(1, 0))]
    drift = 0.4 * METRE
    new = [cell("a", square(0, 0, 1 + drift)), cell("b", square(1 + drift, 0, 1 - drift))]

    assert told(compare(old, new)) == []
    assert [one.kind for one in compare(old, new, noise_m=0.1).changes] == [Kind.MOVED] * 2


def test_a_small_corner_at_the_end_of_a_long_sliver_is_not_noise():
    side = Polygon([*square(0, 0).exterior.coords])
    long, hair, nook = 1.0, 0.2 * METRE, 6 * METRE
    bent = side.union(square(1, 0, hair, long)).union(square(1, 0, nook, nook))

    found = compare([cell("a", side)], [cell("a", bent)])

    assert told(found) == [("moved", ("a",), ("a",))]


def test_a_cell_whose_ground_goes_to_neighbours_that_stay_has_ended():
    old = [cell(code, square(n, 0)) for n, code in enumerate("abc")]
    new = [cell("a", square(0, 0, 1.45)), cell("c", square(1.55, 0, 1.45))]

    found = compare(old, new)

    assert told(found)[0] == ("ended", ("b",), ("a", "c"))
    assert heirs(found)["b"] == {"a": 0.45, "c": 0.45}
    assert found.left_m2 == pytest.approx(0.1 * CELL_M2, rel=0.01)


def test_ground_given_up_leaves_a_cell_without_successor():
    old = [cell("a", square(0, 0)), cell("b", square(1, 0))]

    found = compare(old, old[:1])

    assert told(found) == [("ended", ("b",), ())]
    assert found.left_m2 == pytest.approx(CELL_M2, rel=0.01)
    assert found.taken_m2 == 0


def test_new_ground_is_added():
    new = [cell("a", square(0, 0)), cell("b", square(1, 0))]

    found = compare(new[:1], new)

    assert told(found) == [("added", (), ("b",))]
    assert found.taken_m2 == pytest.approx(CELL_M2, rel=0.01)


def test_the_same_ground_under_another_code_is_renumbered():
    found = compare([cell("a", square(0, 0))], [cell("z", square(0, 0))])

    assert told(found) == [("renumbered", ("a",), ("z",))]


def test_a_code_used_again_for_other_ground_is_told_as_such():
    old = [cell("a", square(0, 0)), cell("b", square(1, 0))]
    new = [cell("a", square(1, 0)), cell("b", square(0, 0))]

    assert told(compare(old, new)) == [("relocated", (c,), (c,)) for c in "ab"]


def test_another_name_and_another_area_are_told_with_both_names():
    old = cell("a", square(0, 0))
    new = cell("a", square(0, 0), name=Label("新", "New"), area="990199001002")

    found = compare([old], [new])

    assert told(found) == [("renamed", ("a",), ("a",)), ("transferred", ("a",), ("a",))]
    assert found.changes[0].names == (old.name, Label("新", "New"))


def test_the_first_cells_are_all_added():
    assert told(compare([], [cell("a", square(0, 0))])) == [("added", (), ("a",))]


def test_the_sums_count_changes_and_square_metres():
    old = [cell("a", square(0, 0)), cell("b", square(1, 0))]

    sums = compare(old, [cell("c", square(0, 0, 2))]).sums

    assert sums["merged"]["changes"] == 1
    assert sums["merged"]["area_m2"] == pytest.approx(2 * CELL_M2, rel=0.01)


@given(changing_cities())
def test_the_shares_of_every_old_cell_make_up_the_whole(city):
    old, new = city

    found = compare(old, new, noise_m=0)

    total: dict[str, float] = defaultdict(float)
    for one in found.successions:
        total[one.code] += one.share
    gone = {one.code for one in old} - {one.code for one in new}
    assert gone <= total.keys()
    assert all(share == pytest.approx(1, abs=1e-6) for share in total.values())


@given(changing_cities())
def test_every_cell_that_came_or_went_is_told_of_once_at_least(city):
    old, new = city

    found = compare(old, new)

    before = {code for change in found.changes for code in change.before}
    after = {code for change in found.changes for code in change.after}
    codes = {one.code for one in old}, {one.code for one in new}
    assert codes[0] - codes[1] <= before
    assert codes[1] - codes[0] <= after


def test_the_maker_of_cities_splits_and_merges():
    city = ChangingCity()
    city.add(square(0, 0))
    city.add(square(1, 0))

    city.split("c001", 1.0)
    city.merge("c002")

    assert len(city.shapes) == 2
    assert "c005" in city.shapes
