"""A report: what somebody says has happened, before and after it was accepted. Not yet a case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from grid.components.component import REPORTED_IN

_COMPONENT: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:/-]{0,63}")


class Outcome(StrEnum):
    """What became of an accepted report; `ACCEPTED` until it is decided."""

    ACCEPTED = "accepted"
    CASED = "cased"
    MERGED = "merged"
    REJECTED = "rejected"
    DEAD = "dead"


class Channel(StrEnum):
    """The door a report came through."""

    OPEN311 = "open311"
    API = "api"
    SENSOR = "sensor"


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who told us. Personal data: stored apart, never part of an event."""

    name: str = ""
    phone: str = ""
    email: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.phone or self.email)


@dataclass(frozen=True, slots=True)
class Submission:
    """A checked report at the door, not yet durable.

    *lon*, *lat* are degrees WGS84, or None when only an address was given; *given_lon*, *given_lat*
    are as sent, in *datum* ('wgs84', 'cgcs2000', 'gcj02', 'bd09', or 'none' without a position).
    *happened_at* is the sender's claim. *body_sha256* is the hash of the bytes as received.
    """

    source: str
    client_key: str
    body_sha256: bytes
    channel: Channel
    category: str
    lon: float | None
    lat: float | None
    datum: str
    given_lon: float | None
    given_lat: float | None
    happened_at: datetime
    accuracy_m: float | None = None
    device_seq: int | None = None
    description: str = ""
    address: str = ""
    condition: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    reporter: Reporter = Reporter()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the inbox says to a submission.

    *fresh* is False for a repeat of the same bytes; *conflict* is True when the key was used before
    with other bytes, and then *receipt* and *report_id* are those of the first.
    """

    report_id: int
    receipt: str
    fresh: bool
    conflict: bool
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """An accepted report, as read back to be decided; position in degrees WGS84."""

    id: int
    channel: Channel
    source: str
    category: str
    lon: float | None
    lat: float | None
    happened_at: datetime
    received_at: datetime
    body_sha256: bytes
    description: str = ""
    address: str = ""
    condition: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    attempts: int = 0
    accuracy_m: float | None = None

    @property
    def component(self) -> str | None:
        """The id of the component the report is about, None where it names none that can be one."""
        named = self.attributes.get(REPORTED_IN, "")
        return named if _COMPONENT.fullmatch(named) else None
