"""What an alarm leaves in the history of its case, as a fact in the past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dispatch.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmNoted(Event):
    """The alarm that opened the case has changed: somebody is to look whether it is so (核实).

    *change* is what happened to the alarm (upgraded, cleared, reopened, withdrawn), *alarm_seq* its
    number in the history of the alarm. It never closes the case.
    """

    kind: ClassVar[str] = "alarm_noted"
    alarm: str
    alarm_seq: int
    device: str
    rule: str
    change: str
    level: int
