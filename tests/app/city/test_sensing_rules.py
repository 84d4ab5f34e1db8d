"""The full form of sensor rules: what is read, every fault with its row and field, examples."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.city.faults import Faults
from app.city.lines import Line
from app.city.reading import read_rules
from app.city.sensing import RULES_FILE, Known, sensor_rules, settings
from dispatch.sensing.rules import SensorRules

DOCS = Path(__file__).parents[3] / "docs" / "sensing.md"
MEASURED: list[dict[str, Any]] = [
    {"code": "S0001", "property": "pm2_5", "unit": "ug/m3", "area": "990101001"},
    {"code": "S0002", "property": "wind", "unit": "m/s", "area": "990101001"},
    {"code": "W1", "property": "pm2_5", "unit": "ug/m3", "area": "990101002"},
]
TEXT = 'text_zh = "高"\ntext_en = "high"\n'
LEVELS = 'levels = [{level = 3, above = 115, for = "2h"}, {level = 2, above = 150}]\n'
RULE = f"""\
[[rule]]
name = "high"
property = "pm2_5"
unit = "ug/m3"
{LEVELS}clear = {{below = 100, for = "1h"}}
{TEXT}"""


def read(text: str) -> tuple[list[dict[str, Any]], dict[str, Any], list[tuple[int | None, str]]]:
    """The parts that a file makes, and row and field of each fault."""
    content, faults = tomllib.loads(text), Faults()
    whole = Line(RULES_FILE, None, content, faults)
    known = Known(MEASURED, ["08004"], [], ZoneInfo("Asia/Shanghai"))
    part = sensor_rules(read_rules(content, RULES_FILE, faults), whole, known)
    return part, settings(whole), [(fault.row, fault.field) for fault in faults.found]


def places(text: str) -> list[tuple[int | None, str]]:
    return read(text)[2]


def a_rule(*lines: str) -> str:
    """A rule on PM2.5 with these lines."""
    return "\n".join(
        ["[[rule]]", 'name = "r"', 'property = "pm2_5"', 'unit = "ug/m3"', TEXT.strip(), *lines]
    )


def test_the_page_about_rules_holds_rules_that_are_sound():
    found = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)

    part, told, faults = read(found[0].replace("S0001*", "S*").replace('"W2*"', '"W1"'))

    assert (faults, told) == ([], {"lateness_ms": 600_000})
    [rule] = SensorRules.of(part, told)
    assert [(step.level, step.bound.limit, step.held_ms) for step in rule.steps] == [
        (2, 150.0, 3_600_000), (3, 115.0, 7_200_000),
    ]  # fmt: skip
    assert (rule.lift_ms, rule.lift_to, rule.rest_ms) == (21_600_000, 2, 10_800_000)
    assert [pause.devices for pause in rule.pauses] == [("W1", "W1")]
    assert rule.category == "08004"


def test_without_a_category_a_rule_opens_no_case():
    [row], told, faults = read(RULE)

    assert (faults, row["category"], told["lateness_ms"]) == ([], None, 600_000)


@pytest.mark.parametrize(
    ("lines", "signal", "settings"),
    [
        (('rate = {per = "1h"}', "above = 50"), "rate", {"per_ms": 3_600_000}),
        (
            ("deviation = {weeks = 8, floor = 2}", "beyond = 4"),
            "deviation",
            {"weeks": 8, "least": 4, "floor": 2.0},
        ),
        (
            ("neighbours = {k = 3}", "beyond = 60"),
            "neighbours",
            {"k": 3, "least": 2, "age_ms": 7_200_000},
        ),
        (('stuck = {for = "6h"}',), "stuck", {"tolerance": 0.0, "may_stay": []}),
        (('silence = "3h"',), "silence", {}),
    ],
)
def test_a_rule_says_what_it_judges(lines: tuple[str, ...], signal: str, settings: dict[str, Any]):
    [row], _, faults = read(a_rule(*lines))

    assert (faults, row["signal"], row["settings"]) == ([], signal, settings)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('"pm2_5"', '"dust"', "property"),
        ('unit = "ug/m3"', 'unit = "mg"', "unit"),
        ("above = 150", 'above = "high"', "levels.2.above"),
        ("above = 150", "above = 100", "levels"),
        ("above = 150", "below = 150", "levels"),
        ("level = 2", "level = 3", "levels"),
        ("level = 2", "level = 5", "levels.2.level"),
        ('"2h"', '"2 hours"', "levels.1.for"),
        ('"2h"', "2", "levels.1.for"),
        ("below = 100", "below = 120", "clear.below"),
        ("below = 100", "above = 100", "clear.above"),
        ("below = 100", "within = 100", "clear.within"),
        (TEXT, TEXT + "above = 3\n", "above"),
        (TEXT, TEXT + 'area = "99*9"\n', "area"),
        (TEXT, TEXT + 'devices = ["S0002"]\n', "devices"),
        (TEXT, TEXT + 'devices = "S0001"\n', "devices"),
        (TEXT, TEXT + 'silence = "3h"\nrate = {per = "1h"}\n', "silence"),
        (TEXT, TEXT + 'rest = "2 weeks"\n', "rest"),
        (TEXT, TEXT + 'rest = "400d"\n', "rest"),
        (TEXT, TEXT + "upgrade_to = 0\n", "upgrade_to"),
        (TEXT, TEXT + 'count = {at_least = 1, within = "1h"}\n', "count.at_least"),
        (TEXT, TEXT + "count = {at_least = 2}\n", "count.within"),
        (TEXT, TEXT + 'condition = "large"\n', "condition"),
        (TEXT, TEXT + 'category = "99"\n', "category"),
        (TEXT, TEXT + "sverity = 2\n", "sverity"),
        (TEXT, TEXT + "clearing = {}\n", "clearing"),
        (TEXT, TEXT + "maintenance = [{from = 2027-01-01, to = 2026-01-01}]\n", "maintenance.1.to"),
        (TEXT, TEXT + "maintenance = [{from = 2027-01-01}]\n", "maintenance.1.to"),
        ("[[rule]]", "latenes = 1\n[[rule]]", "latenes"),
        ("[[rule]]", 'lateness = "7d"\n[[rule]]', "lateness"),
        ("[[rule]]", 'lateness = "-1h"\n[[rule]]', "lateness"),
    ],
)
def test_a_wrong_rule_is_told_by_its_field(old: str, new: str, field: str):
    text = RULE.replace(old, new)

    [(row, told), *_] = places(text)

    assert told == field
    assert row == (None if field.startswith("late") else 1)


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ((), "above"),
        (("above = 1", "below = 2"), "above"),
        (("rate = {}", "above = 1"), "rate.per"),
        (("deviation = {weeks = 8}", "beyond = 4"), "deviation.floor"),
        (("deviation = {weeks = 8, floor = 0}", "beyond = 4"), "deviation.floor"),
        (("deviation = {weeks = 3, least = 4, floor = 1}", "beyond = 4"), "deviation.least"),
        (("neighbours = {k = 0}", "beyond = 4"), "neighbours.k"),
        (("neighbours = {k = 1, least = 2}", "beyond = 4"), "neighbours.least"),
        (("stuck = {}",), "stuck.for"),
        (('stuck = {for = "1h", may_stay = "0"}',), "stuck.may_stay"),
        (('silence = "3h"', "above = 3"), "above"),
        (('silence = "3h"', 'for = "3h"'), "for"),
        (('silence = "3h"', "clear = {below = 3}"), "clear.below"),
        (('silence = "soon"',), "silence"),
        (('all = [{property = "wind", below = 1}]',), "all"),
        (
            ('all = [{property = "wind", below = 1}, {property = "x", above = 1}]',),
            "all.2.property",
        ),
        (('all = [{property = "wind"}, {property = "pm2_5", above = 1}]',), "all.1.above"),
    ],
)
def test_a_rule_without_what_it_needs_is_told_by_its_field(lines: tuple[str, ...], field: str):
    assert (1, field) in places(a_rule(*lines))


EXAMPLE = """
[[rule.example]]
samples = [["08:00", 120], ["10:00", 120], ["11:00", 90], ["12:00", 90]]
expect = [{raised = "10:00", level = 3}, {cleared = "12:00"}]
"""


def test_an_example_that_comes_out_is_no_fault():
    assert places(RULE + EXAMPLE) == []


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('raised = "10:00"', 'raised = "09:00"', "example.1.expect.1"),
        ("level = 3", "level = 2", "example.1.expect.1"),
        ('cleared = "12:00"', 'withdrawn = "12:00"', "example.1.expect.2"),
        (', {cleared = "12:00"}', "", "example.1.expect"),
        ('{cleared = "12:00"}', '{cleared = "12:00"}, {raised = "13:00"}', "example.1.expect.3"),
        ('"08:00"', '"8 am"', "example.1.samples.1"),
        ('"08:00"', '"25:00"', "example.1.samples.1"),
        ("120]", '"high"]', "example.1.samples.1"),
        ('["08:00", 120]', '["08:00", "wind", 120]', "example.1.samples.1"),
        ('["08:00", 120]', '{from = "08:00", every = "x", values = [1]}', "example.1.samples.1"),
        ("expect", "expects", "example.1.expects.1.level"),
        ('{cleared = "12:00"}', '{ended = "12:00"}', "example.1.expect.2.ended"),
        ('"12:00"}]', '"12:00"}]\nuntil = "late"', "example.1.until"),
    ],
)
def test_an_example_that_comes_out_otherwise_is_told_by_its_field(old: str, new: str, field: str):
    assert (1, field) in places(RULE + EXAMPLE.replace(old, new))


def test_examples_of_a_rule_with_faults_are_not_tried():
    assert places(RULE.replace("above = 150", "above = 100") + EXAMPLE) == [(1, "levels")]


def test_an_example_tells_neighbours_series_and_how_long_to_wait():
    text = a_rule(
        "neighbours = {k = 2}", "beyond = 60", 'repeat = "2h"', "[[rule.example]]",
        'samples = [{from = "08:00", every = "1h", values = [10, 90]}, ["08:00", "n1", 10],',
        '  {from = "08:00", every = "1h", values = [10, 12], of = "n2"}]',
        'until = "12:30"',
        'expect = [{raised = "09:00"}, {repeated = "11:00"}]',
    )  # fmt: skip

    assert places(text) == []


def test_an_example_of_the_short_form_is_tried_too():
    text = a_rule(
        "above = 100", "window_minutes = 60", 'category = "08004"', "[[rule.example]]",
        'samples = [["08:10", 101], ["08:20", 101]]', "expect = []",
    )  # fmt: skip

    assert places(text) == [(1, "example.1.expect")]


def test_a_window_of_maintenance_is_by_the_clocks_of_the_city_and_for_every_rule():
    pause = "[[maintenance]]\nfrom = 2026-01-05T09:00:00\nto = 2026-01-05T11:00:00\n"

    assert (1, "example.1.expect.1") in places(pause + RULE + EXAMPLE)
