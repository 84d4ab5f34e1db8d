"""Histories read back from their hashed texts, and the deadlines they make, by rules of our own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from dispatch import events as e
from dispatch.case import Case, evolve, opened
from dispatch.kinds import KINDS
from dispatch.postgres.cases import StoredEvent

_MEETS: dict[str, str] = {
    "accepted": "stage.accept", "filed": "stage.accept", "confirmed": "stage.check",
    "refuted": "stage.check", "assigned": "stage.dispatch", "returned": "stage.dispatch",
    "verified": "stage.verify", "reworked": "stage.verify",
}  # fmt: skip

Rounds = dict[str, list[tuple[datetime, str]]]
"""Kind → when each round is due, and its state."""


def read_event(stored: StoredEvent) -> e.Event:
    """The event that was hashed."""
    told: dict[str, Any] = json.loads(stored.canon)
    fields = {name: value for name, value in told.items() if name not in ("case", "seq", "kind")}
    return msgspec.convert(fields, KINDS[stored.kind], strict=False)


def replayed(case: Case, history: Sequence[StoredEvent]) -> Case:
    """The case as its history makes it; its texts stand in the inbox, not in the history."""
    events = [read_event(stored) for stored in history]
    first = events[0]
    assert isinstance(first, e.CaseReported)
    made = opened(case.id, first, address=case.address, description=case.description).case
    for event in events[1:]:
        made = evolve(made, event)
    return made


def rounds(history: Sequence[StoredEvent]) -> Rounds:
    """Every deadline that the history tells of, told from the texts alone."""
    made: Rounds = {}
    for stored in history:
        told: dict[str, Any] = json.loads(stored.canon)
        began = {**(told["due"] if stored.kind == "reported" else {}), **told.get("began", {})}
        for kind, turns in made.items():
            due_at, state = turns[-1]
            if state == "pending" and (ending := _ending(kind, due_at, stored, told, began)):
                turns[-1] = (due_at, ending)
        for kind, due_at in began.items():
            made.setdefault(kind, []).append((datetime.fromisoformat(due_at), "pending"))
    return made


def _ending(
    kind: str, due_at: datetime, stored: StoredEvent, told: dict[str, Any], began: dict[str, str]
) -> str | None:
    in_time = due_at > stored.at
    match stored.kind:
        case "handled" | "self_handled":
            return "met" if in_time else None
        case "voided" | "rejected":
            if kind == "stage.accept":
                return "met" if in_time else None
            return "cancelled"
        case "merged_into":
            return "cancelled"
        case "overdue":
            return "fired" if told["milestone"] == kind else None
        case "stage_overdue":
            return "fired" if told["stage"] == kind else None
        case "corrected" if began:
            return None if kind.startswith("stage.") else "cancelled"
        case "suspended":
            return "cancelled" if kind in told["left_s"] else None
        case _ if kind in began:
            return "cancelled"
        case _:
            return "met" if in_time and _MEETS.get(stored.kind) == kind else None
