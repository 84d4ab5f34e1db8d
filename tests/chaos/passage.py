"""What the phones saw during an upgrade, held against what the database has in the end. Pure.

The books are those of `tests.chaos.clients`: what was planned, and each attempt with its answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from tests.chaos.clients.books import read_book

TAKEN: Final = (200, 201)
LATER: Final = (429, 503)
"""What a phone repeats by itself, as it does when no answer came."""

Line = Mapping[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of the inbox; times are unix seconds, *decided_at* None while nobody decided."""

    source: str
    key: str
    receipt: str
    sha256: str
    state: str
    received_at: float
    decided_at: float | None


@dataclass(frozen=True, slots=True)
class Books:
    """The lines the phones wrote."""

    planned: Sequence[Line]
    attempts: Sequence[Line]
    malformed: Sequence[Line]


def read_books(folder: Path) -> Books:
    """The books of a run."""
    names = ("planned.jsonl", "phones.jsonl", "malformed.jsonl")
    return Books(*(list(read_book(folder / name)) for name in names))


def outcome(books: Books, kept: Sequence[Kept], stages: Mapping[str, float]) -> dict[str, Any]:
    """Counts, and under `faults` whatever should not be; *stages* are beginnings by name."""
    answered = [one for one in books.attempts if one["status"] is not None]
    taken = [one for one in answered if one["status"] in TAKEN]
    faults = {name: n for name, n in _faults(books, kept).items() if n}
    return {
        "accepted": len({_key(one) for one in taken}),
        "attempts": len(books.attempts),
        "unanswered": sum(
            one["status"] is None and one["kind"] != "hang-up" for one in books.attempts
        ),
        "told_to_come_again": sum(one["status"] in LATER for one in answered),
        "outcomes": dict(Counter(one.state for one in kept)),
        "accepted_in": _per_stage([one["t"] for one in taken], stages),
        "decided_in": _per_stage([one.decided_at for one in kept if one.decided_at], stages),
        "longest_s_without_acceptance": _longest_gap([one["t"] for one in taken]),
        "faults": faults,
    }


def _faults(books: Books, kept: Sequence[Kept]) -> dict[str, int]:
    rows = {(one.source, one.key): one for one in kept}
    planned = {_key(one): one for one in books.planned}
    taken = [one for one in books.attempts if one["status"] in TAKEN]
    receipts = {(_key(one), one["receipt"]) for one in taken}
    return {
        "lost": len({_key(one) for one in taken} - rows.keys()),
        "never_answered": len(planned.keys() - {_key(one) for one in taken}),
        "invented": len(rows.keys() - planned.keys()),
        "other_receipt_told": sum(
            key in rows and rows[key].receipt != receipt for key, receipt in receipts
        ),
        "other_bytes_kept": sum(
            key in rows and rows[key].sha256 != one["body"] for key, one in planned.items()
        ),
        "dead": sum(one.state == "dead" for one in kept),
        "other_answers": sum(_is_other(one) for one in books.attempts),
        "malformed_not_refused": sum(
            not 400 <= (one["status"] or 0) < 500 for one in books.malformed
        ),
    }


def _is_other(attempt: Line) -> bool:
    """Whether the answer is one that a phone should not meet, whoever is being replaced."""
    status = attempt["status"]
    if status is None or status in LATER:
        return False
    return status != 409 if attempt["kind"] == "other-bytes" else status not in TAKEN


def _per_stage(moments: Sequence[float], stages: Mapping[str, float]) -> dict[str, int]:
    begins = list(stages.items())
    ends = [begin for _, begin in begins[1:]] + [float("inf")]
    return {
        name: sum(begin <= moment < end for moment in moments)
        for (name, begin), end in zip(begins, ends, strict=True)
    }


def _longest_gap(moments: Sequence[float]) -> float:
    return round(max((b - a for a, b in pairwise(sorted(moments))), default=0.0), 2)


def _key(line: Line) -> Key:
    return line["source"], line["key"]
