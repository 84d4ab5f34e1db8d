"""Two thousand submissions through two real doors; and the count itself, held against forgeries."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.chaos.line import Answer
from tests.chaos.submissions import Books, Sent, make_reports, outcome, submit

Row = tuple[str, str, str]


def test_every_key_is_one_row_and_one_receipt(database_url: str, tmp_path: Path) -> None:
    told = submit(database_url, tmp_path, count=2_000, seed=7)

    assert told["ok"], told
    assert told["rows"] == told["keys"] == 2_000
    assert told["overlapped"] > 1_000, "hardly anything was sent concurrently"
    assert told["hung_up"] > 400
    assert told["deadlocks"] == 0


@pytest.fixture
def books() -> Books:
    """Three reports, each answered 201 and 200."""
    reports = make_reports(3, random.Random(1))
    for n, one in enumerate(reports):
        for status in (201, 200):
            one.note(Answer(status, f'{{"receipt": "r{n}"}}'.encode(), None))
    return Books(reports)


def kept(reports: Sequence[Sent]) -> list[Row]:
    return [
        (one.key, f"r{n}", hashlib.sha256(one.body).hexdigest()) for n, one in enumerate(reports)
    ]


def faults(books: Books, rows: Sequence[Row]) -> list[str]:
    told = outcome(books, rows)
    names = list(told)
    first, last = names.index("lost"), names.index("cut_by_the_door")
    found = [name for name in names[first : last + 1] if told[name]]
    assert told["ok"] == (not found)
    return found


def test_true_books_have_no_fault(books: Books) -> None:
    assert faults(books, kept(books.reports)) == []


def test_a_row_that_is_missing_is_lost(books: Books) -> None:
    assert faults(books, kept(books.reports)[1:]) == ["lost"]


def test_a_row_twice_is_doubled(books: Books) -> None:
    rows = kept(books.reports)

    assert faults(books, [*rows, rows[0]]) == ["doubled"]


def test_a_row_nobody_sent_is_invented(books: Books) -> None:
    assert faults(books, [*kept(books.reports), ("?", "r9", "")]) == ["invented"]


def test_bytes_that_differ_are_noticed(books: Books) -> None:
    rows = kept(books.reports)
    rows[0] = (rows[0][0], rows[0][1], "0" * 64)

    assert faults(books, rows) == ["other_bytes_kept"]


def test_another_receipt_for_the_same_key_is_noticed(books: Books) -> None:
    books.reports[0].note(Answer(200, b'{"receipt": "r9"}', None))

    assert faults(books, kept(books.reports)) == ["other_receipt_told"]


def test_a_second_201_for_the_same_key_is_noticed(books: Books) -> None:
    books.reports[0].note(Answer(201, b'{"receipt": "r0"}', None))

    assert faults(books, kept(books.reports)) == ["created_twice"]


def test_a_key_that_was_never_new_is_noticed(books: Books) -> None:
    books.reports[0].created = 0

    assert faults(books, kept(books.reports)) == ["never_created"]


def test_an_answer_of_another_kind_is_noticed(books: Books) -> None:
    books.statuses[500] += 1

    assert faults(books, kept(books.reports)) == ["other_answers"]


def test_other_bytes_that_were_taken_are_noticed(books: Books) -> None:
    books.conflicts, books.conflicts_refused = 2, 1

    assert faults(books, kept(books.reports)) == ["conflicts_taken"]
