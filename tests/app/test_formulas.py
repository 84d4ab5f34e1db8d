"""No cell of a table that we hand out begins a formula, whichever table it is."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from app.formulas import harmless
from app.whatif import listing

BEGINNINGS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "＝1",
    "＋1",
    "－1",
    "＠a",
    "a;=1",
]


@pytest.mark.parametrize("text", BEGINNINGS)
def test_a_text_that_begins_a_formula_is_marked_as_a_text(text: str) -> None:
    assert harmless(text) != text
    assert "'" in harmless(text)


@pytest.mark.parametrize("text", ["", "rubbish", "a-b", "1+1", "2026-11-23T12:00:00Z"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize("text", BEGINNINGS)
def test_the_table_of_what_if_marks_them_too(text: str) -> None:
    said = {"zh": text, "en": text}
    verdict: dict[str, Any] = defaultdict(str, due={}, why=said, limit=said, department=text)
    told: dict[str, Any] = defaultdict(str, differences=[], before=verdict, after=verdict)

    row = listing._flat(told)  # pyright: ignore[reportPrivateUsage]

    assert text not in row.values()
