import pytest

from grid.errors import BrokenHierarchy, UnknownArea
from grid.hierarchy import Hierarchy
from tests.grid.makers import TREE, area_row


def test_the_path_runs_from_the_area_to_the_root():
    path = Hierarchy.of(TREE).path("990101001001")

    assert path == ("990101001001", "990101001", "990101")


def test_the_subtree_holds_the_area_and_all_within_it():
    below = Hierarchy.of(TREE).subtree("990101001")

    assert below == {"990101001", "990101001001"}


def test_the_subtree_of_the_root_is_everything():
    tree = Hierarchy.of(TREE)

    assert tree.subtree("990101") == {area.code for area in tree}


@pytest.mark.parametrize("question", [Hierarchy.area, Hierarchy.path, Hierarchy.subtree])
def test_an_unknown_area_is_named(question):
    with pytest.raises(UnknownArea, match="990199"):
        question(Hierarchy.of(TREE), "990199")


def test_a_parent_that_does_not_exist_is_named():
    with pytest.raises(BrokenHierarchy, match="'990199'"):
        Hierarchy.of([area_row("990101001", "990199")])


def test_an_area_above_itself_is_refused():
    with pytest.raises(BrokenHierarchy, match="above itself"):
        Hierarchy.of([area_row("a", "b"), area_row("b", "a")])
