from dataclasses import replace
from datetime import date

import pytest
from shapely import LineString, Point

from grid.components.component import Body, Component, ComponentState, Origin
from grid.components.fields import FIELDS
from tests.grid.components.makers import component


def test_the_table_of_the_standard_has_eighteen_attributes():
    assert len(FIELDS) == 18
    assert [one.standard for one in FIELDS if one.must] == [
        "GLBJBSM", "GLBJMC", "ZGBMDM", "ZGBMMC", "SZDYWGBSM", "GLBJZT", "CSRQ",
    ]  # fmt: skip


def test_no_heading_can_mean_two_attributes():
    names = [name for field in FIELDS for name in field.names()]

    assert len(set(names)) == len(names)


def test_states_and_origins_have_the_words_of_the_standard():
    assert [one.zh for one in ComponentState] == ["完好", "破损", "丢失", "废弃", "移除"]
    assert Origin.SURVEYED.zh == "实测"


@pytest.mark.parametrize(
    "changed",
    [
        replace(component(), state=ComponentState.BROKEN),
        replace(component(), changed_on=date(2026, 5, 1)),
        replace(component(), owner=Body("91", "公司")),
        replace(component(), geometry=Point(112.8, 30.8000001)),
        replace(component(), geometry=LineString([(112.8, 30.8), (112.8, 30.81)])),
        replace(component(), note="x"),
    ],
)
def test_whatever_differs_changes_the_digest(changed: Component):
    assert changed.digest() != component().digest()
    assert component().digest() == component().digest()
