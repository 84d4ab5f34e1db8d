"""What was decided as rows for the statements that write it, and as the log tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

import msgspec

from dispatch import events as e
from dispatch.case import Case, Entry
from dispatch.ports import Changes

ENDINGS: Final = frozenset({"closed", "voided", "rejected"})
"""A case that is merged into another has not ended for those who reported it."""


def new_cases(changes: Changes) -> list[dict[str, object]]:
    """The cases that are opened, as they are at the end."""
    return [_case_row(changes.changed.get(o.case.id, o.case)) for o in changes.opened]


def old_cases(changes: Changes) -> list[dict[str, object]]:
    """The cases that were there before and are changed."""
    fresh = {one.case.id for one in changes.opened}
    return [_case_row(case) for case in changes.changed.values() if case.id not in fresh]


def cases_with(chain: Sequence[Entry], kind: type[e.Event]) -> list[dict[str, object]]:
    """The cases to which this happened, as they are at the end."""
    ids = {entry.case.id for entry in chain if isinstance(entry.event, kind)}
    last = {entry.case.id: entry.case for entry in chain if entry.case.id in ids}
    return [_case_row(case) for case in last.values()]


def _case_row(case: Case) -> dict[str, object]:
    return {
        **_shown(case),
        "handled_by": case.handled_by,
        "why": case.why,
        "head": case.head.hex(),
        "component": case.component,
        "accepted_by": case.accepted_by,
        "report_check": case.check,
        "taken_by": case.taken_by,
        "extension_until": case.extension_until,
        "extension_by": case.extension_by,
        "appeal": case.appeal,
        "appeal_by": case.appeal_by,
        "rerouted_at": case.rerouted_at,
        "returned_by": case.returned_by,
        "state_before": case.state_before,
        "merged_reports": case.merged_reports,
    }


def _shown(case: Case) -> dict[str, object]:
    return {
        "id": case.id,
        "number": case.number,
        "state": case.state,
        "category": case.category,
        "severity": case.severity,
        "cell": case.cell,
        "grid_version": case.grid_version,
        "areas": case.areas,
        "department": case.department,
        "lon": case.lon,
        "lat": case.lat,
        "address": case.address,
        "description": case.description,
        "reported_at": case.reported_at,
        "opened_at": case.opened_at,
        "due_at": case.due_at,
        "overdue": case.overdue,
        "closed_at": case.closed_at,
        "reports": case.reports,
        "version": case.version,
        "round": case.round,
        "suspended_at": case.suspended_at,
        "supervised_at": case.supervised_at,
        "helpers": case.helpers,
        "merged_into": case.merged_into,
    }


def _told(case: Case) -> dict[str, object]:
    """The case as the log tells it: its times to the microsecond, as a snapshot writes them."""
    return {
        name: e.rfc3339(value) if isinstance(value, datetime) else value
        for name, value in _shown(case).items()
    }


def event_row(entry: Entry) -> dict[str, object]:
    """One link of a history, with the text that is hashed."""
    return {
        "case_id": entry.case.id,
        "seq": entry.case.version,
        "kind": entry.event.kind,
        "at": entry.event.at,
        "actor": entry.event.actor,
        "canon": entry.canon,
        "hash": entry.case.head.hex(),
    }


def outbox_row(entry: Entry, city: str) -> dict[str, object]:
    """One event as the log tells it, with the case as it is then."""
    case, event = entry.case, entry.event
    name = f"case-{case.id}-{case.version}"
    envelope = {
        "specversion": "1.0",
        "id": name,
        "source": f"citygrid/{city}",
        "type": f"citygrid.case.{event.kind}",
        "subject": str(case.id),
        "time": e.rfc3339(event.at),
        "datacontenttype": "application/json",
        "data": {
            "kind": event.kind,
            "seq": case.version,
            "actor": event.actor,
            "case": {**_told(case), "excused": case.excused, "closed": case.state.ended},
        },
    }
    return {
        "key": str(case.id),
        "dedup": name,
        "kind": event.kind,
        "payload": msgspec.json.encode(envelope).decode(),
    }


def outcome_row(entry: Entry, city: str) -> dict[str, object]:
    """What is the same for every report of a case that ended."""
    case = entry.case
    return {
        "case_id": case.id,
        "name": f"case-{case.id}-{case.version}",
        "envelope": {
            "specversion": "1.0",
            "source": f"citygrid/{city}",
            "type": "citygrid.report.outcome",
            "time": e.rfc3339(entry.event.at),
            "datacontenttype": "application/json",
        },
        "data": {
            "kind": "outcome",
            "outcome": case.state,
            "case": case.id,
            "number": case.number,
            "category": case.category,
        },
    }


def begun_deadlines(changes: Changes, chain: Sequence[Entry]) -> list[dict[str, object]]:
    """The milestones that cases are opened with, and whatever the events say that begins."""
    milestones = [(one.case.id, one.due) for one in changes.opened]
    begun = [(entry.case.id, entry.event.began) for entry in chain]
    return [
        {"case_id": case_id, "kind": kind, "due_at": due_at}
        for case_id, due in milestones + begun
        for kind, due_at in due.items()
    ]


def part_rows(changes: Changes) -> list[dict[str, object]]:
    """The tasks of the departments that help."""
    return [
        {"case_id": case.id, **asdict(part)}
        for case in changes.changed.values()
        for part in case.parts
    ]
