"""The rules of a pack: how long they are in force, what is expected of them, what they do to each
other."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.city.checking import check_pack
from app.city.faults import Fault
from dispatch.routing_rule import Rule
from tests.app.city.makers import SOUTH, WEST

EXPECT = """
[[expect]]
category = "06028"
cell = "990101001001001"
at = 2026-11-23T23:00:00
department = "POLICE"
rule = "night-noise"
"""


def add(folder: Path, text: str) -> None:
    with (folder / "routing.toml").open("a", encoding="utf-8") as file:
        file.write(text)


def rule(name: str, when: str, department: str = "SANI", more: str = "") -> str:
    return f"""
[[rule]]
name = "{name}"
when = '{when}'
department = "{department}"
because_zh = "因"
because_en = "because"
{more}
"""


def faults(folder: Path) -> list[tuple[str, int | None, str]]:
    return [(one.file, one.row, one.field) for one in check_pack(folder).faults]


def only(folder: Path) -> Fault:
    [fault] = check_pack(folder).faults
    return fault


def test_from_and_until_are_by_the_clocks_of_the_city(folder: Path) -> None:
    add(folder, rule("frost", "hour == 3", more='from = 2026-12-01\nuntil = "2027-03-01T08:00"'))

    part = check_pack(folder).sound().parts["routing"]

    assert "from" not in part[0]
    assert part[1]["from"] == "2026-11-30T16:00:00.000000Z"
    assert part[1]["until"] == "2027-03-01T00:00:00.000000Z"
    assert Rule.of(part[1], {"SANI"}).is_timed


def test_a_period_that_cannot_be_meant_is_a_fault_of_its_rule(folder: Path) -> None:
    periods = {
        'from = "soon"': "from",
        "from = 17": "from",
        "until = 08:30:00": "until",
        "from = 0001-01-01": "from",
        'until = "9999-12-31"': "until",
        "from = 2027-01-01\nuntil = 2027-01-01T00:00:00": "until",
        "form = 2027-01-01": "rule.form",
    }
    for number, more in enumerate(periods):
        add(folder, rule(f"r{number}", f"hour == {number}", more=more))

    told = {row: field for _, row, field in faults(folder)}

    assert told == dict(enumerate(periods.values(), start=2))


def test_what_is_expected_and_comes_is_no_fault(folder: Path) -> None:
    lon, lat = WEST + 0.0005, SOUTH + 0.0005
    add(folder, EXPECT)
    add(
        folder,
        EXPECT.replace("T23", "T12").replace("POLICE", "SANI")
        .replace('rule = "night-noise"', 'step = "jurisdiction"')
        .replace('cell = "990101001001001"', f"lon = {lon}\nlat = {lat}"),
    )  # fmt: skip

    assert check_pack(folder).faults == ()


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ("T23", "T12", "department", ["POLICE is expected", "SANI by jurisdiction row 3"]),
        ('"POLICE"\nrule = "night-noise"', '"POLICE"\nstep = "territory"', "step", ["night-noise"]),
        ("06028", "06010", "department", ["06010"]),
    ],
)
def test_an_expectation_that_is_missed_says_what_came_instead_and_why(
    folder: Path, old: str, new: str, field: str, words: list[str]
) -> None:
    add(folder, EXPECT.replace(old, new))

    fault = only(folder)

    assert (fault.file, fault.row, fault.field) == ("routing.toml", 1, f"expect.{field}")
    assert [word for word in words if word not in fault.problem] == []


def test_a_rule_that_was_passed_over_for_want_of_an_answer_is_told(folder: Path) -> None:
    add(folder, rule("red", 'attributes.colour == "red"'))
    add(folder, EXPECT.replace("T23", "T12"))

    assert "rule red was passed over: there is no 'colour'" in only(folder).problem


CELL = 'cell = "990101001001001"'
BY_RULE = 'rule = "night-noise"'
UNREADABLE = [
    ('category = "06028"', 'category = "06029"', "category"),
    (CELL, 'cell = "990101001001099"', "cell"),
    (CELL, "", "cell"),
    (CELL, "lon = 1.0\nlat = 2.0", "lon"),
    (CELL, 'lon = "east"\nlat = 30.8', "lon"),
    (CELL, CELL + "\nlon = 112.8", "cell"),
    ("at = 2026-11-23T23:00:00", "", "at"),
    ("at = 2026-11-23T23:00:00", 'at = "night"', "at"),
    ('department = "POLICE"', 'department = "POLCE"', "department"),
    ('department = "POLICE"', "", "department"),
    (BY_RULE, 'rule = "night-noises"', "rule"),
    (BY_RULE, 'step = "luck"', "step"),
    (BY_RULE, 'channel = "pigeon"', "channel"),
    (BY_RULE, "attributes = { a = 1 }", "attributes"),
    (BY_RULE, "description = 7", "description"),
]


def test_an_expectation_that_cannot_be_read_is_told_by_row_and_field(folder: Path) -> None:
    for old, new, _ in UNREADABLE:
        add(folder, EXPECT.replace(old, new))

    told = [(row, field) for _, row, field in faults(folder)]

    assert told == [(n, f"expect.{one[2]}") for n, one in enumerate(UNREADABLE, start=1)]


def test_a_name_that_means_nothing_is_a_fault(folder: Path) -> None:
    add(folder, EXPECT.replace(BY_RULE, 'rules = "night-noise"'))

    assert faults(folder) == [("routing.toml", 1, "expect.rules")]


@pytest.mark.parametrize("text", ["expect = 3\n", '[expects]\na = "b"\n'])
def test_tables_of_another_name_or_shape_are_faults(folder: Path, text: str) -> None:
    (folder / "routing.toml").write_text(text, encoding="utf-8")

    assert [(file, row) for file, row, _ in faults(folder)] == [("routing.toml", None)]


def test_a_rule_that_never_decides_is_a_fault_that_names_the_one_before_it(folder: Path) -> None:
    add(folder, rule("late-noise", 'category == "06028" && hour == 23'))

    fault = only(folder)

    assert (fault.row, fault.field) == (2, "when")
    assert "'night-noise' before it" in fault.problem


def test_a_rule_for_a_category_that_the_city_has_not_is_a_fault(folder: Path) -> None:
    add(folder, rule("slip", 'category == "6010"'))

    assert "holds in no case" in only(folder).problem


def test_an_overlap_is_a_hint_until_an_expectation_shows_that_it_is_meant(folder: Path) -> None:
    add(folder, rule("fire", 'attributes.hazard == "fire"'))
    add(folder, EXPECT)

    [hint] = check_pack(folder).hints
    assert (hint.row, hint.field) == (2, "when")
    assert "'night-noise' (row 1) and 'fire' both hold for category '06028'" in hint.problem

    add(folder, EXPECT + 'attributes = { hazard = "fire" }\n')
    assert check_pack(folder).hints == ()


def test_what_could_not_be_told_is_said_to_be_so(folder: Path) -> None:
    add(folder, rule("long", "description.size() < 100", "POLICE"))
    add(folder, rule("longer", "description.size() < 99 && hour < 5", "POLICE"))

    assert "'longer'" in [one.problem for one in check_pack(folder).hints][-1]


def test_expectations_are_not_stored(folder: Path) -> None:
    before = check_pack(folder).sound().parts["routing"]
    add(folder, EXPECT)

    assert check_pack(folder).sound().parts["routing"] == before
