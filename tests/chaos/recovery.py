"""How soon after each fault a report was accepted and one decided, and the worst by kind."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.chaos.clients.books import read_book

_SAME_MOMENT_S: Final = 0.15
AFTERMATH_S: Final = 8.0
"""So long after its end a fault still counts as at work: processes that start take their time."""
GOALS_S: Final[Mapping[str, float]] = {
    "process-killed": 3.0,
    "all-killed": 8.0,
    "postgres-immediate": 8.0,
    "postgres-killed": 8.0,
    "postgres-backend-killed": 8.0,
    "postgres-down": 8.0,
    "broker-destroyed": 3.0,
}
"""Worst time to the first decided report, seconds from the beginning of the fault."""

Line = Mapping[str, Any]


def recoveries(
    faults: Iterable[Line], accepted_at: Sequence[float], beats: Sequence[tuple[float, int]]
) -> list[dict[str, Any]]:
    """A line of recovery.jsonl for each fault; None where nothing came any more.

    *accepted_at* are the sorted times at which a phone heard that its report was accepted.
    *alone* says that no other fault was at work until a report was decided: only then the times
    are those of its kind.
    """
    struck = list(faults)
    return [_recovery(fault, struck, accepted_at, beats) for fault in struck]


def accepted_times(folder: Path) -> list[float]:
    """When phones heard that a report was taken, from their book."""
    return sorted(
        line["t"] for line in read_book(folder / "phones.jsonl") if line["status"] in (200, 201)
    )


def worst(lines: Iterable[Line]) -> dict[str, dict[str, float | None]]:
    """By kind the worst of both times, of faults that struck alone; None when one never came."""
    by_kind: dict[str, list[Line]] = defaultdict(list)
    for line in filter(_is_alone, lines):
        by_kind[line["kind"]].append(line)
    return {
        kind: {name: _worst(line[name] for line in by_kind[kind]) for name in _COLUMNS}
        for kind in sorted(by_kind)
    }


def table(lines: Sequence[Line]) -> str:
    """Markdown: kind, how often it struck alone, the worst times, the goal."""
    counts = Counter(line["kind"] for line in filter(_is_alone, lines))
    rows = [
        f"| {kind} | {counts[kind]} | {_seconds(times['accepted_s'])} "
        f"| {_seconds(times['decided_s'])} | {_seconds(GOALS_S.get(kind), '')} |"
        for kind, times in worst(lines).items()
    ]
    head = [
        "| fault | times | first accepted, worst | first decided, worst | goal |",
        "|---|---:|---:|---:|---:|",
    ]
    return "\n".join(head + rows)


_COLUMNS: Final = ("accepted_s", "decided_s")


def _recovery(
    fault: Line,
    struck: Sequence[Line],
    accepted_at: Sequence[float],
    beats: Sequence[tuple[float, int]],
) -> dict[str, Any]:
    begins = fault["t"]
    decided_s = _first_decided(begins, beats)
    others = [one for one in struck if one is not fault]
    return {
        "n": fault["n"],
        "kind": fault["kind"],
        "target": fault["target"],
        "accepted_s": _first_accepted(begins, accepted_at),
        "decided_s": decided_s,
        "alone": not any(_at_work(one, begins, begins + (decided_s or 0.0)) for one in others),
    }


def _at_work(fault: Line, begins: float, ends: float) -> bool:
    """Whether the fault, or what the city suffered from it, reached into that time."""
    return fault["t"] < ends and fault["ended"] + AFTERMATH_S > begins


def _is_alone(line: Line) -> bool:
    return line["alone"]


def _first_accepted(t: float, accepted_at: Sequence[float]) -> float | None:
    index = bisect_left(accepted_at, t)
    return round(accepted_at[index] - t, 3) if index < len(accepted_at) else None


def _first_decided(t: float, beats: Sequence[tuple[float, int]]) -> float | None:
    """What was decided right before the fault must not count as decided after it.

    So the count stands from the first look after the fault, unless that came late.
    """
    start = bisect_left(beats, (t, 0))
    if start == len(beats):
        return None
    looked_at_once = beats[start][0] - t <= _SAME_MOMENT_S
    before = beats[start if looked_at_once or start == 0 else start - 1][1]
    return next((round(at - t, 3) for at, count in beats[start:] if count > before), None)


def _worst(times: Iterable[float | None]) -> float | None:
    found = list(times)
    known = [one for one in found if one is not None]
    return max(known) if len(known) == len(found) else None


def _seconds(value: float | None, missing: str = "never") -> str:
    return missing if value is None else f"{value:.1f} s"
