"""What happens to an alarm, as values: raised, graver, milder, told again, cleared, taken back.

An alarm is an episode of one device under one rule. Each change carries the whole alarm as it
stands after it, so that whoever keeps alarms needs no more than the last change of each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Self, get_args

Kind = Literal[
    "raised",  # none → open
    "upgraded",  # open → open, graver
    "downgraded",  # open → open, milder
    "repeated",  # open → open, still standing
    "cleared",  # open → cleared
    "reopened",  # cleared or withdrawn → open: again within its rest, or a late sample says so
    "amended",  # any → the same alarm, but late samples changed when or how grave it was
    "withdrawn",  # any → withdrawn: late samples say that it never was
]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
GRAVEST, MILDEST = 1, 4
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


def moment(at_ms: int) -> datetime:
    """Milliseconds since 1970 as an aware UTC time."""
    return _EPOCH + at_ms * _MS


def milliseconds(at: datetime) -> int:
    """The other way; *at* is aware."""
    return (at - _EPOCH) // _MS


def alarm_key(device: str, rule: str, first_at: datetime, turn: int = 1) -> str:
    """SHA-256, in hex, of ``device|rule|first_at``, like 2026-11-23T08:00:00+00:00.

    *turn* counts alarms that took that start in turn; from the second on it stands behind.
    """
    text = f"{device}|{rule}|{first_at.isoformat()}" + (f"|{turn}" if turn > 1 else "")
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """One change of one alarm, and the alarm as it is then.

    *key* is the alarm's for good; it was made of *first_at*, when it was first thought to have
    begun, while *started_at* is when it began as far as is known now. *level* is 1 (red, gravest)
    to 4 (blue); *highest* the gravest it has had. *ended_at* is None while it stands. *flaps*
    counts how often it was reopened. *at* is the event time of the change, *value* what was judged
    there (the measured value, or a change, score, difference or silence in seconds; None where
    nothing was measured), *facts* the further numbers that explain it.
    """

    key: str
    device: str
    rule: str
    kind: Kind
    at: datetime
    level: int
    highest: int
    first_at: datetime
    started_at: datetime
    ended_at: datetime | None
    flaps: int
    value: float | None
    facts: Mapping[str, Any]

    @property
    def is_open(self) -> bool:
        """Whether the alarm stands after this change."""
        return self.ended_at is None and self.kind != "withdrawn"

    def as_dict(self) -> dict[str, Any]:
        """The form that is stored and sent, of JSON values."""
        return {
            "key": self.key,
            "device": self.device,
            "rule": self.rule,
            "kind": self.kind,
            "at": self.at.isoformat(),
            "level": self.level,
            "highest": self.highest,
            "first_at": self.first_at.isoformat(),
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "flaps": self.flaps,
            "value": self.value,
            "facts": dict(self.facts),
        }

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The change that `as_dict` wrote."""
        named = ("at", "first_at", "started_at", "ended_at")
        times: dict[str, Any] = {
            name: row[name] and datetime.fromisoformat(row[name]) for name in named
        }
        return cls(**{**row, **times})
