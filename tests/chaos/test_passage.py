"""The books of an upgrade: what is true passes, each kind of wrong is found by its own name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.passage import Books, Kept, outcome

SHA = "a" * 64


def attempt(key: str = "1", **changes: Any) -> dict[str, Any]:
    told = {"t": 10.0, "source": "device:1", "key": key, "body": SHA, "kind": "fresh"}
    return told | {"status": 201, "receipt": f"r{key}"} | changes


def row(key: str = "1", **changes: Any) -> Kept:
    return replace(Kept("device:1", key, f"r{key}", SHA, "cased", 10.0, 10.5), **changes)


def faults(
    *attempts: dict[str, Any], kept: list[Kept], malformed: tuple[int | None, ...] = (422,)
) -> dict[str, int]:
    planned = [attempt("1"), attempt("2")]
    books = Books(planned, attempts, [{"status": status} for status in malformed])
    return outcome(books, kept, {"old": 0.0, "new": 10.2})["faults"]


@pytest.mark.parametrize(
    "more",
    [
        attempt(status=200, kind="resend"),
        attempt(status=None, receipt=None),
        attempt(status=None, receipt=None, kind="hang-up"),
        attempt(status=503, receipt=None),
        attempt(status=429, receipt=None),
        attempt(status=409, receipt=None, kind="other-bytes", body="b" * 64),
    ],
)
def test_what_a_phone_may_meet_is_no_fault(more: dict[str, Any]) -> None:
    assert faults(attempt("1"), attempt("2"), more, kept=[row("1"), row("2")]) == {}


@pytest.mark.parametrize(
    ("name", "more", "kept"),
    [
        ("lost", attempt("3"), [row("1"), row("2")]),
        ("invented", attempt("1"), [row("1"), row("2"), row("3")]),
        ("other_receipt_told", attempt("1", receipt="r9"), [row("1"), row("2")]),
        ("other_bytes_kept", attempt("1"), [row("1"), row("2", sha256="b" * 64)]),
        ("dead", attempt("1"), [row("1"), row("2", state="dead")]),
        ("other_answers", attempt("1", status=500, receipt=None), [row("1"), row("2")]),
        ("other_answers", attempt("1", status=422, receipt=None), [row("1"), row("2")]),
        ("other_answers", attempt("1", kind="other-bytes", status=500), [row("1"), row("2")]),
    ],
)
def test_each_wrong_is_found(name: str, more: dict[str, Any], kept: list[Kept]) -> None:
    assert faults(attempt("1"), attempt("2"), more, kept=kept) == {name: 1}


def test_a_report_that_was_never_taken_is_found() -> None:
    assert faults(attempt("1"), kept=[row("1")]) == {"never_answered": 1}


@pytest.mark.parametrize("status", [200, 500])
def test_malformed_reports_must_be_refused(status: int) -> None:
    found = faults(attempt("1"), attempt("2"), kept=[row("1"), row("2")], malformed=(status,))

    assert found == {"malformed_not_refused": 1}


def test_stages_and_gaps_are_counted() -> None:
    books = Books([attempt()], [attempt(t=10.0), attempt(t=10.1), attempt(t=10.6)], [])

    told = outcome(books, [row()], {"old": 0.0, "new": 10.2})

    assert told["accepted_in"] == {"old": 2, "new": 1}
    assert told["decided_in"] == {"old": 0, "new": 1}
    assert told["longest_s_without_acceptance"] == 0.5
