"""Sensors and their rules in a city pack: every fault is told with its row and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.city.checking import check_pack
from dispatch.sensing.alarms import AlarmRules
from geo.shift import Datum, to_wgs84
from tests.app.city.makers import write_pack

RULE = """\
[[rule]]
name = "river-high"
property = "water_level"
unit = "m"
above = 3.5
window_minutes = 10
category = "06010"
condition = "large"
text_zh = "水位过高"
text_en = "The river is high"
"""
HEADER = "code,name_zh,name_en,kind,property,unit,lon,lat,datum,source"
GAUGE = "S1,水位计,Water gauge,water_level,water_level,m"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pack(tmp_path)
    (tmp_path / "sensor_rules.toml").write_text(RULE, encoding="utf-8")
    return tmp_path


def write_sensors(folder: Path, *lines: str) -> None:
    (folder / "sensors.csv").write_text("\n".join([HEADER, *lines]), encoding="utf-8")


def change_rule(folder: Path, old: str, new: str) -> None:
    assert old in RULE
    (folder / "sensor_rules.toml").write_text(RULE.replace(old, new), encoding="utf-8")


def places(folder: Path) -> list[tuple[str, int | None, str]]:
    return [(fault.file, fault.row, fault.field) for fault in check_pack(folder).faults]


def parts(folder: Path) -> dict[str, Any]:
    return check_pack(folder).sound().parts


def test_a_sound_rule_becomes_a_rule_of_the_city(folder: Path):
    loaded = parts(folder)

    rules = AlarmRules.of(loaded["sensors"], loaded["sensor_rules"], "zh")

    assert len(rules.sensors) == 1
    assert loaded["sensor_rules"] == [
        {
            "row": 1,
            "name": "river-high",
            "property": "water_level",
            "unit": "m",
            "above": 3.5,
            "below": None,
            "window_s": 600,
            "category": "06010",
            "condition": "large",
            "text": {"zh": "水位过高", "en": "The river is high"},
        }
    ]


def test_a_sensor_knows_the_area_below_the_city_that_it_stands_in(folder: Path):
    [sensor] = parts(folder)["sensors"]

    assert (sensor["area"], sensor["source"]) == ("990101001", "device:S1")
    assert (sensor["lon"], sensor["datum"]) == (sensor["given_lon"], "wgs84")


def test_a_position_in_another_datum_is_kept_as_given_and_shifted(folder: Path):
    write_sensors(folder, f"{GAUGE},112.8060,30.7990,gcj02,gateway:water")

    [sensor] = parts(folder)["sensors"]

    [[lon, lat]] = to_wgs84(np.array([[112.8060, 30.7990]]), Datum.GCJ02).tolist()
    assert (sensor["lon"], sensor["lat"]) == (lon, lat)
    assert (sensor["given_lon"], sensor["given_lat"]) == (112.8060, 30.7990)
    assert (sensor["datum"], sensor["source"]) == ("gcj02", "gateway:water")


@pytest.mark.parametrize(
    ("datum", "source", "field"),
    [("gps", "", "datum"), ("", "a gateway", "source"), ("gcj02", "", "lon")],
)
def test_a_wrong_sensor_is_told_by_its_field(folder: Path, datum: str, source: str, field: str):
    write_sensors(folder, f"{GAUGE},112.8015,30.8005,{datum},{source}")

    assert ("sensors.csv", 2, field) in places(folder)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('"water_level"', '"depth"', "property"),
        ('unit = "m"', 'unit = "cm"', "unit"),
        ("above = 3.5", "above = 3.5\nbelow = 1", "above"),
        ("above = 3.5\n", "", "above"),
        ("above = 3.5", 'above = "high"', "above"),
        ("above = 3.5", "above = inf", "above"),
        ("window_minutes = 10", "window_minutes = 0", "window_minutes"),
        ("window_minutes = 10", "window_minutes = 2000", "window_minutes"),
        ("window_minutes = 10", "window_minutes = 0.123", "window_minutes"),
        ('"06010"', '"03005"', "category"),
        ('"large"', '"huge"', "condition"),
        ("river-high", "river high", "name"),
        ('text_en = "The river is high"\n', "", "text_en"),
        ("above = 3.5", "above = 3.5\nsverity = 2", "sverity"),
        ("[[rule]]", RULE + "[[rule]]", "name"),
    ],
)
def test_a_wrong_rule_is_told_by_its_field(folder: Path, old: str, new: str, field: str):
    change_rule(folder, old, new)

    [(file, row, told)] = places(folder)

    assert (file, told) == ("sensor_rules.toml", field)
    assert row == (2 if new.startswith(RULE) else 1)


def test_seconds_can_be_told_as_part_of_a_minute(folder: Path):
    change_rule(folder, "window_minutes = 10", "window_minutes = 0.05")

    assert parts(folder)["sensor_rules"][0]["window_s"] == 3


def test_a_rule_without_sensors_is_a_fault(folder: Path):
    (folder / "sensors.csv").unlink()

    assert places(folder) == [("sensor_rules.toml", 1, "property")]


def test_a_table_of_sensors_that_cannot_be_read_is_one_fault_and_not_a_flood(folder: Path):
    (folder / "sensors.csv").write_text("code,lon\nS1,112.8\n", encoding="utf-8")

    assert {file for file, _, _ in places(folder)} == {"sensors.csv"}
