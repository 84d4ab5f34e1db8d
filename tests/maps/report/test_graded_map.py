"""Places in the colours of their grades, on a map and on paper."""

from __future__ import annotations

import re

import numpy as np
import pytest
import shapely

from dispatch.evaluation.scoring import GRADES
from grid.naming import Label
from maps.report.drawings import bars, drawn_places, round_top
from maps.report.graded_map import GradedPlaces, Measure, graded_page
from tests.grid.versions.makers import square
from tests.maps.report.pages import Page

NAME = Label("甲", "a")


def places(*values: float | None) -> GradedPlaces:
    shapes = np.array([square(n, 0) for n in range(len(values))], dtype=object)
    return GradedPlaces(
        title=NAME, told=[NAME], shapes=shapes, fields=[NAME],
        texts=[[str(value)] for value in values],
        measures=[Measure(Label("得分", "score"), values), Measure(NAME, [None] * len(values))],
        grades=GRADES, borders=shapes[:1], borders_name=NAME,
    )  # fmt: skip


def test_every_place_has_the_grade_of_its_value_and_the_legend_counts_them():
    page = Page(graded_page(places(100, 89.96, 89.9, 0, None)))

    assert [cell["properties"]["g"] for cell in page.cells()] == [
        [0, -1], [0, -1], [1, -1], [3, -1], [-1, -1],
    ]  # fmt: skip
    assert page.legends[0] == [
        "≥90 优秀 excellent 2", "≥80 良好 good 1", "≥60 合格 fair 0", "≥0 不合格 poor 1",
        "无可评价 nothing to judge 1",
    ]  # fmt: skip
    assert page.asked == []


def test_shapes_on_paper_keep_their_order_and_lie_within_the_view():
    shapes = np.array([square(n, n % 2) for n in range(5)], dtype=object)

    drawn = drawn_places(shapes, 300, 200)

    spots = [
        tuple(map(float, spot))
        for one in drawn
        for spot in re.findall(r"([\d.]+) ([\d.]+)", one.path)
    ]
    assert all(0 <= x <= 300 and 0 <= y <= 200 for x, y in spots)
    assert [one.x for one in drawn] == sorted(one.x for one in drawn)
    assert drawn[1].y < drawn[0].y  # north is up


def test_a_shape_with_a_hole_has_both_rings_and_its_name_beside_the_hole():
    hole = shapely.box(113.01, 29.01, 113.02, 29.02)
    ring = shapely.difference(shapely.box(113, 29, 113.03, 29.03), hole)

    [drawn] = drawn_places(np.array([ring], dtype=object), 300, 300)

    assert drawn.path.count("M") == drawn.path.count("Z") == 2
    assert not (100 < drawn.x < 200 and 100 < drawn.y < 200)


def test_bars_stand_on_the_ground_and_none_is_above_the_top():
    (first, second), top = bars([[0, 7, 3], [10, 0, 1]], 300, 100)

    assert top == 10
    assert [bar.y + bar.height for bar in (*first, *second)] == [100] * 6
    assert second[0].height == 100
    assert first[1].x < second[1].x < first[2].x


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (2.5, 3), (7, 8), (9, 10), (11, 20), (32, 40), (801, 1000)]
)
def test_the_top_of_a_chart_is_round(value: float, top: float):
    assert round_top(value) == top
