"""What is found in a layer, and what mending it changes."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from grid.importing.finding import Finding, Kind, Outcome
from grid.importing.survey import Rules, Surveyed, surveyed
from grid.tessellate.plane import Shapes
from tests.grid.importing.makers import PLANE, placed

MEND = Rules(mend=True)
BOW_TIE = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
TWICE_AROUND = Polygon([(0, 0), (90, 0), (90, 90), (30, 30), (60, 30), (0, 90)])
FAR = box(1_000, 0, 1_100, 100)


def only(found: Surveyed) -> Finding:
    assert len(found.findings) == 1
    return found.findings[0]


def size_m2(shapes: Shapes) -> float:
    return PLANE.area_m2(shapes)


def test_nothing_is_found_where_nothing_is_wrong():
    squares = placed(box(0, 0, 100, 100), box(100, 0, 200, 100))

    found = surveyed(squares, Rules())

    assert (found.findings, found.open, found.crumbs.count) == ((), 0, 0)


def test_an_invalid_shape_is_told_with_its_size_before_and_after_and_the_ground_in_doubt():
    found = only(surveyed(placed(BOW_TIE, FAR), Rules()))

    assert (found.kind, found.rows, found.outcome) == (Kind.INVALID, (1,), Outcome.MENDABLE)
    assert found.reason == "Self-intersection (1)"
    assert found.before_m2 == pytest.approx(0, abs=0.01)
    assert found.after_m2 == pytest.approx(5_000, rel=1e-4)


def test_ground_that_two_readings_of_the_rings_see_otherwise_is_shown():
    inside_again = MultiPolygon([box(0, 0, 100, 100), box(20, 20, 60, 60)])

    found = only(surveyed(placed(inside_again, FAR), Rules()))

    assert found.reason == "Parts that overlap or share an edge (1)"
    assert found.area_m2 == pytest.approx(1_600, rel=1e-4)
    assert (found.before_m2, found.after_m2) == pytest.approx((11_600, 10_000), rel=1e-4)


def test_nothing_is_mended_unless_that_is_asked_for():
    shapes = placed(BOW_TIE, FAR, box(1_099.99, 0, 1_200, 100))

    found = surveyed(shapes, Rules(tolerance_m2=10))

    assert {one.outcome for one in found.findings} == {Outcome.MENDABLE}
    assert shapely.to_wkb(found.shapes).tolist() == shapely.to_wkb(shapes).tolist()


def test_an_invalid_shape_is_valid_after_mending_and_others_keep_every_bit():
    shapes = placed(BOW_TIE, FAR)

    found = surveyed(shapes, MEND)

    assert found.open == 0
    assert shapely.is_valid(found.shapes).all()
    assert shapely.to_wkb(found.shapes[1]) == shapely.to_wkb(shapes[1])


def test_what_has_no_shape_or_no_extent_stays_open():
    shapes = placed(FAR, None, Polygon(), LineString([(0, 0), (9, 9)]), Point(1, 1))

    found = surveyed(shapes, MEND)

    kinds = [(one.kind, one.rows, one.outcome) for one in found.findings]
    assert kinds == [
        (Kind.MISSING, (2,), Outcome.OPEN),
        (Kind.MISSING, (3,), Outcome.OPEN),
        (Kind.FLAT, (4,), Outcome.OPEN),
        (Kind.FLAT, (5,), Outcome.OPEN),
    ]
    assert [one is None for one in found.shapes] == [False, True, True, True, True]


def test_a_collection_is_taken_for_the_areas_in_it():
    found = surveyed(placed(GeometryCollection([FAR, Point(0, 0)]), BOW_TIE), MEND)

    assert [(one.kind, one.rows) for one in found.findings] == [
        (Kind.INVALID, (1,)),
        (Kind.INVALID, (2,)),
    ]
    assert found.shapes[0].equals(placed(FAR)[0])
    assert "collection" in found.findings[0].reason
    assert found.findings[0].spot is not None


def test_the_same_area_twice_is_a_duplicate_and_no_overlap():
    turned = Polygon(list(FAR.exterior.coords)[2:-1] + list(FAR.exterior.coords)[:3])

    found = only(surveyed(placed(FAR, turned), MEND))

    assert (found.kind, found.rows, found.outcome) == (Kind.DUPLICATE, (1, 2), Outcome.OPEN)


def test_the_two_ways_of_a_road_are_no_duplicates_but_the_same_way_is():
    there = LineString([(0, 0), (10, 10)])

    found = only(surveyed(placed(there, there.reverse(), there), Rules()))

    assert found.rows == (1, 3)


def test_an_overlap_is_measured_and_up_to_the_tolerance_left_to_the_earlier_row():
    shapes = placed(box(0, 0, 100, 100), box(99.9, 0, 200, 100))

    told = only(surveyed(shapes, Rules(tolerance_m2=20)))
    done = surveyed(shapes, Rules(mend=True, tolerance_m2=20))

    assert (told.kind, told.rows, told.outcome) == (Kind.OVERLAP, (1, 2), Outcome.MENDABLE)
    assert told.area_m2 == pytest.approx(10, rel=1e-3)
    assert told.width_m == pytest.approx(0.1, rel=0.01)
    assert done.open == 0
    assert done.shapes[0].equals(shapes[0])
    assert size_m2(done.shapes) == pytest.approx(20_000, rel=1e-4)
    assert surveyed(done.shapes, Rules()).findings == ()


def test_an_overlap_above_the_tolerance_stays_and_stays_open():
    shapes = placed(box(0, 0, 100, 100), box(90, 0, 200, 100))

    done = surveyed(shapes, Rules(mend=True, tolerance_m2=999))

    assert only(done).outcome is Outcome.OPEN
    assert done.open == 1
    assert size_m2(done.shapes) == pytest.approx(21_000, rel=1e-4)


def test_a_shape_wholly_on_another_is_never_eaten_up():
    shapes = placed(box(0, 0, 100, 100), box(10, 10, 10.5, 10.5))

    done = surveyed(shapes, MEND)

    assert only(done).outcome is Outcome.OPEN
    assert "wholly" in only(done).reason
    assert size_m2(done.shapes[1:]) == pytest.approx(0.25, rel=1e-3)


RING = (
    box(0, 0, 30, 10),
    box(20, 10, 30, 20),
    box(0, 20, 30, 30),
    box(0, 10, 10, 20),
)


def test_an_enclosed_gap_goes_to_the_neighbour_with_the_longest_edge():
    wider = box(10, 10, 20, 20.5)
    around = (RING[0], RING[1], Polygon(RING[2]).difference(wider), RING[3])

    told = only(surveyed(placed(*around), Rules(tolerance_m2=200)))
    done = surveyed(placed(*around), Rules(mend=True, tolerance_m2=200))

    assert (told.kind, told.rows) == (Kind.GAP, (1, 2, 3, 4))
    assert told.area_m2 == pytest.approx(105, rel=1e-3)
    assert size_m2(done.shapes[2:3]) == pytest.approx(400, rel=1e-3)
    assert surveyed(done.shapes, Rules()).findings == ()


def test_a_larger_gap_is_left_open_and_layers_that_need_not_cover_have_none():
    assert only(surveyed(placed(*RING), MEND)).outcome is Outcome.OPEN
    assert surveyed(placed(*RING), Rules(gaps=False)).findings == ()


def test_a_lake_with_an_island_is_one_gap_of_the_size_of_its_water():
    lake = box(0, 0, 100, 100).difference(box(20, 20, 80, 80))

    found = only(surveyed(placed(lake, box(40, 40, 60, 60)), Rules()))

    assert found.area_m2 == pytest.approx(3_200, rel=1e-3)
    assert found.rows == (1, 2)


def test_crumbs_are_summed_up_not_listed_and_mended_along():
    shapes = placed(box(0, 0, 10, 10), box(9.9999, 0, 20, 10))

    told, done = surveyed(shapes, Rules()), surveyed(shapes, MEND)

    assert told.findings == ()
    assert told.crumbs.count == 1
    assert told.crumbs.area_m2 == pytest.approx(0.001, rel=0.05)
    assert done.crumbs.area_m2 < 1e-6


def test_an_empty_layer_has_no_findings():
    assert surveyed(np.empty(0, dtype=object), MEND).findings == ()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    columns=st.integers(2, 5),
    rows=st.integers(2, 5),
    noise_m=st.floats(0.001, 0.4),
)
def test_mending_a_shaken_tiling_leaves_no_overlap_and_no_gap_and_loses_no_ground(
    seed: int, columns: int, rows: int, noise_m: float
):
    chance = np.random.default_rng(seed)
    squares = [
        box(x, y, x + 50, y + 50)
        for x in range(0, 50 * columns, 50)
        for y in range(0, 50 * rows, 50)
    ]
    shaken = placed(
        *(
            Polygon(shapely.get_coordinates(one)[:4] + chance.uniform(-noise_m, noise_m, (4, 2)))
            for one in squares
        )
    )
    shaken = shaken[shapely.is_valid(shaken)]

    done = surveyed(shaken, Rules(mend=True, tolerance_m2=1e6))

    again = surveyed(done.shapes, Rules())
    assert done.open == 0
    assert again.findings == ()
    # Gaps are looked for on a lattice of 0.1 mm, which may open that much along an edge of 50 m.
    assert again.crumbs.area_m2 < 0.005 * len(shaken)
    whole = np.array([shapely.union_all(done.shapes)], dtype=object)
    assert size_m2(done.shapes) - size_m2(whole) < 1e-3
    assert shapely.is_valid(done.shapes).all()
    claimed = size_m2(np.array([shapely.union_all(shaken)], dtype=object))
    assert size_m2(done.shapes) >= claimed - 1e-3
