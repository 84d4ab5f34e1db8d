"""Who is on duty, as a person asks it; also after the cells have changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.city.loading import load_pack
from tests.app.city.makers import change_layer, change_text, write_pack
from tests.app.city.test_patrols import FIRST, SECOND
from tests.app.grid.test_release_commands import CUT, EAST_HALF, WEST_HALF, cut_the_first
from tests.app.grid.typed import told, typed

pytestmark = pytest.mark.usefixtures("environment")
FRIDAY = "2026-11-27"


@pytest.fixture
def loaded(pack: Path, database_url: str) -> Path:
    load_pack(pack, database_url)
    return pack


def on_duty(found: dict[str, Any]) -> dict[str, list[str]]:
    return {one["code"]: [t["person"] for t in one["on_duty"]] for one in found["duty_grids"]}


def test_people_are_named_with_the_time_they_stay(loaded: Path):
    found = told("duty", f"{FIRST}001", "--at", f"{FRIDAY}T09:00")

    assert found["grid_version"] == 1
    assert found["at"] == f"{FRIDAY}T09:00:00+08:00"
    night, patrol = found["duty_grids"]
    assert (night["code"], night["on_duty"]) == ("N1", [])
    assert night["next"][0]["since"] == "2026-11-29T22:00:00+08:00"
    assert patrol["on_duty"] == [
        {
            "person": "inspector1",
            "name": {"zh": "李伟", "en": "Li Wei"},
            "since": f"{FRIDAY}T08:00:00+08:00",
            "until": f"{FRIDAY}T12:00:00+08:00",
            "row": 2,
        }
    ]


def test_a_moment_with_an_offset_is_that_moment(loaded: Path):
    found = told("duty", f"{SECOND}001", "--at", f"{FRIDAY}T07:00+00:00")

    assert on_duty(found) == {"N1": [], "D2": ["inspector1"]}


def test_now_is_the_databases_now(loaded: Path):
    assert on_duty(told("duty", f"{FIRST}001")).keys() == {"D1", "N1"}


def test_people_read_a_table(loaded: Path):
    shown = typed("duty", f"{FIRST}001", "--at", f"{FRIDAY}T09:00")

    assert shown.exit_code == 0
    assert "inspector1 李伟 Li Wei" in shown.stdout
    assert "nobody" in shown.stdout
    assert "2026-11-27 09:00 (Asia/Shanghai)" in shown.stdout


def test_what_cannot_be_answered_is_said_in_one_line(loaded: Path):
    unknown, no_time = typed("duty", "990101001001999"), typed("duty", CUT, "--at", "soon")

    assert (unknown.exit_code, no_time.exit_code) == (1, 1)
    assert unknown.stderr.strip() == "grid version 1 has no cell '990101001001999'"
    assert no_time.stderr.strip() == "'soon' is no time; write it like 2027-01-01T08:30"


def test_a_city_without_duty_grids_is_told_how_to_get_some(tmp_path: Path, database_url: str):
    (tmp_path / "bare").mkdir()
    load_pack(write_pack(tmp_path / "bare"), database_url)

    done = typed("duty", CUT)

    assert done.exit_code == 1
    assert "put duty_grids.csv and duty_shifts.csv into the city pack" in done.stderr


def test_a_cell_that_nobody_patrols_is_told_as_such(pack: Path, database_url: str):
    change_text(pack / "duty_grids.csv", "990101001\n", f"{FIRST}\n")
    change_text(pack / "duty_grids.csv", f";{SECOND}004", "")
    load_pack(pack, database_url)

    shown = typed("duty", f"{SECOND}004")

    assert shown.exit_code == 0
    assert "nobody patrols it" in shown.stdout


def test_who_was_on_duty_then_is_told_by_the_shifts_of_then(loaded: Path, database_url: str):
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE city_part SET loaded_at = '2026-01-01T00:00Z'")
        conn.execute("UPDATE grid_version SET loaded_at = '2026-01-01T00:00Z'")
    change_text(loaded / "duty_shifts.csv", "D1,inspector1", "D1,inspector2")
    load_pack(loaded, database_url)
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE city_part SET loaded_at = '2026-06-01T00:00Z' WHERE version = 2")

    then = told("duty", f"{FIRST}001", "--at", "2026-05-29T09:00")
    later = told("duty", f"{FIRST}001", "--at", "2026-06-05T09:00")

    assert on_duty(then)["D1"] == ["inspector1"]
    assert on_duty(later)["D1"] == ["inspector2"]


def in_force_at_once(database_url: str, version: int) -> None:
    """What an order does, without the lead that a person has to leave."""
    with psycopg.connect(database_url) as conn:
        conn.execute(
            """
            INSERT INTO grid_activation (version, active_from, ordered_by, ordered_at)
            VALUES (%s, clock_timestamp(), 'chief', clock_timestamp() - interval '1 minute')
            """,
            [version],
        )


@pytest.mark.parametrize("is_compared", [True, False])
def test_a_duty_grid_follows_the_halves_of_its_cell(
    loaded: Path, database_url: str, is_compared: bool
):
    change_layer(loaded / "cells.geojson", cut_the_first)
    if is_compared:
        told("draft", loaded)
        told("diff", 1, 2)
        told("approve", 2)
        in_force_at_once(database_url, 2)
    else:
        (loaded / "duty_grids.csv").unlink()
        (loaded / "duty_shifts.csv").unlink()
        load_pack(loaded, database_url)

    found = [told("duty", half, "--at", "2099-11-27T09:00") for half in (WEST_HALF, EAST_HALF)]

    assert [one["grid_version"] for one in found] == [2, 2]
    assert [on_duty(one) for one in found] == [{"D1": ["inspector1"], "N1": []}] * 2
    assert [one["broken"] for one in found] == [[], []]
    assert typed("duty", CUT).exit_code == 1
