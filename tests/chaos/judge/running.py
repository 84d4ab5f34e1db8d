"""What must have been true all the time, and what a screen and the machine show at the end."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from tests.chaos.judge.facts import CaseRow
from tests.chaos.judge.trial import Checks, Problems, Trial

UNDECIDED_S: Final = 60.0
YOUNG_S: Final = 60.0
GROWTH: Final = 1.3
GROWTH_MB: Final = 40.0


def books_true(trial: Trial) -> Problems:
    """Snapshots in which an equation did not hold; no snapshot at all proves nothing."""
    if not any(snapshot.taken for snapshot in trial.snapshots):
        yield "not one snapshot could be taken"
    for snapshot in trial.snapshots:
        for broken in snapshot.broken:
            yield f"at {snapshot.t:.1f}: {broken}"


def undecided(trial: Trial) -> Problems:
    """Reports that have been undecided for too long."""
    for row in trial.facts.reports:
        waited_s = trial.now - trial.first_seen.get(row.id, trial.now)
        if row.state == "accepted" and waited_s > UNDECIDED_S:
            yield f"report {row.id} is undecided and in flight for {waited_s:.0f} s"


def dead(trial: Trial) -> Problems:
    """Reports that were given up; good reports never are."""
    for row in trial.facts.reports:
        if row.state == "dead":
            yield f"report {row.id} is dead"


def screen(trial: Trial) -> Problems:
    """Cases that a connected screen does not show as they are."""
    if trial.books.screen is None:
        yield "there was no screen"
        return
    shown = {case["id"]: _seen(case) for case in trial.books.screen["cases"]}
    there = {case.id: _stored(case) for case in trial.facts.cases if case.closed_at is None}
    for case_id in sorted(shown.keys() | there.keys()):
        if shown.get(case_id) != there.get(case_id):
            yield f"the screen shows {shown.get(case_id)}, the database has {there.get(case_id)}"


def memory(trial: Trial) -> Problems:
    """Processes that grow: first and last quarter of what was measured once they were warm."""
    sizes: defaultdict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    for line in trial.books.memory:
        sizes[line["name"], line["pid"]].append((line["t"], line["rss_mb"]))
    for (process, _), measured in sizes.items():
        warm = [size for at, size in measured if at - measured[0][0] > YOUNG_S]
        quarter = len(warm) // 4
        if quarter and (grown := _grown(warm[:quarter], warm[-quarter:])):
            yield f"{process} grew {grown}"


def _grown(first: list[float], last: list[float]) -> str:
    before, after = min(first), min(last)
    if after > GROWTH * before and after - before > GROWTH_MB:
        return f"from {before:.0f} to {after:.0f} MB"
    return ""


def _seen(case: dict[str, Any]) -> tuple[object, ...]:
    return (
        case["id"],
        case["version"],
        case["state"],
        case["category"],
        case["severity"],
        case["cell"],
        case["department"],
        case["overdue"],
        case["reports"],
        round(case["lon"], 7),
        round(case["lat"], 7),
    )


def _stored(case: CaseRow) -> tuple[object, ...]:
    return (
        case.id,
        case.version,
        case.state,
        case.category,
        case.severity,
        case.cell,
        case.department,
        case.overdue,
        case.reports,
        round(case.lon, 7),
        round(case.lat, 7),
    )


CHECKS: Final[Checks] = {
    "the books were true in every snapshot": books_true,
    "nothing is undecided for more than a minute": undecided,
    "no good report is dead": dead,
    "the screen shows what the database has": screen,
    "the memory of every process is flat": memory,
}
