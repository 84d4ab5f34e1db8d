"""`citygrid report` as a person types it: table, files, map and bulletin of a small city."""

from __future__ import annotations

import asyncio
import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from app.__main__ import main
from app.city.loading import load_pack
from app.database import connect
from app.rulebook import load_rulebook
from dispatch import actions
from dispatch.case import Move, Order
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.inbox import accept_many
from tests.app.city.makers import COMMUNITIES, SIDE, SOUTH, WEST, write_pack
from tests.makers import submission
from tests.maps.report.pages import Page

RUNNER = CliRunner()
NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=20)
"""Longer than any limit of the pack."""


@pytest.fixture
def city(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two cases of long ago in the western community: one done late, one never."""
    monkeypatch.setenv("CITY_DATABASE_URL", database_url)
    monkeypatch.setenv("CITY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "220")
    folder = tmp_path / "pack"
    folder.mkdir()
    load_pack(write_pack(folder), database_url)
    asyncio.run(_work(database_url, tmp_path))
    return database_url


async def _work(url: str, cache: Path) -> None:
    async with await connect(url) as conn, conn.transaction():
        rules = await load_rulebook(conn, cache)
        spots = [(WEST + n * SIDE + 0.0003, SOUTH + 0.0003) for n in (0, 1)]
        told = await accept_many(conn, [submission(at=spot, category="06010") for spot in spots])
        ids = [one.report_id for one in told]
        book = PostgresBook(conn)
        await actions.decide(book, ids, rules, now=LONG_AGO)
        rows = await (await conn.execute("SELECT id FROM cases ORDER BY id")).fetchall()
        done = LONG_AGO + timedelta(days=12)
        for move, by in ((Move.HANDLE, "li"), (Move.VERIFY, "ying"), (Move.CLOSE, "wang")):
            await actions.move(book, rows[0][0], Order(move), actor=by, city="990101", now=done)


def typed(*words: object) -> Result:
    return RUNNER.invoke(main, ["report", "--from", f"{LONG_AGO:%Y-%m-%d}", *map(str, words)])


def told(*words: object) -> dict[str, Any]:
    done = typed(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_figures_are_the_same_in_every_form(city: str, tmp_path: Path):
    files = {kind: tmp_path / f"found.{kind}" for kind in ("csv", "xlsx")}

    found = told("--csv", files["csv"], "--xlsx", files["xlsx"])
    shown = typed("--lang", "en")

    [line] = found["lines"]
    assert line["name"] == {"zh": "环卫中心", "en": "Sanitation"}
    assert [line["counts"][key] for key in ("need", "in_time", "late", "late_open")] == [2, 0, 1, 1]
    # 处置率 1/2, 按期处置率 0, 返工率 0, 超期待处置率 1/2, 延期率 0
    assert line["score"] == 30 * 0.5 + 20 + 20 * 0.5 + 10
    assert line["grade"]["name"]["zh"] == "不合格"
    [row, _] = csv.DictReader(files["csv"].read_text("utf-8-sig").splitlines())
    assert (row["need"], row["dispose_rate"], row["score"]) == ("2", "0.5", "55")
    assert load_workbook(files["xlsx"]).worksheets[0]["D2"].value == 55
    assert "Sanitation" in shown.stdout
    assert "55.0" in shown.stdout
    assert "✓" in shown.stdout


def test_areas_are_drawn_in_the_colours_of_their_grades(city: str, tmp_path: Path):
    file = tmp_path / "map.html"

    told("--by", "community", "--map", file)

    page = Page(file.read_text("utf-8"))
    texts = {text[0]: text for text in page.texts()}
    assert texts[COMMUNITIES[0]][1:3] == ["甲社区 First", "55.0"]
    assert texts[COMMUNITIES[1]][2] == ""
    assert [cell["properties"]["g"][0] for cell in page.cells()] == [3, -1]
    assert page.asked == []


@pytest.mark.parametrize("grid", ["then", "now"])
def test_a_bulletin_has_the_figures_the_late_cases_and_the_sum(
    city: str, tmp_path: Path, grid: str
):
    file = tmp_path / "bulletin.html"

    told("--by", "community", "--grid", grid, "--bulletin", file)

    page = file.read_text("utf-8")
    assert "应处置 = 按期处置 + 超期处置 + 超期未处置: 2 = 0 + 1 + 1" in page
    assert "甲社区" in page
    assert "乙社区" in page
    assert page.count("暴露垃圾") >= 3  # twice late, once reported most
    assert "Sanitation" in page
    for secret in ("li", "ying", "wang", "device:1"):
        assert f">{secret}<" not in page


REFUSED = {
    "--by moon": "--by is not known here: one of division, street, community, cell",
    "--month 2026-13": "--month stands beside --from",
    "--until soon": "--until is no time",
    "--until 2001-01-01": "until is not later",
    "--lang fr": "--lang is not known here: zh or en",
    "--by operator --map x.html": "--map has no places: say --by division",
}


def test_what_cannot_be_asked_is_refused_in_one_line(city: str):
    done = {words: typed(*words.split()) for words in REFUSED}

    assert {words: one.exit_code for words, one in done.items()} == dict.fromkeys(REFUSED, 1)
    assert [words for words, said in REFUSED.items() if said not in done[words].output] == []
    assert [words for words, one in done.items() if "Traceback" in one.output] == []


def test_a_file_that_cannot_be_written_is_said(city: str, tmp_path: Path):
    done = typed("--csv", tmp_path / "nowhere" / "found.csv")

    assert done.exit_code == 2
    assert "cannot be written" in done.output


def test_before_any_city_is_loaded_it_says_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("CITY_DATABASE_URL", database_url)
    monkeypatch.setenv("CITY_HOME", str(tmp_path))

    done = RUNNER.invoke(main, ["report"])

    assert done.exit_code == 2
    assert "no city is loaded" in done.output
