"""Cells from communities and lines: what becomes of dead ends, slivers and large faces."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from grid.errors import BrokenHierarchy
from grid.tessellate import Ground, Measures, tessellate
from grid.tessellate.errors import (
    NoCommunities,
    OverlappingCommunities,
    ShapelessCommunity,
    TooManyCells,
)
from tests.grid.tessellate.makers import STREET, area, box, degrees, ground, line, middles

BLOCK = box(0, 0, 200, 100)
"""Room for two cells, side by side."""


def test_a_line_across_a_community_is_a_border_between_two_cells():
    made = tessellate(ground([BLOCK], [line((90, -10), (90, 110))]))

    assert middles(made) == {f"{STREET}001001": (45, 50), f"{STREET}001002": (145, 50)}
    assert made.tiling.sizes_m2 == pytest.approx([9_000, 11_000], rel=1e-3)


def test_an_outline_of_a_polygon_is_a_border_as_well():
    made = tessellate(ground([BLOCK], [box(90, -10, 400, 110)]))

    assert list(middles(made).values()) == [(45, 50), (145, 50)]


def test_cells_are_named_after_their_community_and_number():
    made = tessellate(ground([BLOCK], [line((90, -10), (90, 110))]))

    second = made.tiling.cells[1]
    assert second.area == f"{STREET}001"
    assert second.name.as_dict() == {
        "zh": f"区{STREET}001第2网格",
        "en": f"Area {STREET}001 cell 2",
    }


def test_areas_above_become_the_union_of_their_cells():
    made = tessellate(ground([BLOCK, box(200, 0, 400, 100)]))

    assert [one.code for one in made.tiling.areas] == [STREET, f"{STREET}001", f"{STREET}002"]
    street = shapely.union_all([cell.geometry for cell in made.tiling.cells])
    assert made.tiling.area_shapes[0].equals(street)
    assert made.tiling.area_shapes[0].geom_type == "MultiPolygon"


def test_a_dead_end_is_dropped_and_counted():
    made = tessellate(ground([BLOCK], [line((100, -10), (100, 110)), line((50, -10), (50, 60))]))

    assert len(made.tiling.cells) == 2
    assert made.account.dead_ends == 1
    assert made.account.dead_m == pytest.approx(60, abs=0.1)


def test_a_dead_end_just_short_of_a_line_is_led_on_to_it():
    town = box(0, 0, 200, 200)
    avenue = line((-20, 100), (220, 100))

    near = tessellate(ground([town], [avenue, line((90, -20), (90, 92))]))
    far = tessellate(ground([town], [avenue, line((90, -20), (90, 85))]))

    assert (near.account.joined, far.account.joined) == (1, 0)
    assert (45, 50) in middles(near).values()
    assert (45, 50) not in middles(far).values()


def test_a_sliver_goes_to_the_neighbour_with_the_longest_shared_edge():
    strip = [line((100, -10), (100, 110)), line((109, -10), (109, 110)), line((-5, 30), (100, 30))]

    made = tessellate(ground([BLOCK], strip))

    # West of the strip lie two faces that share 30 m and 70 m with it, east one that shares 100 m.
    assert (150, 50) in middles(made).values()
    merge = made.account.merges[0]
    assert (merge.reason, round(merge.area_m2), round(merge.width_m)) == ("small", 900, 8)
    assert merge.cell in middles(made)


def test_a_strip_as_large_as_a_cell_but_thin_is_merged_too():
    street = [line((0, 100), (700, 100)), line((0, 112), (700, 112))]

    made = tessellate(ground([box(0, 0, 700, 212)], street))

    assert [merge.reason for merge in made.account.merges] == ["thin"]
    assert made.account.sizes_m2.least > 9_000


def test_a_large_face_is_cut_into_equal_parts_across_its_longer_side():
    made = tessellate(ground([box(0, 0, 400, 100)]))

    assert list(middles(made).values()) == [(50, 50), (150, 50), (250, 50), (350, 50)]
    assert [cut.pieces for cut in made.account.cuts] == [4]


def test_an_odd_number_of_parts_is_equal_too():
    made = tessellate(ground([box(0, 0, 300, 102)]))

    assert made.tiling.sizes_m2 == pytest.approx([10_200] * 3, rel=1e-3)


def test_a_face_with_a_hole_is_cut_by_what_is_left_of_it():
    ring = box(0, 0, 400, 200).difference(box(0, 50, 150, 150))

    made = tessellate(ground([ring]))

    assert made.account.coverage.holds
    assert made.account.sizes_m2.least > 5_000


def test_another_target_gives_larger_cells():
    made = tessellate(ground([box(0, 0, 400, 400)]), Measures(target_m2=40_000))

    assert made.tiling.sizes_m2 == pytest.approx([40_000] * 4, rel=1e-3)


def test_no_cell_crosses_into_another_community():
    made = tessellate(ground([box(0, 0, 100, 100), box(100, 0, 140, 50), box(100, 50, 240, 100)]))

    small = f"{STREET}002001"
    assert middles(made)[small] == (120, 25)
    assert made.account.small == [small]
    assert made.account.coverage.crossing_m2 == pytest.approx(0, abs=1e-2)


def test_cells_are_numbered_like_a_page_is_read():
    cross = [line((x, -10), (x, 310)) for x in (100, 200)]
    cross += [line((-10, y), (310, y)) for y in (100, 200)]

    made = tessellate(ground([box(0, 0, 300, 300)], cross))

    rows = [(x, y) for y in (250, 150, 50) for x in (50, 150, 250)]
    assert list(middles(made).values()) == rows
    assert [code[-3:] for code in middles(made)] == [f"{n:03d}" for n in range(1, 10)]


def test_an_area_of_another_scheme_gives_codes_of_its_own():
    made = tessellate(ground({"MN01": BLOCK}))

    assert list(middles(made)) == ["MN01-001", "MN01-002"]


def test_a_community_in_two_parts_is_covered_in_both():
    parts = shapely.MultiPolygon([box(0, 0, 100, 100), box(300, 0, 420, 100)])

    made = tessellate(ground([parts]))

    assert list(middles(made).values()) == [(50, 50), (360, 50)]


def test_lines_without_a_shape_and_points_are_passed_over():
    made = tessellate(ground([BLOCK], [None, shapely.Point(1, 1), shapely.LineString()]))

    assert made.account.lines == 0
    assert len(made.tiling.cells) == 2


def test_each_step_is_told():
    steps: list[str] = []

    tessellate(ground([BLOCK]), progress=steps.append)

    assert steps == ["lines to faces", "faces to cells", "codes and names", "proof"]


def test_the_account_is_plain_and_rounded():
    account = tessellate(ground([BLOCK])).account.as_dict()

    assert account["cells"] == 2
    assert account["cuts"][0]["pieces"] == 2
    assert account["coverage"]["overlap_m2"] == 0
    assert account["coverage"]["edges_match"] is True


def test_communities_that_overlap_are_refused_with_the_place():
    with pytest.raises(OverlappingCommunities, match="overlap by") as caught:
        tessellate(ground([BLOCK, box(195, 0, 400, 100)]))

    assert (caught.value.one, caught.value.other) == (f"{STREET}001", f"{STREET}002")
    assert caught.value.m2 == pytest.approx(500, rel=1e-2)
    assert caught.value.lon == pytest.approx(112.862, abs=1e-3)


def test_a_community_with_more_cells_than_serials_is_refused():
    with pytest.raises(TooManyCells) as caught:
        tessellate(ground([box(0, 0, 330, 330)]), Measures(target_m2=100))

    assert caught.value.count > 999


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (None, "there is none"),
        (shapely.Polygon(), "there is none"),
        (line((0, 0), (9, 9)), "LineString"),
        (shapely.Polygon([(0, 0), (90, 90), (90, 0), (0, 90)]), "Self-intersection"),
        (box(0, 0, 4e7, 9), "not in degrees"),
    ],
)
def test_a_community_without_a_usable_shape_is_refused(shape: shapely.Geometry | None, reason: str):
    areas = [area("A", None), area("B", "A")]

    with pytest.raises(ShapelessCommunity, match=reason) as caught:
        tessellate(Ground(areas, degrees([None, shape]), degrees([])))

    assert (caught.value.code, caught.value.number) == ("B", 1)


def test_areas_that_are_no_tree_are_refused():
    with pytest.raises(BrokenHierarchy):
        tessellate(Ground([area("A", "B")], degrees([BLOCK]), degrees([])))


def test_no_areas_are_refused():
    with pytest.raises(NoCommunities):
        tessellate(Ground([], np.empty(0, dtype=object), degrees([])))
