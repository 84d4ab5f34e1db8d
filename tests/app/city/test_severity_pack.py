"""Severity rules, sites and merge rules of a city pack: what is kept, and every fault by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely import Point, box

from app.city.checking import check_pack
from dispatch.matching import Matching
from dispatch.severity import Grading
from tests.app.city.makers import change_text, square, write_frame, write_pack

RULE = """\
[[rule]]
name = "near-a-school"
when = 'near.school < 100'
raise = 1
because_zh = "学校附近"
because_en = "Near a school"
"""
HERE: Point = square(0, 0).centroid


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pack(tmp_path)
    (tmp_path / "severity.toml").write_text(RULE, encoding="utf-8")
    write_sites(tmp_path)
    return tmp_path


def write_sites(folder: Path, **changes: Any) -> None:
    told = {"kind": ["school"], "name_zh": ["磨坊小学"], "name_en": ["Mill School"]}
    shapes = changes.pop("geometry", [HERE])
    frame = gpd.GeoDataFrame(told | changes, geometry=shapes, crs="EPSG:4326")
    write_frame(folder / "sites.geojson", frame)


def places(folder: Path) -> list[tuple[str, int | None, str]]:
    return [(fault.file, fault.row, fault.field) for fault in check_pack(folder).faults]


def test_sound_rules_and_sites_become_those_of_the_city(folder: Path):
    parts = check_pack(folder).sound().parts

    grading = Grading.of(parts["severity"], parts["sites"])

    assert [rule.name for rule in grading.rules] == ["near-a-school"]
    assert grading.sites.kinds == {"school"}


def test_a_pack_without_them_has_no_rules_and_no_sites(tmp_path: Path):
    parts = check_pack(write_pack(tmp_path)).sound().parts

    assert (parts["severity"], parts["sites"]) == ([], [])
    assert "rules" not in parts["city"]["merge"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("near.school < 100", "near.hospital < 100", "when"),
        ("near.school < 100", "near.school < ", "when"),
        ("near.school < 100", "hour", "when"),
        ("raise = 1", "raise = 9", "raise"),
        ("raise = 1", "raise = 1.5", "raise"),
        ("raise = 1", "", "raise"),
        ("raise = 1", "raise = 1\nset = 2", "raise"),
        ("raise = 1", "raise = 1\nlower = 2", "lower"),
        ('because_en = "Near a school"', "", "because_en"),
        ('name = "near-a-school"', "", "name"),
    ],
)
def test_a_rule_of_severity_with_a_slip_is_told_by_its_number(
    folder: Path, old: str, new: str, field: str
):
    change_text(folder / "severity.toml", old, new)

    assert places(folder) == [("severity.toml", 1, field)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"geometry": [Point(10, 10)]}, "geometry"),
        ({"geometry": [box(0, 0, 1, 1)]}, "geometry"),
        ({"geometry": [None]}, "geometry"),
        ({"name_en": [""]}, "name_en"),
        ({"kind": ["a school"]}, "kind"),
    ],
)
def test_a_site_with_a_slip_is_told_by_its_number(
    folder: Path, changes: dict[str, Any], field: str
):
    (folder / "severity.toml").unlink()
    write_sites(folder, **changes)

    assert places(folder) == [("sites.geojson", 1, field)]


MERGE = """
[[merge.rule]]
name = "roads"
categories = ["06"]
across = true
radius_m = 100
minutes = 60
similarity = 0.3
automatic = 0.6
weighs = ["place", "text"]

[working_time]"""


def test_merge_rules_become_those_of_the_city(folder: Path):
    change_text(folder / "city.toml", "[working_time]", MERGE)

    told = check_pack(folder).sound().parts["city"]["merge"]

    matching = Matching.of(told, ["06010", "06028", "09009"])
    assert matching.rule_for("06028").name == "roads"
    assert matching.relatives("06028") == {"06010", "06028"}
    assert matching.rule_for("09009") == Matching.of({"radius_m": 50, "minutes": 30}, []).rules[0]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('name = "roads"', "", "name"),
        ('name = "roads"', 'name = "merge"', "name"),
        ('["06"]', '["77"]', "merge.rule.categories"),
        ('["06"]', '["*"]', "categories"),
        ('["06"]', '"06"', "categories"),
        ("radius_m = 100", "radius_m = -1", "radius_m"),
        ("minutes = 60", "", "minutes"),
        ("similarity = 0.3", "similarity = 3", "similarity"),
        ("automatic = 0.6", 'automatic = "always"', "automatic"),
        ("across = true", 'across = "perhaps"', "across"),
        ('"text"]', '"smell"]', "weighs"),
        ("across = true", "across = true\nacros = 1", "merge.rule.acros"),
        ("minutes = 60", "minutes = 60\nsuggest_minutes = 5", "suggest_minutes"),
    ],
)
def test_a_merge_rule_with_a_slip_is_told_by_its_number(
    folder: Path, old: str, new: str, field: str
):
    assert old in MERGE
    change_text(folder / "city.toml", "[working_time]", MERGE.replace(old, new))

    assert places(folder) == [("city.toml", 1, field)]
