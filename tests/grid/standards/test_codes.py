import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.errors import BadCategoryCode, BadComponentId, BadMatterCode
from grid.standards.codes import CategoryCode, ComponentId, MatterCode
from grid.standards.vintage import Vintage

divisions = st.text("0123456789", min_size=6, max_size=6)
vintages = st.sampled_from([Vintage.FOUR_DIGIT, Vintage.FIVE_DIGIT])
classes, minors, serials = st.integers(1, 99), st.integers(1, 99), st.integers(1, 999_999)


@given(divisions, vintages, classes, minors, serials)
def test_an_id_reads_back_as_it_was_written(division, vintage, class_number, minor, serial):
    category = CategoryCode.of(class_number, minor, vintage)
    one = ComponentId.of(division, category, serial)

    assert ComponentId.parse(str(one)) == one
    assert len(str(one)) == vintage.component_digits
    assert all(str(one).startswith(parent) for parent in one.parents)
    assert MatterCode.parse(one.parents[0]).category == category


def test_the_lengths_are_those_of_the_standards():
    assert [len(str(CategoryCode.of(1, 1, one))) for one in Vintage] == [4, 4, 5]
    assert [one.component_digits for one in Vintage] == [16, 16, 17]
    assert [one.matter_digits for one in Vintage] == [10, 10, 11]


def test_a_live_id_of_the_older_kind_is_understood():
    one = ComponentId.parse("3205080101000001")

    assert (one.division, str(one.category), one.serial) == ("320508", "0101", 1)
    assert one.category.vintage is Vintage.FOUR_DIGIT


@pytest.mark.parametrize("text", ["", "06010 ", "6010", "0601A", "０６０１０", "060100"])
def test_what_has_not_the_digits_of_its_vintage_is_no_category(text: str):
    with pytest.raises(BadCategoryCode, match="has 5 digits"):
        CategoryCode.parse(text, Vintage.FIVE_DIGIT)


@pytest.mark.parametrize("text", ["00001", "01000"])
def test_classes_and_categories_begin_at_one(text: str):
    with pytest.raises(BadCategoryCode, match="begin at 1"):
        CategoryCode.parse(text, Vintage.FIVE_DIGIT)


@pytest.mark.parametrize("text", ["", "990101010010000017", "9901010100100001x", "99010101001"])
def test_what_is_neither_seventeen_nor_sixteen_digits_is_no_component(text: str):
    with pytest.raises(BadComponentId, match="17 digits"):
        ComponentId.parse(text)


def test_serial_zero_is_refused():
    with pytest.raises(BadComponentId, match="begin at 000001"):
        ComponentId.parse("99010101001000000")


def test_a_matter_of_twelve_digits_or_of_class_zero_is_refused():
    with pytest.raises(BadMatterCode, match="11 digits"):
        MatterCode.parse("990101060100")
    with pytest.raises(BadMatterCode, match="begin at 1"):
        MatterCode.parse("99010100010")


@pytest.mark.parametrize(
    ("text", "own"),
    [("06010", False), ("06090", True), ("06199", True), ("90001", True), ("06189", False)],
)
def test_ninety_to_ninety_nine_are_the_citys_own(text: str, own: bool):
    assert CategoryCode.parse(text, Vintage.FIVE_DIGIT).is_own is own


@pytest.mark.parametrize(
    ("standard", "vintage"),
    [
        ("GB/T 47678.5-2026", Vintage.FIVE_DIGIT),
        ("GB/T47678.5", Vintage.FIVE_DIGIT),
        ("GB/T 30428.2-2013", Vintage.FOUR_DIGIT),
        ("CJ/T 214-2005", Vintage.CJT_214),
        ("NYC 311", None),
        ("", None),
    ],
)
def test_a_vintage_is_found_by_the_standard_a_city_names(standard: str, vintage: Vintage | None):
    assert Vintage.named(standard) is vintage
