"""A batch of reports decided together: by the rules, and by what those before them came to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from dispatch import case as cases
from dispatch import decide as decisions
from dispatch import events as e
from dispatch.case import Case
from dispatch.confidence import Records
from dispatch.context import CityWarning
from dispatch.decide import Decision, Failed, Merged, Opened, Rejected
from dispatch.errors import DispatchError
from dispatch.matching import Candidate, Matching
from dispatch.ports import Book, Changes
from dispatch.report import Report
from dispatch.rulebook import Rulebook
from grid.cell import Place
from grid.errors import GridError


async def decided(book: Book, reports: Sequence[Report], rules: Rulebook, now: datetime) -> Changes:
    """What comes of these reports, oldest first; each may join a case that one before it opened."""
    known = _by_family(await book.open_near(reports, rules), rules.matching)
    warnings = await book.warnings(rules, now)
    ids = iter(await book.new_case_ids(len(reports)))
    changes = Changes()
    places = places_of(reports, rules)
    records = await records_of(book, reports, places, rules)
    for report, place in zip(reports, places, strict=True):
        candidates = known.setdefault(rules.matching.family(report.category), [])
        decision = _try(report, place, candidates, rules, records, warnings, next(ids), now)
        if isinstance(decision, Opened):
            candidates.append(_candidate(decision.case))
        _note(changes, decision)
    await _join(book, changes, now)
    return changes


def places_of(reports: Sequence[Report], rules: Rulebook) -> Sequence[Place | None]:
    """Where each of them lies in the grid; None without a position, or outside."""
    none = float("nan")
    lon_lat = np.array(
        [(none, none) if r.lon is None or r.lat is None else (r.lon, r.lat) for r in reports],
        dtype=np.float64,
    ).reshape(-1, 2)
    return rules.grid.places(lon_lat)


async def records_of(
    book: Book, reports: Sequence[Report], places: Sequence[Place | None], rules: Rulebook
) -> Records:
    """What became of cases like these; only looked up where the city weighs its routing."""
    if not (rules.auto_file and rules.auto_dispatch.needed):
        return {}
    asked = {(r.category, p.areas[0]) for r, p in zip(reports, places, strict=True) if p}
    return await book.records(asked) if asked else {}


def _try(
    report: Report,
    place: Place | None,
    candidates: Sequence[Candidate],
    rules: Rulebook,
    records: Records,
    warnings: Sequence[CityWarning],
    case_id: int,
    now: datetime,
) -> Decision:
    try:
        return decisions.decide(
            report,
            place,
            candidates,
            rules,
            case_id=case_id,
            now=now,
            records=records,
            warnings=warnings,
        )
    except (DispatchError, GridError) as problem:
        return Failed(report, f"{type(problem).__name__}: {problem}")


def _note(changes: Changes, decision: Decision) -> None:
    match decision:
        case Opened():
            changes.opened.append(decision)
        case Merged():
            changes.merged.append(decision)
        case Rejected():
            changes.rejected.append(decision)
        case Failed():
            changes.failed.append(decision)


async def _join(book: Book, changes: Changes, now: datetime) -> None:
    """Write the merged reports into the histories of their cases, old and new alike."""
    fresh = {decision.case.id: decision.case for decision in changes.opened}
    old = {decision.case_id for decision in changes.merged} - fresh.keys()
    current = {**fresh, **await book.cases(old)}
    for decision in changes.merged:
        event = e.ReportMerged(
            at=now,
            actor=decisions.RULES,
            report=decision.report.id,
            report_sha256=decision.report.body_sha256.hex(),
            likeness=decision.likeness,
        )
        write_into(changes, current, decision.case_id, event)


def write_into(changes: Changes, current: dict[int, Case], case_id: int, event: e.Event) -> Case:
    """The case as it is once this has happened to it, which is noted in *changes* and *current*."""
    entry = cases.continued(current[case_id], event)
    current[case_id] = changes.changed[case_id] = entry.case
    changes.entries.append(entry)
    return entry.case


def _by_family(candidates: Sequence[Candidate], matching: Matching) -> dict[str, list[Candidate]]:
    found: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        found.setdefault(matching.family(candidate.category), []).append(candidate)
    return found


def _candidate(case: Case) -> Candidate:
    return Candidate(
        case.id,
        case.category,
        case.lon,
        case.lat,
        case.reported_at,
        case.component,
        case.description,
    )
