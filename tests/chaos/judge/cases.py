"""Cases: their chains, what follows from them, and one case for one incident."""

from __future__ import annotations

from typing import Final

from tests.chaos.judge.chain import breaks, told
from tests.chaos.judge.facts import CaseRow, EventRow
from tests.chaos.judge.trial import Checks, Problems, Trial

_STATE_AFTER: Final = {
    "reported": "reported",
    "filed": "filed",
    "assigned": "assigned",
    "sent_back": "filed",
    "handled": "handled",
    "reworked": "assigned",
    "verified": "verified",
    "closed": "closed",
    "voided": "void",
}


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
    """Two cases for one incident."""
    for earlier, later in trial.facts.same:
        yield f"case {later} tells of the incident of case {earlier} and should have joined it"


def _standing(history: list[EventRow]) -> tuple[str, str | None, bool, int]:
    """State, department, overdue, number of reports."""
    state, department, overdue, reports = "", None, False, 0
    for event in history:
        state = _STATE_AFTER.get(event.kind, state)
        if event.kind == "assigned":
            department = told(event)["department"]
        overdue = overdue or event.kind == "overdue"
        reports += (event.kind in ("reported", "merged")) - (event.kind == "unmerged")
    return state, department if state not in ("reported", "filed") else None, overdue, reports


def _shown(case: CaseRow) -> tuple[str, str | None, bool, int]:
    department = case.department if case.state not in ("reported", "filed") else None
    return case.state, department, case.overdue, case.reports


CHECKS: Final[Checks] = {
    "the chains of all histories are unbroken": chains,
    "every case is what its history makes of it": states,
    "reports of one incident were merged into one case": merging,
}
