"""The cases that came out differently, one row each: as objects for JSON, as columns for CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TextIO

from app.formulas import harmless
from dispatch.whatif.deciding import Compared
from dispatch.whatif.explaining import limit_explained, routing_explained
from dispatch.whatif.past import Verdict

_SIDES: Final = ("before", "after")
_TOLD: Final = ("department", "cell", "severity", "due", "late_since", "problem")
_EXPLAINED: Final = ("why", "limit")
COLUMNS: Final = (
    *("case", "number", "report", "category", "opened_at", "handled_by", "ended_at"),
    "differences",
    *(f"{name}_{side}" for name in _TOLD for side in _SIDES),
    *(f"{name}_{side}_{lang}" for name in _EXPLAINED for side in _SIDES for lang in ("zh", "en")),
)


def as_object(one: Compared) -> dict[str, Any]:
    """A case with both decisions and both explanations; no word of what was reported."""
    past = one.past
    return {
        "case": past.case_id,
        "number": past.number,
        "report": past.report.id,
        "category": past.report.category,
        "opened_at": _text(past.opened_at),
        "handled_by": past.handled_by,
        "ended_at": _text(past.ended_at),
        "differences": [str(one) for one in one.differences],
        "before": _side(one.before),
        "after": _side(one.after),
    }


def _side(verdict: Verdict) -> dict[str, Any]:
    return {
        "department": verdict.department,
        "cell": verdict.cell,
        "severity": verdict.severity,
        "due": {name: _text(at) for name, at in verdict.due.items()},
        "late_since": _text(verdict.missed_at),
        "problem": verdict.problem,
        "why": routing_explained(verdict).as_dict(),
        "limit": limit_explained(verdict).as_dict(),
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


class ChangedTable:
    """A CSV file of the cases that came out differently; the byte order mark lets Excel read it."""

    def __init__(self, file: TextIO) -> None:
        file.write("\ufeff")
        self._writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        self._writer.writeheader()

    def add(self, cases: Sequence[Compared]) -> None:
        """Write a line for each."""
        self._writer.writerows(_flat(as_object(one)) for one in cases)


def _flat(told: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: told[name] for name in COLUMNS[:7]}
    row["differences"] = ";".join(told["differences"])
    for side in _SIDES:
        verdict = told[side]
        due = ";".join(f"{name}={at}" for name, at in verdict["due"].items())
        row |= {f"{name}_{side}": verdict[name] for name in _TOLD} | {f"due_{side}": due}
        for name in _EXPLAINED:
            row |= {f"{name}_{side}_{lang}": verdict[name][lang] for lang in ("zh", "en")}
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) else value
