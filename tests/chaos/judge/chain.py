"""The history of a case, verified without the product: SHA-256 over the last hash and the text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tests.chaos.judge.facts import CaseRow, EventRow

_BEGINNING: Final = b"\x00" * 32


def breaks(case: CaseRow, history: Sequence[EventRow]) -> list[str]:
    """Everything that is wrong with the chain of one case; *history* is in the order of seq."""
    found: list[str] = []
    previous = _BEGINNING
    for place, event in enumerate(history, 1):
        if event.seq != place:
            found.append(f"event {place} of case {case.id} is missing")
            break
        if event.hash != hashlib.sha256(previous + event.canon.encode()).digest():
            found.append(f"event {place} of case {case.id} does not follow from the one before")
        if not _tells_the_same(event):
            found.append(f"event {place} of case {case.id} is not what was hashed")
        if place > 1 and event.at < history[place - 2].at:
            found.append(f"event {place} of case {case.id} is before the one before")
        previous = event.hash
    if case.head != previous or case.version != len(history):
        found.append(f"case {case.id} does not stand at its last event")
    return found


def told(event: EventRow) -> dict[str, Any]:
    """What the hashed text of an event says."""
    return json.loads(event.canon)


def _tells_the_same(event: EventRow) -> bool:
    said = told(event)
    at = event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return (said["case"], said["seq"], said["kind"], said["actor"], said["at"]) == (
        event.case_id,
        event.seq,
        event.kind,
        event.actor,
        at,
    )


def moment(text: str) -> datetime:
    """A time as the hashed text writes it, aware UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
