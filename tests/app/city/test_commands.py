import json
from pathlib import Path

from typer.testing import CliRunner, Result

from app.city.commands import commands
from tests.app.city.makers import append_row


def run(*arguments: object, database_url: str | None = None) -> Result:
    environment = {"CITY_DATABASE_URL": database_url, "COLUMNS": "200"}
    return CliRunner().invoke(commands, [str(one) for one in arguments], env=environment)


def test_a_sound_pack_is_said_to_be_sound(folder: Path):
    result = run("check", folder, "--json")

    assert result.exit_code == 0
    told = json.loads(result.stdout)
    counts = {"cells": 8, "areas": 4, "people": 2, "components": 0, "figures": 0}
    assert told == {"ok": True, "faults": [], "hints": [], **counts, "duty_grids": 0}


def test_faults_end_with_exit_code_one_and_name_file_row_and_field(folder: Path):
    append_row(folder / "jurisdiction.csv", ["06010", "990101001", "FIRE"])

    result = run("check", folder, "--json")

    assert result.exit_code == 1
    [fault] = json.loads(result.stdout)["faults"]
    assert (fault["file"], fault["row"], fault["field"]) == ("jurisdiction.csv", 4, "department")


def test_people_get_a_table(folder: Path):
    append_row(folder / "jurisdiction.csv", ["06010", "990101001", "FIRE"])

    result = run("check", folder)

    assert result.exit_code == 1
    assert "jurisdiction.csv" in result.stderr
    assert "1 fault; nothing was loaded" in result.stderr


def test_brackets_in_what_people_wrote_are_shown_as_they_are(folder: Path):
    append_row(folder / "jurisdiction.csv", ["06010", "[990]", "[/FIRE]"])
    append_row(folder / "jurisdiction.csv", ["06010", "[990]", "[red]"])

    result = run("check", folder)

    assert result.exit_code == 1
    assert [text in result.stderr for text in ("'[990]'", "'[/FIRE]'", "'[red]'")] == [True] * 3


def test_a_path_that_is_no_pack_ends_with_exit_code_two(tmp_path: Path):
    result = run("check", tmp_path / "nowhere", "--json")

    assert result.exit_code == 2
    assert "no such file" in json.loads(result.stdout)["problem"]


def test_a_load_says_what_changed(folder: Path, database_url: str):
    planned = run("load", folder, "--plan", "--json", database_url=database_url)
    first = run("load", folder, "--json", database_url=database_url)
    again = run("load", folder, "--json", database_url=database_url)

    assert [result.exit_code for result in (planned, first, again)] == [0, 0, 0]
    assert json.loads(planned.stdout)["loaded"] is False
    assert json.loads(first.stdout)["changes"] == json.loads(planned.stdout)["changes"]
    assert not any(change["changed"] for change in json.loads(again.stdout)["changes"])


def test_a_load_for_people_shows_a_table(folder: Path, database_url: str):
    result = run("load", folder, database_url=database_url)

    assert result.exit_code == 0
    assert "8 cells in 4 areas" in result.stdout


def test_a_load_into_a_database_without_tables_says_what_to_do(
    folder: Path, database_server_url: str
):
    result = run("load", folder, database_url=database_server_url)

    assert result.exit_code == 2
    assert "citygrid migrate" in result.stderr


def test_a_faulty_pack_is_not_loaded(folder: Path, database_url: str):
    append_row(folder / "jurisdiction.csv", ["06010", "990101001", "FIRE"])

    result = run("load", folder, "--json", database_url=database_url)

    assert result.exit_code == 1
    assert json.loads(result.stdout)["ok"] is False


def test_a_load_without_a_database_says_how_to_name_one(folder: Path):
    result = run("load", folder)

    assert result.exit_code == 2
    assert "CITY_DATABASE_URL" in result.stderr


def test_a_database_that_is_away_ends_with_exit_code_two(folder: Path):
    result = run("load", folder, database_url="postgresql://127.0.0.1:1/none")

    assert result.exit_code == 2
    assert "database is away" in result.stderr


def test_a_made_city_passes_its_check(tmp_path: Path):
    assert run("make", "yunxi", tmp_path / "yunxi", "--cells", 200).exit_code == 0

    result = run("check", tmp_path / "yunxi", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["cells"] > 150


def test_new_york_without_its_data_says_what_is_missing(tmp_path: Path):
    result = run("make", "newyork", tmp_path / "out", "--data", tmp_path)

    assert result.exit_code == 2
    assert "census_tracts_2010.geojson.gz is missing" in result.stderr
