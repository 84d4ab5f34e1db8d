"""`situations.toml`: what is read of it, and every fault told with its row and field."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pytest

from app.city.faults import Faults
from app.city.situations import Known, read_situations
from dispatch.situations.patterns import Patterns

KNOWN = Known({"0", "01", "0100", "01003", "06"}, {"water_level"}, {"990101", "990101001"})
FAMILY = 'name = "flood"\ntext_zh = "内涝"\ntext_en = "flooding"\ncategories = ["01"]\n'
RULE = (
    'name = "r"\nfamily = "flood"\ntext_zh = "聚集"\ntext_en = "burst"\n'
    "at_least = 3\nradius_m = 300\nminutes = 60\n"
)
SCAN = (
    'name = "s"\nfamily = "flood"\ntext_zh = "热点"\ntext_en = "hot spot"\nslot_minutes = 60\n'
    "windows = [1, 3]\nhistory_days = 28\nevery_minutes = 15\nrecurrence_days = 30\n"
    "radius_m = 900\n"
)


def read(family: str = FAMILY, rule: str = RULE, scan: str = SCAN) -> tuple[Any, Faults]:
    text = f"[[family]]\n{family}\n[[rule]]\n{rule}\n[[scan]]\n{scan}"
    faults = Faults()
    return read_situations(tomllib.loads(text), KNOWN, faults), faults


def test_what_is_left_out_has_a_sensible_value():
    part, faults = read()
    patterns = Patterns.of(part)

    assert faults.found == []
    [rule], [scan] = patterns.rules, patterns.scans
    assert (rule.sources, rule.counts_reports, rule.plan) == (1, False, None)
    assert rule.quiet == 3 * rule.within
    assert (scan.neighbours, scan.at_least) == (12, 3)
    assert scan.most_p == pytest.approx(15 / (30 * 1440))


@pytest.mark.parametrize("city", ["yunxi", "newyork"])
def test_the_patterns_of_the_cities_that_come_along_can_be_read(city: str):
    content = tomllib.loads((files(f"app.city.{city}") / "situations.toml").read_text("utf-8"))
    faults = Faults()

    part = read_situations(content, Known(None, None, None), faults)

    assert faults.found == []
    assert len(Patterns.of(part).rules) >= 3


def changed(text: str, line: str) -> str:
    key = line.partition(" ")[0]
    kept = [one for one in text.splitlines() if not one.startswith(f"{key} ")]
    return "\n".join([*kept, line]) + "\n"


@pytest.mark.parametrize(
    ("table", "line", "field"),
    [
        ("family", 'categories = ["99"]', "family.categories"),
        ("family", 'categories = "01"', "family.categories"),
        ("family", "categories = []", "family.categories"),
        ("family", 'properties = ["wind"]', "family.properties"),
        ("family", 'colour = "red"', "family.colour"),
        ("family", "text_zh = 7", "family.text_zh"),
        ("rule", 'family = "flod"', "rule.family"),
        ("rule", "at_least = 1", "rule.at_least"),
        ("rule", "at_least = 2.5", "rule.at_least"),
        ("rule", "radius_m = 0", "rule.radius_m"),
        ("rule", 'minutes = "soon"', "rule.minutes"),
        ("rule", "quiet_minutes = -1", "rule.quiet_minutes"),
        ("rule", "sources = 4", "rule.sources"),
        ("rule", 'counts = "people"', "rule.counts"),
        ("rule", "alarm = 3", "rule.alarm"),
        ("rule", 'alarm = { property = "wind" }', "rule.alarm.property"),
        ("rule", 'alarm = { property = "water_level", level = 5 }', "rule.alarm.level"),
        ("rule", 'alarm = { property = "water_level", colour = "red" }', "rule.alarm.colour"),
        ("rule", 'area = "elsewhere"', "rule.area"),
        ("rule", 'plan = "two words"', "rule.plan"),
        ("rule", "windows = [1]", "rule.windows"),
        ("scan", "windows = []", "scan.windows"),
        ("scan", "windows = [0, 61]", "scan.windows"),
        ("scan", "windows = [true]", "scan.windows"),
        ("scan", "slot_minutes = 1", "scan.slot_minutes"),
        ("scan", "every_minutes = 120", "scan.every_minutes"),
        ("scan", "recurrence_days = 0", "scan.recurrence_days"),
        ("scan", "neighbours = 0", "scan.neighbours"),
        ("scan", "at_least = 1", "scan.at_least"),
        ("scan", 'name = "r"', "scan.name"),
    ],
)
def test_each_fault_is_told_with_its_row_and_field(table: str, line: str, field: str):
    texts = {"family": FAMILY, "rule": RULE, "scan": SCAN}
    texts[table] = changed(texts[table], line)

    _, faults = read(**texts)

    found = [(one.file, one.row, one.field) for one in faults.found]
    assert ("situations.toml", 1, field) in found
    # A family that cannot be read is missing to its rules as well; nothing else is told beside.
    assert {one[2] for one in found} <= {field, "rule.family", "scan.family"}


def test_a_history_shorter_than_a_window_is_a_fault():
    scan = SCAN.replace("slot_minutes = 60", "slot_minutes = 1440").replace(
        "history_days = 28", "history_days = 3"
    )

    _, faults = read(scan=scan)

    assert [one.field for one in faults.found] == ["scan.history_days"]


@pytest.mark.parametrize(
    "content", [{"family": 3}, {"rule": ["x"]}, {"scan": {"name": "x"}}, {"rules": []}]
)
def test_a_file_of_another_shape_is_told_not_a_trace(content: dict[str, Any]):
    faults = Faults()

    read_situations(content, KNOWN, faults)

    assert [one.field for one in faults.found] == list(content)
