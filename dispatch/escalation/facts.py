"""What escalating a case leaves in its history, as facts in the past tense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from dispatch.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEscalated(Event):
    """A step of a ladder was reached, or is told again; what it orders are events of their own.

    *run* is the milestone the step is about, or what is waited for; *since* the number of the event
    with which that began; *due_at* when the step was to be. *told* are logins by whom they were
    told as, *nobody* those of whom there was none. *times* counts from 1.
    """

    kind: ClassVar[str] = "escalated"
    ladder: str
    step: str
    run: str
    since: int
    due_at: datetime
    times: int
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    by: tuple[str, ...] = ()
    nobody: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationAcknowledged(Event):
    """Somebody who was told has taken notice and sees to it: it is not told again."""

    kind: ClassVar[str] = "escalation_acknowledged"
    ladder: str
    step: str
    run: str
    since: int
    reason: str = ""
