"""The outcome of a trial as one JSON object."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.rulebook import Parts
from app.whatif.proposals import Tried
from app.whatif.trying import Outcome
from dispatch.whatif.deciding import Difference
from dispatch.whatif.summary import Line, Side, Summary


def as_json(outcome: Outcome, tried: Tried) -> dict[str, Any]:
    """Everything that was counted; names of departments and areas in both languages.

    Areas and departments that no case touches are left out.
    """
    summary, extent = outcome.summary, outcome.extent
    return {
        "tried": list(tried.changed),
        "cases": summary.cases,
        "changed": summary.changed,
        "first_at": _text(extent.first_at),
        "last_at": _text(extent.last_at),
        "as_of": extent.as_of.isoformat(),
        "differences": {str(one): summary.differences[one] for one in Difference},
        **_line(summary.whole),
        "departments": _departments(summary, tried.parts),
        "levels": tried.parts["city"]["levels"],
        "areas": _areas(summary, tried),
        "workload": _workload(summary),
    }


def _line(line: Line) -> dict[str, Any]:
    return {"before": _side(line.before), "after": _side(line.after)}


def _side(side: Side) -> dict[str, Any]:
    return {
        "cases": side.cases,
        "late": side.late,
        "late_share": _rounded(side.late_share),
        "late_hours": round(side.late_by.total_seconds() / 3600, 2),
        "handled": side.handled,
        "first_right": side.first_right,
        "accuracy": _rounded(side.accuracy),
    }


def _moved(line: Line) -> dict[str, Any]:
    return {**_line(line), "moved_in": line.moved_in, "moved_out": line.moved_out}


def _departments(summary: Summary, parts: Parts) -> list[dict[str, Any]]:
    names = {row["code"]: row["name"] for row in parts["departments"]}
    return [
        {"code": code, "name": names.get(code), **_moved(line)}
        for code, line in sorted(summary.departments.items())
    ]


def _areas(summary: Summary, tried: Tried) -> list[dict[str, Any]]:
    """Widest levels first; an area of the past that what is tried has not, has no name and last."""
    known = {row["code"]: row for row in tried.parts["areas"]}
    levels = {one["level"]: turn for turn, one in enumerate(tried.parts["city"]["levels"])}

    def place(code: str) -> tuple[int, str]:
        level = known[code]["level"] if code in known else ""
        return levels.get(level, len(levels)), code

    return [
        {
            "code": code,
            "name": known[code]["name"] if code in known else None,
            "level": known[code]["level"] if code in known else None,
            **_moved(summary.areas[code]),
        }
        for code in sorted(summary.areas, key=place)
    ]


def _workload(summary: Summary) -> Mapping[str, Any]:
    """New cases by the hour or day in which they were opened, and by department."""
    before, after = summary.workload_before, summary.workload_after
    rows = [
        {
            "at": at.isoformat(),
            "department": code,
            "before": before[at, code],
            "after": after[at, code],
        }
        for at, code in sorted(before.keys() | after.keys())
    ]
    return {"by": "hour" if summary.hourly else "day", "rows": rows}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
