import csv
from pathlib import Path

import pytest

from grid.catalogue import COMPONENT, MATTER
from grid.standards.codes import CategoryCode, ComponentId
from grid.standards.mapping import predecessor, renewed, reported_as, successor
from grid.standards.tables import class_name, table
from grid.standards.vintage import Vintage

FIVE, FOUR, OLDEST = Vintage.FIVE_DIGIT, Vintage.FOUR_DIGIT, Vintage.CJT_214


def test_the_table_has_the_403_codes_in_both_languages():
    entries = table(FIVE)

    kinds = [kind for kind, _ in entries]
    assert (kinds.count(COMPONENT), kinds.count(MATTER)) == (153, 250)
    assert all(one.name.zh and one.name.en and one.class_name.en for one in entries.values())


def test_every_one_of_the_403_codes_has_a_four_digit_code_and_comes_back():
    for kind, code in table(FIVE):
        old = predecessor(kind, code)
        assert old is not None
        assert reported_as(FOUR, *old) == code
        assert successor(FOUR, *old) == (old[0], code)


def test_every_older_code_has_the_digits_of_its_vintage_and_a_successor_that_exists():
    for vintage in (FOUR, OLDEST):
        for one in table(vintage).values():
            assert str(CategoryCode.parse(one.code, vintage)) == one.code
            assert one.successor is None or (one.kind, one.successor) in table(FIVE)


def test_no_two_four_digit_codes_become_one():
    successors = [(one.kind, one.successor) for one in table(FOUR).values() if one.successor]

    assert len(set(successors)) == len(successors)


@pytest.mark.parametrize(
    ("vintage", "kind", "code", "now"),
    [
        (FOUR, MATTER, "0110", "06010"),
        (FOUR, MATTER, "0401", "09001"),
        (FOUR, MATTER, "0507", "10001"),
        (FOUR, MATTER, "0602", "09013"),
        (FOUR, COMPONENT, "0101", "01001"),
        (FOUR, COMPONENT, "0506", "01069"),
        (OLDEST, MATTER, "0501", "09001"),
        (OLDEST, MATTER, "0102", "06010"),
        (OLDEST, COMPONENT, "0503", "05002"),
    ],
)
def test_what_became_of_an_old_code(vintage: Vintage, kind: str, code: str, now: str):
    assert successor(vintage, kind, code) == (kind, now)


@pytest.mark.parametrize(
    ("vintage", "kind", "code"),
    [
        (FOUR, MATTER, "0131"),
        (FOUR, MATTER, "0205"),
        (FOUR, MATTER, "0505"),
        (FOUR, COMPONENT, "0504"),
        (OLDEST, MATTER, "0401"),
        (OLDEST, MATTER, "9999"),
    ],
)
def test_what_was_dropped_has_no_successor(vintage: Vintage, kind: str, code: str):
    assert successor(vintage, kind, code) is None


def test_the_same_digits_mean_different_things_in_the_two_older_vintages():
    assert table(OLDEST)[MATTER, "0401"].name.zh == "路面塌陷"
    assert table(FOUR)[MATTER, "0401"].name.zh == "无照经营游商"


def test_the_fault_of_a_component_goes_back_to_the_component():
    assert predecessor(MATTER, "01001") == (COMPONENT, "0101")
    assert predecessor(MATTER, "99999") is None


def test_an_old_id_of_a_component_is_renewed_with_its_serial():
    assert str(renewed(ComponentId.parse("3205080506000017"))) == "32050801069000017"
    assert renewed(ComponentId.parse("3205080504000001")) is None


def test_the_one_fault_with_a_name_of_its_own():
    assert table(FIVE)[MATTER, "01066"].name.zh == "紧急报警点异常SOS"


def test_a_class_that_a_vintage_has_not_is_no_class():
    assert class_name(FIVE, MATTER, "10").en == "Other matters"
    with pytest.raises(KeyError):
        class_name(FOUR, MATTER, "07")
    with pytest.raises(KeyError):
        class_name(FOUR, MATTER, "00")


@pytest.mark.realdata
def test_the_table_is_that_of_the_transcription(shared_data: Path):
    with (shared_data / "cn_catalogue" / "gb47678_5_codes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    kinds = {"管理部件": COMPONENT, "管理事项": MATTER}
    written = {(kinds[row["kind"]], row["code"]): row["name"] for row in rows}
    assert {key: one.name.zh for key, one in table(FIVE).items()} == written


@pytest.mark.realdata
def test_a_citys_four_digit_table_agrees_where_the_codes_are_national(shared_data: Path):
    path = shared_data / "cn_catalogue" / "yuncheng_case_limits.csv"
    with path.open(encoding="utf-8") as file:
        rows = {(row["kind"], row["code4"]): row["name"] for row in csv.DictReader(file)}

    kinds = {"部件": COMPONENT, "事件": MATTER}
    ours = table(FOUR)
    shared = {(kinds[kind], code): name for (kind, code), name in rows.items()}
    shared = {key: name for key, name in shared.items() if key in ours}
    same = [key for key, name in shared.items() if ours[key].name.zh == name]
    assert len(shared) > 120
    assert len(same) / len(shared) > 0.8
    assert all(set(name) & set(ours[key].name.zh) for key, name in shared.items())
