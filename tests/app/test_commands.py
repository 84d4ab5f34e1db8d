"""The command line as a person types it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from app.__main__ import main
from tests.littletown import settle
from tests.makers import CELLS, spot

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def environment(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CITY_DATABASE_URL", database_url)
    monkeypatch.setenv("CITY_HOME", str(tmp_path))
    return database_url


@pytest.fixture
def littletown(environment: str) -> str:
    async def load() -> None:
        async with await psycopg.AsyncConnection.connect(environment) as conn:
            await settle(conn)

    asyncio.run(load())
    return environment


def test_the_books_of_an_empty_city_balance() -> None:
    done = RUNNER.invoke(main, ["ledger", "--json"])

    assert done.exit_code == 0
    assert json.loads(done.stdout)["inbox"] == dict.fromkeys(
        ("accepted", "cased", "merged", "rejected", "dead", "in_flight"), 0
    )


def test_books_that_do_not_balance_are_an_exit_code_and_a_line(environment: str) -> None:
    with psycopg.connect(environment) as conn:
        conn.execute("UPDATE log_head SET position = 3")

    done = RUNNER.invoke(main, ["ledger"])

    assert done.exit_code == 1
    assert "✗ last position = numbered rows: 3 = 0" in done.stdout


def test_a_position_is_located(littletown: str) -> None:
    lon, lat = spot()

    done = RUNNER.invoke(main, ["locate", str(lon), str(lat), "--json"])

    assert json.loads(done.stdout) == {"cell": CELLS[2], "grid_version": 1}


def test_a_position_outside_has_no_cell(littletown: str) -> None:
    done = RUNNER.invoke(main, ["locate", "0", "0", "--json"])

    assert json.loads(done.stdout) == {"cell": None, "grid_version": 1}


def test_without_a_city_a_command_says_what_to_do() -> None:
    done = RUNNER.invoke(main, ["locate", "113", "29"])

    assert done.exit_code == 2
    assert "citygrid city load PACK" in done.output


def test_without_settings_a_command_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CITY_DATABASE_URL")

    done = RUNNER.invoke(main, ["ledger"])

    assert done.exit_code == 2
    assert "CITY_DATABASE_URL" in done.output


def test_without_a_database_a_command_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    done = RUNNER.invoke(main, ["ledger"])

    assert done.exit_code == 2
    assert done.output.startswith("the database is away: ")
    assert done.output.count("\n") == 1


def test_untouched_histories_verify() -> None:
    done = RUNNER.invoke(main, ["audit", "verify", "--json"])

    assert done.exit_code == 0
    assert json.loads(done.stdout)["ok"]


def test_a_report_that_is_not_dead_cannot_be_replayed() -> None:
    done = RUNNER.invoke(main, ["dead", "replay", "7"])

    assert (done.exit_code, done.output) == (1, "report 7 is not dead, or was put right\n")


def test_an_empty_list_of_the_dead_is_empty() -> None:
    assert json.loads(RUNNER.invoke(main, ["dead", "list", "--json"]).stdout) == {"dead": []}


@pytest.mark.parametrize("address", ["", "garbage", "mysql://u:secret@h/d", "postgresql://u:%zz@h"])
def test_an_address_that_is_none_is_refused_without_being_repeated(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITY_DATABASE_URL", address)

    done = RUNNER.invoke(main, ["ledger"])

    assert done.exit_code == 2
    assert done.output.startswith("CITY_DATABASE_URL: ")
    assert "secret" not in done.output


def test_migrating_without_a_database_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    done = RUNNER.invoke(main, ["migrate"])

    assert done.exit_code == 2
    assert done.output.startswith("the database is away: ")


@pytest.mark.parametrize("name", ["reports.csv", "reports.csv.gz"])
def test_a_file_that_is_no_text_cannot_be_replayed(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes("编号,类别".encode("gbk"))

    done = RUNNER.invoke(main, ["replay", str(file), "--url", "http://127.0.0.1:1", "--key", "k"])

    assert done.exit_code == 2
    assert f"{file}:1: cannot be read as UTF-8 text" in done.output.replace("\n", "")


def test_a_door_that_does_not_answer_is_named(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_text('{"category": "1", "happened_at": "2026-01-01"}')

    done = RUNNER.invoke(main, ["replay", str(file), "--url", "http://127.0.0.1:1", "--key", "k"])

    assert done.exit_code == 2
    assert "no door answers at http://127.0.0.1:1" in done.output


@pytest.fixture
def dead(littletown: str) -> str:
    """The number of a dead report; its category is none of the city's."""
    with psycopg.connect(littletown) as conn:
        lon, lat = spot()
        row = conn.execute(
            """
            INSERT INTO inbox (receipt, source, client_key, body_sha256, channel, category,
                               position, datum, given_lon, given_lat, happened_at, body, state,
                               reason, attempts, decided_at)
            VALUES ('r', 'device:1', 'k', '', 'api', 'lost',
                    ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), 'wgs84', %(lon)s, %(lat)s,
                    now() - interval '20 days',
                    '{"description": "rubbish", "address": "", "attributes": {"bins": "2"}}',
                    'dead', 'NoLimit: no limit for lost', 5, now())
            RETURNING id
            """,
            {"lon": lon, "lat": lat},
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_a_dead_report_is_shown(dead: str) -> None:
    done = RUNNER.invoke(main, ["dead", "show", dead, "--json"])

    told = json.loads(done.stdout)
    assert (told["category"], told["reason"]) == ("lost", "NoLimit: no limit for lost")
    assert told["attributes"] == {"bins": "2"}


def test_a_dead_report_is_put_right_and_keeps_the_rest_of_what_it_said(
    dead: str, littletown: str
) -> None:
    done = RUNNER.invoke(
        main, ["dead", "edit", dead, "--set", "category=06010", "--set", "address=A=B", "--json"]
    )

    assert json.loads(done.stdout)["replay_of"] == int(dead)
    with psycopg.connect(littletown) as conn:
        [(state, category, source, body, age)] = conn.execute(
            "SELECT state, category, source, body, now() - happened_at FROM inbox"
            " WHERE replay_of IS NOT NULL"
        ).fetchall()
    assert (state, category, source) == ("accepted", "06010", "device:1")
    assert (body["description"], body["address"]) == ("rubbish", "A=B")
    assert (body["attributes"], age.days) == ({"bins": "2"}, 20)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ("category=99999", "category GB/T 47678.5-2026 has no such category to report"),
        ("colour=red", "--set takes category, condition, lon, lat, datum, address, description"),
        ("lon=west", "--set takes"),
    ],
)
def test_a_correction_that_cannot_be_is_an_exit_code_and_a_line(
    dead: str, changes: str, said: str
) -> None:
    done = RUNNER.invoke(main, ["dead", "edit", dead, "--set", changes])

    assert done.exit_code == 1
    assert said in done.output
