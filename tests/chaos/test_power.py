"""The hunt for planted bugs: what it makes of its findings, and two bugs really caught."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.chaos.clients.books import Book
from tests.chaos.power import Catch, as_json, resumed
from tests.chaos.table import BEGIN, END, table, write_table

CAUGHT = Catch("early-timer", ("no deadline fired early",), "snapshot", 3, 20.4, 1)
ESCAPED = replace(CAUGHT, bug="position-gap", caught_by=(), looking="verdict")
CONTROL = replace(ESCAPED, bug="control")


def test_a_bug_must_be_caught_and_a_control_must_not() -> None:
    assert as_json("pglog", [CAUGHT, CONTROL])["ok"]
    assert as_json("pglog", [CAUGHT, ESCAPED])["escaped"] == ["position-gap"]
    assert as_json("pglog", [replace(CONTROL, caught_by=("x",))])["false_alarms"] == ["control"]


def test_a_bug_counts_as_caught_only_by_a_check_that_speaks_of_it() -> None:
    by_accident = replace(CAUGHT, caught_by=("the screen shows what the database has",))

    assert as_json("pglog", [by_accident])["escaped"] == ["early-timer"]


def test_the_table_tells_what_caught_each_bug_and_what_escaped() -> None:
    told = table("pglog", [CAUGHT, ESCAPED, CONTROL], datetime(2026, 11, 23, tzinfo=UTC))

    assert "**1 of 2 caught**" in told
    assert "| 3 | 20 | no deadline fired early (in a snapshot) |" in told
    assert "| **not caught** |" in told
    assert "3 faults, nothing objected" in told


def test_the_table_names_what_was_not_hunted() -> None:
    told = table("pglog", [CAUGHT], datetime(2026, 11, 23, tzinfo=UTC))

    assert "Not hunted in this measurement" in told
    assert "`position-gap`" in told


def test_what_stands_in_the_book_is_not_hunted_again(tmp_path: Path) -> None:
    book = tmp_path / "power.jsonl"
    with closing(Book(book)) as writer:
        writer.write(asdict(CONTROL), asdict(CAUGHT))

    assert resumed("pglog", ["early-timer", "control"], 1, book) == [CAUGHT, CONTROL]


def test_the_table_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    page = tmp_path / "chaos.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    write_table(page, "pglog", [CAUGHT])

    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "early-timer" in text


def test_a_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "chaos.md"
    page.write_text("nothing here")

    with pytest.raises(ValueError, match="power"):
        write_table(page, "pglog", [CAUGHT])


@pytest.mark.long
def test_a_wrong_in_the_outbox_and_a_wrong_in_the_books_are_caught() -> None:
    bugs = ("outbox-outside-transaction", "merge-counted-twice")

    hunted = subprocess.run(
        [sys.executable, "-m", "tests.chaos.power", *bugs],
        capture_output=True,
        text=True,
        check=False,
    )

    assert hunted.returncode == 0, hunted.stderr
    assert json.loads(hunted.stdout.splitlines()[-1])["caught"] == 2
