"""An evaluation as CSV, for programs; no text in it is ever a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from app.evaluation.answering import Evaluation, Line
from app.formulas import harmless
from grid.naming import Label


def as_csv(found: Evaluation) -> bytes:
    """UTF-8 with a byte order mark, everything quoted; ratios as fractions, empty when none."""
    out = StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    keys = [one.key for one in found.indicators]
    writer.writerow(
        ["key", "name_zh", "name_en", "score", "grade_zh", "grade_en", "rank"]
        + [str(count) for count in found.counts]
        + keys
    )
    for line in (*found.lines, found.total):
        writer.writerow([_csv_cell(value) for value in _values(line, found)])
    return out.getvalue().encode("utf-8-sig")


def _values(line: Line, found: Evaluation) -> Iterator[object]:
    grade = line.grade.name if line.grade else Label("", "")
    yield from (line.key or "", line.name.zh, line.name.en)
    yield from (line.score, grade.zh, grade.en, line.rank)
    yield from (line.counts.get(count, 0) for count in found.counts)
    yield from (one.of(line.counts).value for one in found.indicators)


def _csv_cell(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return harmless(value)
        case float():
            return f"{value:.6f}".rstrip("0").rstrip(".")
        case _:
            return str(value)
