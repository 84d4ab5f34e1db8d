"""Cases: their chains, what follows from them, and one case for one incident."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import product
from math import floor
from typing import Final

from pyproj import Geod

from tests.chaos.judge.chain import breaks, told
from tests.chaos.judge.facts import CaseRow, EventRow
from tests.chaos.judge.trial import Checks, Problems, Trial

_STATE_AFTER: Final = {
    "reported": "reported",
    "filed": "filed",
    "returned": "reported",
    "assigned": "assigned",
    "transferred": "assigned",
    "sent_back": "filed",
    "handled": "handled",
    "self_handled": "handled",
    "reworked": "assigned",
    "verified": "verified",
    "closed": "closed",
    "reopened": "assigned",
    "voided": "void",
    "rejected": "void",
    "merged_into": "void",
}

_EARTH: Final = Geod(ellps="WGS84")
_SQUARE: Final = 0.002
"""Degrees; wider than any radius within which reports are merged."""
_HAIR, _HAIR_M = timedelta(seconds=1), 0.2
"""So much narrower than the city's are the bounds here, that no rounding decides."""


def chains(trial: Trial) -> Problems:
    """Histories with a hole, a changed event, or a head that is not their end."""
    known = {case.id for case in trial.facts.cases}
    for case in trial.facts.cases:
        yield from breaks(case, trial.facts.histories.get(case.id, []))
    for case_id in trial.facts.histories.keys() - known:
        yield f"there is a history of case {case_id}, and no such case"


def states(trial: Trial) -> Problems:
    """Cases that are not what their history makes of them."""
    for case in trial.facts.cases:
        history = trial.facts.histories.get(case.id, [])
        if history and (told_by := _standing(history)) != (now := _shown(case)):
            yield f"case {case.id} is {now}, its history makes it {told_by}"


def merging(trial: Trial) -> Problems:
    """Two cases for one incident: the later one should have joined the earlier."""
    cities = [part for (name, _), part in trial.facts.parts.items() if name == "city"]
    if not cities:
        return
    merge = cities[-1]["merge"]
    within = timedelta(minutes=merge["minutes"]) - _HAIR
    squares: defaultdict[tuple[str, int, int], list[CaseRow]] = defaultdict(list)
    for later in trial.facts.cases:
        for earlier in _beside(later, squares):
            if _is_same(earlier, later, merge["radius_m"] - _HAIR_M, within, trial.was_open):
                yield f"case {later.id} tells of the incident of case {earlier.id}"
        squares[_square(later)].append(later)


def _beside(
    case: CaseRow, squares: Mapping[tuple[str, int, int], list[CaseRow]]
) -> Iterator[CaseRow]:
    """Cases of the same category in the square of *case* and the eight around it."""
    category, x, y = _square(case)
    for east, north in product((-1, 0, 1), repeat=2):
        yield from squares.get((category, x + east, y + north), ())


def _square(case: CaseRow) -> tuple[str, int, int]:
    return case.category, floor(case.lon / _SQUARE), floor(case.lat / _SQUARE)


def _is_same(
    earlier: CaseRow,
    later: CaseRow,
    radius_m: float,
    within: timedelta,
    was_open: Callable[[CaseRow, datetime], bool],
) -> bool:
    """Whether the earlier case was open, at about the same time and place."""
    if not was_open(earlier, later.opened_at):
        return False
    if abs(earlier.reported_at - later.reported_at) > within:
        return False
    return float(_EARTH.inv(earlier.lon, earlier.lat, later.lon, later.lat)[2]) < radius_m


def _standing(history: list[EventRow]) -> tuple[str, str | None, bool, int]:
    """State, department, overdue, number of reports."""
    state, department, overdue, reports = "", None, False, 0
    before = ""
    for event in history:
        before = state if event.kind == "merged_into" else before
        state = before if event.kind == "separated" else _STATE_AFTER.get(event.kind, state)
        if event.kind in ("assigned", "transferred", "self_handled"):
            department = told(event)["department"]
        overdue = overdue or event.kind == "overdue"
        reports += (event.kind in ("reported", "merged")) - (event.kind == "unmerged")
        if event.kind in ("case_merged", "case_unmerged"):
            reports += told(event)["reports"] * (1 if event.kind == "case_merged" else -1)
    return state, department if state not in ("reported", "filed") else None, overdue, reports


def _shown(case: CaseRow) -> tuple[str, str | None, bool, int]:
    department = case.department if case.state not in ("reported", "filed") else None
    return case.state, department, case.overdue, case.reports


CHECKS: Final[Checks] = {
    "the chains of all histories are unbroken": chains,
    "every case is what its history makes of it": states,
    "reports of one incident were merged into one case": merging,
}
