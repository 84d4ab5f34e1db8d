from grid.duty import Jurisdiction
from grid.hierarchy import Hierarchy
from grid.responsibility import Hole, holes
from tests.grid.makers import TREE, duty_row

LEAVES = ("990101001001", "990101002001")


def found(*duties: dict) -> list[Hole]:
    table = Jurisdiction.of(duties)
    return list(holes(table, Hierarchy.of(TREE), ["06010", "06028"], LEAVES))


def test_where_a_territory_answers_there_is_no_hole():
    assert found() == [Hole("06010", LEAVES[:1]), Hole("06028", LEAVES[:1])]


def test_a_duty_closes_the_hole_of_its_category_and_area_only():
    assert found(duty_row(1, "06010", LEAVES[0], "SAN")) == [Hole("06028", LEAVES[:1])]
    assert found(duty_row(1, "06", "990101002", "SAN")) == found()


def test_a_default_department_closes_the_hole_everywhere():
    defaults = [duty_row(1, code, "", "SAN") | {"default": True} for code in ("06010", "06028")]

    assert found(*defaults) == []
