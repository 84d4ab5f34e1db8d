"""`citygrid warning`: set, listed, lifted, and what cannot be meant."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from app.__main__ import main
from tests.littletown import settle
from tests.makers import COMMUNITY

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def littletown(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITY_DATABASE_URL", database_url)
    monkeypatch.setenv("CITY_HOME", str(tmp_path))

    async def load() -> None:
        async with await psycopg.AsyncConnection.connect(database_url) as conn:
            await settle(conn)

    asyncio.run(load())


def test_a_warning_is_set_listed_and_lifted_once() -> None:
    made = RUNNER.invoke(main, ["warning", "set", "rainstorm", COMMUNITY, "--hours", "6", "--json"])
    number = json.loads(made.stdout)["id"]
    listed = RUNNER.invoke(main, ["warning", "list", "--json"])
    lifted = RUNNER.invoke(main, ["warning", "lift", str(number)])
    again = RUNNER.invoke(main, ["warning", "lift", str(number)])

    assert [one["id"] for one in json.loads(listed.stdout)] == [number]
    assert (lifted.exit_code, again.exit_code) == (0, 1)
    assert json.loads(RUNNER.invoke(main, ["warning", "list", "--json"]).stdout) == []


def test_a_note_is_shown_as_it_was_written() -> None:
    RUNNER.invoke(main, ["warning", "set", "heat", COMMUNITY, "--note", "[/] [red]x"])

    listed = RUNNER.invoke(main, ["warning", "list"], env={"COLUMNS": "200"})

    assert listed.exit_code == 0, listed.exception
    assert "[/] [red]x" in listed.stdout


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (["no kind!", COMMUNITY], "kind"),
        (["heat", "990198"], "area"),
        (["heat", COMMUNITY, "--hours", "-1"], "until"),
        (["heat", COMMUNITY, "--hours", "999999"], "until"),
        (["heat", COMMUNITY, "--hours", "nan"], "hours"),
    ],
)
def test_a_warning_that_cannot_be_meant_is_an_exit_code_and_a_line(
    told: list[str], said: str
) -> None:
    done = RUNNER.invoke(main, ["warning", "set", *told])

    assert done.exit_code == 1
    assert said in done.output
