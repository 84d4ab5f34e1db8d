"""What happened to a case, as facts in the past tense, and the canonical text each is hashed as.

Texts a person wrote about the incident stay in the inbox; the history holds the SHA-256 of the
report's bytes, so that personal data can be erased later and the chain still verifies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cache
from typing import ClassVar, Final

import msgspec

GENESIS: Final = bytes(32)
"""What the first event of every case is chained to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to one case; *actor* is a login, or the part of us that did it.

    *began* holds the deadlines that run from now on because of it, by kind, besides the milestones
    that a case is opened with; *photos* the ids of photos of the case that were given with it.
    """

    kind: ClassVar[str]
    at: datetime
    actor: str
    began: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    photos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReported(Event):
    """A case was opened from a report, *component* the id of what it is about, if told."""

    kind: ClassVar[str] = "reported"
    number: str
    report: int
    report_sha256: str
    category: str
    severity: int
    cell: str
    grid_version: int
    areas: tuple[str, ...]
    lon: float
    lat: float
    reported_at: datetime
    due: Mapping[str, datetime]
    why: Mapping[str, object]
    component: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFiled(Event):
    """The case was accepted as one the city must solve.

    *proposal* is whom the routing would have given it to, had it not to wait for a dispatcher.
    """

    kind: ClassVar[str] = "filed"
    reason: str = ""
    proposal: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAssigned(Event):
    """A department answers for the case from now on; *why* is the routing's own explanation."""

    kind: ClassVar[str] = "assigned"
    department: str
    why: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSentBack(Event):
    """The department says the case is not its own."""

    kind: ClassVar[str] = "sent_back"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHandled(Event):
    """The department says the work is done."""

    kind: ClassVar[str] = "handled"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReworked(Event):
    """The work was looked at and is not done."""

    kind: ClassVar[str] = "reworked"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVerified(Event):
    """Somebody other than the handler saw that the work is done."""

    kind: ClassVar[str] = "verified"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed(Event):
    """The case is finished."""

    kind: ClassVar[str] = "closed"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVoided(Event):
    """It never was a case."""

    kind: ClassVar[str] = "voided"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMerged(Event):
    """Another report of the same incident joined the case; *likeness* is what the rule went by."""

    kind: ClassVar[str] = "merged"
    report: int
    report_sha256: str
    likeness: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportUnmerged(Event):
    """A report that had been merged was taken out again: it is an incident of its own."""

    kind: ClassVar[str] = "unmerged"
    report: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOverdue(Event):
    """A milestone of the legal limit passed without being met."""

    kind: ClassVar[str] = "overdue"
    milestone: str
    due_at: datetime


def rfc3339(moment: datetime) -> str:
    """The moment in UTC to the microsecond, the one form that is hashed and sent."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def canonical(case_id: int, seq: int, event: Event) -> str:
    """The text whose UTF-8 bytes are hashed: sorted keys, no white space, no floats, times in UTC.

    Coordinates are decimal strings with 9 places (0.1 mm), so that no reader's float printing
    can change a hash.
    """
    fields_told = ((name, getattr(event, name)) for name in _names(type(event)))
    told = {name: _plain(value) for name, value in fields_told if value or name not in _LATER}
    return _ENCODER.encode({**told, "case": case_id, "seq": seq, "kind": event.kind}).decode()


def link(previous: bytes, canon: str) -> bytes:
    """The hash of one event: SHA-256 over the hash before it and its own canonical bytes."""
    return hashlib.sha256(previous + canon.encode()).digest()


_LATER: Final = frozenset({"began", "photos", "proposal", "likeness"})
"""Left out while empty, so that a history says the same as before there were these fields."""
_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_AS_THEY_ARE: Final = frozenset({str, int, bool, type(None)})


@cache
def _names(kind: type[Event]) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def _plain(value: object) -> object:
    if type(value) in _AS_THEY_ARE:  # most are; the patterns below cost ten times as much
        return value
    match value:
        case str() | int() | None:
            return value
        case datetime():
            return rfc3339(value)
        case float():
            return f"{value:.9f}"
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
        case _:
            raise TypeError(f"an event cannot hold a {type(value).__name__}")
