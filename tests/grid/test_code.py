import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.code import STANDARD_PATTERN, CellCode, CodePattern
from grid.errors import BadCellCode, BadCodePattern

twelve_digits = st.text("0123456789", min_size=12, max_size=12)


@given(twelve_digits, st.integers(1, 999))
def test_a_code_reads_back_as_it_was_written(community: str, serial: int):
    code = CellCode.of(community, serial)

    assert CellCode.parse(str(code)) == code
    assert len(str(code)) == 15


@given(twelve_digits, st.integers(1, 999))
def test_every_area_above_is_a_beginning_of_the_code(community: str, serial: int):
    code = CellCode.of(community, serial)

    assert all(str(code).startswith(parent) for parent in code.parents)
    assert [len(parent) for parent in code.parents] == [12, 9, 6]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "99010100100101",
        "9901010010010101",
        "99010100100A001",
        "９９０１０１００１００１００１",
        " 990101001001001",
    ],
)
def test_what_is_not_fifteen_digits_is_refused(text: str):
    with pytest.raises(BadCellCode, match="fifteen digits"):
        CellCode.parse(text)


def test_serial_zero_is_refused():
    with pytest.raises(BadCellCode, match="begin at 001"):
        CellCode.parse("990101001001000")


@pytest.mark.parametrize("serial", [0, -1, 1000])
def test_a_community_has_at_most_999_cells(serial: int):
    with pytest.raises(BadCellCode, match="1 to 999"):
        CellCode.of("990101001001", serial)


def test_a_city_may_have_its_own_pattern():
    pattern = CodePattern.of("^36[0-9]{9}$")

    pattern.check("36061000100")
    with pytest.raises(BadCellCode, match="does not match"):
        pattern.check("990101001001001")


def test_the_pattern_matches_the_whole_code():
    with pytest.raises(BadCellCode):
        CodePattern.of("[0-9]{3}").check("1234")
    with pytest.raises(BadCellCode):
        CodePattern.of(STANDARD_PATTERN).check("990101001001001\n")


def test_codes_of_any_pattern_have_an_end():
    with pytest.raises(BadCellCode, match="1 to 64"):
        CodePattern.of(".*").check("x" * 65)


def test_a_pattern_that_is_no_regular_expression_is_refused():
    with pytest.raises(BadCodePattern, match="unterminated"):
        CodePattern.of("[0-9")
