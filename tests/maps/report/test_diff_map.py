"""The map of a comparison: each change has its colour on the side where its cells are."""

from __future__ import annotations

import numpy as np
import pytest

from geo.measure import area_m2
from grid.cell import Cell
from grid.naming import Label
from grid.versions.changes import Kind
from grid.versions.comparing import compare
from maps.report.diff_map import KINDS, GridChange, _moved_ground, diff_page
from tests.grid.versions.makers import cell, square
from tests.maps.report.pages import Page

BEFORE = [cell("a", square(0, 0)), cell("b", square(1, 0)), cell("c", square(2, 0))]


def change(old: list[Cell], new: list[Cell]) -> GridChange:
    found = compare(old, new)
    return GridChange(Label("版本 1", "version 1"), Label("版本 2", "version 2"), old, new, found)


def legends(old: list[Cell], new: list[Cell]) -> list[list[str]]:
    return Page(diff_page(change(old, new))).legends


def test_a_split_is_told_on_both_sides():
    new = [cell("d", square(0, 0, 0.5)), cell("e", square(0.5, 0, 0.5)), *BEFORE[1:]]

    assert legends(BEFORE, new) == [
        ["拆分 split 2", "未变更 unchanged 2"],
        ["拆分 split 1", "未变更 unchanged 2"],
    ]


def test_a_merge_is_told_on_both_sides():
    assert legends(BEFORE, [cell("d", square(0, 0, 2)), BEFORE[2]]) == [
        ["合并 merged 1", "未变更 unchanged 1"],
        ["合并 merged 2", "未变更 unchanged 1"],
    ]


def test_what_ended_is_only_before_and_what_was_added_only_after():
    assert legends(BEFORE, [*BEFORE[:2], cell("d", square(5, 0))]) == [
        ["新增 added 1", "未变更 unchanged 2"],
        ["终止 ended 1", "未变更 unchanged 2"],
    ]


def test_a_border_that_moved_shows_the_ground_between_once():
    new = [cell("a", square(0, 0, 0.8)), cell("b", square(0.8, 0, 1.2)), BEFORE[2]]
    moved = change(BEFORE, new)

    ground = _moved_ground(moved)

    strip = np.array([square(0.8, 0, 0.2)], dtype=object)
    assert area_m2(ground) == pytest.approx(area_m2(strip))
    assert len(ground) == 1
    page = Page(diff_page(moved))
    assert page.legends[0] == ["边界调整 moved 2", "未变更 unchanged 1"]
    [_, grown, _] = page.texts()
    assert grown[3] == "边界调整 moved"
    assert grown[6].startswith("+2,")


def test_a_cell_tells_what_became_of_it():
    new = [cell("d", square(0, 0, 0.5)), cell("e", square(0.5, 0, 0.5)), *BEFORE[1:]]

    page = Page(diff_page(change(BEFORE, new)))

    assert page.texts(1)[0][3:] == ["拆分 split", "a", "d e", ""]
    assert page.texts(1)[1][3:] == ["", "", "", ""]


def test_two_equal_sides_are_a_map_without_a_change():
    page = Page(diff_page(change(BEFORE, BEFORE)))

    assert page.legends == [["未变更 unchanged 3"]] * 2
    assert "没有变更" in page.html


def test_one_side_may_be_empty():
    assert legends([], BEFORE) == [["新增 added 3"], []]


def test_every_kind_of_change_has_a_colour_of_its_own():
    assert set(KINDS) == set(Kind)
    assert len({group.colour for group in KINDS.values()}) == len(KINDS)
