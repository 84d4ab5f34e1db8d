"""What the database holds at the end, row by row, in one snapshot, by SQL of the judge's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, LiteralString, TypeVar

from psycopg import Connection
from psycopg.rows import class_row

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row of the inbox; *sha256* in hex."""

    id: int
    receipt: str
    source: str
    key: str
    sha256: str
    channel: str
    device_seq: int | None
    state: str
    case_id: int | None
    replayed: bool

    @property
    def name(self) -> tuple[str, str]:
        """Source and key: what a client calls it."""
        return self.source, self.key


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as it stands."""

    id: int
    state: str
    category: str
    severity: int
    cell: str
    department: str | None
    lon: float
    lat: float
    overdue: bool
    reported_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    reports: int
    version: int
    head: bytes


@dataclass(frozen=True, slots=True)
class EventRow:
    """One link of a history."""

    case_id: int
    seq: int
    kind: str
    at: datetime
    actor: str
    canon: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class DeadlineRow:
    """A milestone of a case."""

    case_id: int
    kind: str
    round: int
    due_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class ToldRow:
    """A row of the outbox; *sha256* of the payload's bytes, hex."""

    id: int
    position: int | None
    dedup: str
    sha256: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """What a destination is owed."""

    destination: str
    dedup: str
    state: str


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """A photo by the receipt of its report; *sha256* of the original, hex."""

    receipt: str
    sha256: str


_REPORTS: Final[LiteralString] = """
    SELECT id, receipt, source, client_key AS key, encode(body_sha256, 'hex') AS sha256, channel,
           device_seq, state, case_id, replay_of IS NOT NULL AS replayed
      FROM inbox
     ORDER BY id
"""
_CASES: Final[LiteralString] = """
    SELECT id, state::text, category, severity, cell, department, ST_X(position) AS lon,
           ST_Y(position) AS lat, overdue, reported_at, opened_at, closed_at, reports, version, head
      FROM cases
     ORDER BY id
"""
_EVENTS: Final[LiteralString] = """
    SELECT case_id, seq, kind, at, actor, canon, hash
      FROM case_event
     ORDER BY case_id, seq
"""
_DEADLINES: Final[LiteralString] = """
    SELECT case_id, kind, round, due_at, state
      FROM deadline
     ORDER BY case_id, kind, round
"""
_TOLD: Final[LiteralString] = """
    SELECT id, position, dedup, encode(sha256(convert_to(payload, 'UTF8')), 'hex') AS sha256
      FROM outbox
     WHERE topic = 'case-events.v1'
     ORDER BY id
"""
_DELIVERIES: Final[LiteralString] = """
    SELECT destination, dedup, state
      FROM delivery
     ORDER BY id
"""
_PHOTOS: Final[LiteralString] = """
    SELECT i.receipt, encode(p.sha256, 'hex') AS sha256
      FROM photo p
      JOIN inbox i ON i.id = p.inbox_id
"""
_PARTS: Final[LiteralString] = """
    SELECT part, version, content
      FROM city_part
     WHERE part IN ('city', 'calendar')
     ORDER BY version
"""


@dataclass(frozen=True)
class Facts:
    """Everything the checks look at."""

    reports: Sequence[ReportRow]
    cases: Sequence[CaseRow]
    events: Sequence[EventRow]
    deadlines: Sequence[DeadlineRow]
    told: Sequence[ToldRow]
    deliveries: Sequence[DeliveryRow]
    photos: Sequence[PhotoRow]
    parts: Mapping[tuple[str, int], Any]

    @cached_property
    def histories(self) -> Mapping[int, list[EventRow]]:
        """The events of each case, in order."""
        found: defaultdict[int, list[EventRow]] = defaultdict(list)
        for event in self.events:
            found[event.case_id].append(event)
        return found


def read_facts(conn: Connection) -> Facts:
    """All of it; *conn* gives read-only snapshots."""
    with conn.transaction():
        parts = conn.execute(_PARTS).fetchall()
        return Facts(
            reports=_all(conn, ReportRow, _REPORTS),
            cases=_all(conn, CaseRow, _CASES),
            events=_all(conn, EventRow, _EVENTS),
            deadlines=_all(conn, DeadlineRow, _DEADLINES),
            told=_all(conn, ToldRow, _TOLD),
            deliveries=_all(conn, DeliveryRow, _DELIVERIES),
            photos=_all(conn, PhotoRow, _PHOTOS),
            parts={(name, version): content for name, version, content in parts},
        )


def _all(conn: Connection, kind: type[Row], query: LiteralString) -> list[Row]:
    with conn.cursor(row_factory=class_row(kind)) as cur:
        return cur.execute(query).fetchall()
