"""Deadlines: set by the limits, fired once, never early, never forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.chaos.judge.chain import moment, told
from tests.chaos.judge.facts import EventRow
from tests.chaos.judge.trial import Checks, Problems, Trial

LATEST_S: Final = 60.0
_EXACT: Final = timedelta(seconds=1)
_LATE: Final = {"overdue": "milestone", "stage_overdue": "stage"}
"""Kind of the event and the field that names the deadline."""
_RUNNING: Final = {
    "urgent_hour": (timedelta(hours=1), _EXACT),
    "urgent_day": (timedelta(days=1), _EXACT),
    # The same wall time; the night in which the clocks change has an hour more or less.
    "natural_day": (timedelta(days=1), timedelta(hours=1, seconds=1)),
}

Due = tuple[int, str, datetime]
"""Case, milestone, when."""


def limits(trial: Trial) -> Problems:
    """Milestones that are not due when their limit says."""
    for event in trial.facts.events:
        if event.kind != "reported":
            continue
        said = told(event)
        calendar = trial.facts.parts.get(("calendar", said["why"]["versions"].get("calendar")))
        if calendar and "counted_by" in said["why"]["limit"]:
            calendar = calendar["departments"][said["why"]["limit"]["counted_by"]]
        for name, limit in said["why"]["limit"]["milestones"].items():
            amount, unit = limit.split()
            due_at = moment(said["due"][name])
            if not _is_right(event.at, float(amount), unit, due_at, calendar):
                yield f"case {event.case_id}, begun {event.at}, {name} in {limit}: due {due_at}"


def kept(trial: Trial) -> Problems:
    """Deadlines told in a history that are not there, in any round, or the other way round."""
    promised = Counter(
        (event.case_id, name, moment(due_at))
        for event in trial.facts.events
        for name, due_at in _begun(event).items()
    )
    rows = Counter((d.case_id, d.kind, d.due_at) for d in trial.facts.deadlines)
    yield from (f"{_say(due)} has no deadline" for due in (promised - rows))
    yield from (f"{_say(due)} is in no history" for due in (rows - promised))


def once(trial: Trial) -> Problems:
    """Deadlines that fired without their event, twice, or events without a deadline."""
    fired = Counter((d.case_id, d.kind, d.due_at) for d in _fired(trial))
    events = Counter(due for due, _ in _overdue(trial))
    yield from (f"{_say(due)} fired and has no event 'overdue'" for due in (fired - events))
    yield from (f"{_say(due)} has an event 'overdue' too many" for due in (events - fired))


def early(trial: Trial) -> Problems:
    """Deadlines that fired before their time: by the city's clock, or by ours."""
    first_heard = {key: lines[0]["t"] for key, lines in trial.books.arrivals.items()}
    for due, (name, at) in _overdue(trial):
        if at < due[2]:
            yield f"{_say(due)} fired early, at {at}"
        heard = first_heard.get(name)
        if heard is not None and heard < due[2].timestamp():
            yield f"{_say(due)} was told {due[2].timestamp() - heard:.1f} s before its time"
    for snapshot in trial.snapshots:
        yield from (f"seen early at {snapshot.t:.1f}: {one}" for one in snapshot.early)


def forgotten(trial: Trial) -> Problems:
    """Deadlines that are long past and still pending."""
    for one in trial.facts.deadlines:
        if one.state == "pending" and one.due_at.timestamp() < trial.now - LATEST_S:
            yield f"{_say((one.case_id, one.kind, one.due_at))} has not fired"


def _begun(event: EventRow) -> dict[str, str]:
    """What begins with an event: the milestones of a new case, stages, other rounds of either."""
    said = told(event)
    milestones = said["due"] if event.kind == "reported" else {}
    return milestones | said.get("began", {})


def _is_right(
    begun_at: datetime, amount: float, unit: str, due_at: datetime, calendar: dict[str, Any] | None
) -> bool:
    if unit in _RUNNING:
        span, tolerance = _RUNNING[unit]
        return abs(due_at - begun_at - amount * span) <= tolerance
    return calendar is None or (due_at > begun_at and _is_working_time(due_at, calendar))


def _is_working_time(at: datetime, calendar: dict[str, Any]) -> bool:
    """Whether the city works then, by its own calendar; the end of a period belongs to it."""
    local = at.astimezone(ZoneInfo(calendar["timezone"]))
    clock = f"{local:%H:%M:%S.%f}"
    return _is_workday(local.date(), calendar) and any(
        begin <= clock <= f"{end}:00.000000" for begin, end in calendar["periods"]
    )


def _is_workday(day: date, calendar: dict[str, Any]) -> bool:
    for one in calendar["days"]:
        if one["date"] == day.isoformat():
            return one["kind"] == "workday"
    return day.isoweekday() not in calendar["weekend"]


def _fired(trial: Trial) -> Iterator[Any]:
    return (one for one in trial.facts.deadlines if one.state == "fired")


def _overdue(trial: Trial) -> Iterator[tuple[Due, tuple[str, datetime]]]:
    """Every event 'overdue' or 'stage_overdue': its deadline, its name, and when it was written."""
    for event in trial.facts.events:
        if event.kind in _LATE:
            said = told(event)
            due = (event.case_id, said[_LATE[event.kind]], moment(said["due_at"]))
            yield due, (f"case-{event.case_id}-{event.seq}", event.at)


def _say(due: Due) -> str:
    case_id, kind, due_at = due
    return f"{kind!r} of case {case_id}, due {due_at:%Y-%m-%dT%H:%M:%S.%f}Z,"


CHECKS: Final[Checks] = {
    "deadlines are due when their limits say": limits,
    "every milestone has its deadline": kept,
    "every fired deadline has exactly one event 'overdue'": once,
    "no deadline fired early": early,
    "no deadline was forgotten": forgotten,
}
