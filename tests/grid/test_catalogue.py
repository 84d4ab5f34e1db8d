import pytest

from grid.catalogue import Catalogue
from grid.errors import UnknownCategory
from tests.grid.makers import category_row

CONTENT = {
    "standard": "GB/T 47678.5-2026",
    "categories": [
        category_row("01001", kind="component", name={"zh": "供水井盖", "en": "Water cover"}),
        category_row("01001", name={"zh": "供水井盖异常", "en": "Water cover, fault"}),
        category_row("06010"),
        category_row("06032", reportable=False),
    ],
}


def test_a_code_means_the_matter_even_when_a_component_carries_it():
    assert Catalogue.of(CONTENT).category("01001").name.zh == "供水井盖异常"


def test_matters_are_counted_and_components_listed_apart():
    catalogue = Catalogue.of(CONTENT)

    assert [one.code for one in catalogue] == ["01001", "06010", "06032"]
    assert len(catalogue) == 3
    assert [one.name.zh for one in catalogue.components] == ["供水井盖"]


def test_only_reportable_matters_are_offered():
    assert [one.code for one in Catalogue.of(CONTENT).reportable] == ["01001", "06010"]


def test_an_unknown_category_is_refused_with_the_standard_named():
    with pytest.raises(UnknownCategory, match=r"GB/T 47678\.5-2026 .*'99999'"):
        Catalogue.of(CONTENT).category("99999")


def test_find_gives_none_for_an_unknown_category():
    catalogue = Catalogue.of(CONTENT)

    assert catalogue.find("99999") is None
    assert "99999" not in catalogue
    assert "06010" in catalogue
