"""Departments with a working time of their own, in a pack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.city.checking import check_pack
from app.city.commands import commands
from dispatch.calendar import Unit, WorkingCalendar
from tests.app.city.makers import append_row, change_text, write_pack
from tests.dispatch.test_calendar import local

HEADER = "date,kind,name_zh,name_en\n"
LAST_LINE = 'periods = [["08:30", "12:00"], ["14:00", "18:00"]]\n'
POLICE = """
[working_time.departments.POLICE]
weekend = []
periods = [["00:00", "24:00"]]
holidays = false
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pack whose police always work; its calendar may name departments."""
    write_pack(tmp_path)
    change_text(tmp_path / "city.toml", LAST_LINE, LAST_LINE + POLICE)
    change_text(tmp_path / "calendar.csv", HEADER, "department," + HEADER)
    change_text(tmp_path / "calendar.csv", "\n2026", "\n,2026")
    return tmp_path


def stored(folder: Path) -> dict[str, Any]:
    return check_pack(folder).sound().parts["calendar"]


def days(calendar: dict[str, Any]) -> list[tuple[str, str]]:
    return [(day["date"], day["kind"]) for day in calendar["days"]]


def test_a_department_may_keep_a_time_of_its_own(folder: Path):
    calendar = WorkingCalendar.of(stored(folder))

    start = local("2026-09-30 17:00")
    ends = [
        calendar.kept_by(code).add(start, 2, Unit.WORK_HOUR) for code in ("POLICE", "SANI", None)
    ]

    assert ends == [local("2026-09-30 19:00"), *[local("2026-10-02 09:30")] * 2]


def test_a_day_may_be_that_of_one_department(folder: Path):
    append_row(folder / "calendar.csv", ["SANI", "2026-10-03", "workday", "清扫", "Sweeping"])
    append_row(folder / "calendar.csv", ["SANI", "2026-10-10", "holiday", "休", "Off"])

    calendar = stored(folder)

    city = [("2026-10-01", "holiday"), ("2026-10-10", "workday")]
    assert days(calendar) == city
    assert days(calendar["departments"]["SANI"]) == [
        ("2026-10-01", "holiday"), ("2026-10-03", "workday"), ("2026-10-10", "holiday")
    ]  # fmt: skip
    assert calendar["departments"]["SANI"]["periods"] == calendar["periods"]
    assert days(calendar["departments"]["POLICE"]) == []


def test_without_departments_of_their_own_nothing_more_is_stored(tmp_path: Path):
    write_pack(tmp_path)

    assert "departments" not in stored(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (".POLICE]", ".FIRE]", ".FIRE"),
        ("weekend = []", "weekend = [0]", ".POLICE.weekend"),
        ("weekend = []", "weekend = [1, 2, 3, 4, 5, 6, 7]", ".POLICE.weekend"),
        ("weekend = []", "weekend = 7", ".POLICE"),
        ('[["00:00", "24:00"]]', '[["22:00", "06:00"]]', ".POLICE.periods"),
        ("holidays = false", 'holidays = "maybe"', ".POLICE.holidays"),
        ("holidays = false", "holyday = false", ".POLICE.holyday"),
        (POLICE, "departments = 7\n", ""),
        (POLICE, "departments = { POLICE = 7 }\n", ".POLICE"),
    ],
)
def test_a_wrong_time_of_a_department_is_told(folder: Path, old: str, new: str, field: str):
    change_text(folder / "city.toml", old, new)

    [fault] = check_pack(folder).faults

    assert (fault.file, fault.field) == ("city.toml", f"working_time.departments{field}")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (["FIRE", "2026-10-03", "workday", "甲", "A"], "department"),
        (["", "2026-10-01", "workday", "甲", "A"], "date"),
        (["SANI", "2026-10-32", "workday", "甲", "A"], "date"),
    ],
)
def test_a_wrong_day_of_a_department_is_told(folder: Path, row: list[str], field: str):
    append_row(folder / "calendar.csv", row)

    [fault] = check_pack(folder).faults

    assert (fault.file, fault.row, fault.field) == ("calendar.csv", 4, field)


def test_the_same_day_of_one_department_twice_is_told(folder: Path):
    append_row(folder / "calendar.csv", ["SANI", "2026-10-01", "workday", "甲", "A"])
    append_row(folder / "calendar.csv", ["SANI", "2026-10-01", "holiday", "乙", "B"])

    [fault] = check_pack(folder).faults

    assert (fault.row, fault.field) == (5, "date")
    assert "2026-10-01 of SANI stands in row 4" in fault.problem


def test_a_load_of_another_calendar_says_what_is_to_be_done(tmp_path: Path, database_url: str):
    def load() -> list[str]:
        environment = {"CITY_DATABASE_URL": database_url}
        loaded = CliRunner().invoke(commands, ["load", str(tmp_path), "--json"], env=environment)
        return json.loads(loaded.stdout)["then"]

    write_pack(tmp_path)
    first, again = load(), load()
    append_row(tmp_path / "calendar.csv", ["2026-10-02", "holiday", "休", "Off"])

    assert (first, again, load()) == ([], [], ["citygrid calendar recompute"])


def test_a_city_that_works_on_no_day_of_the_week_is_told(tmp_path: Path):
    write_pack(tmp_path)
    change_text(tmp_path / "city.toml", "weekend = [6, 7]", "weekend = [1, 2, 3, 4, 5, 6, 7]")

    [fault] = check_pack(tmp_path).faults

    assert fault.field == "working_time.weekend"
