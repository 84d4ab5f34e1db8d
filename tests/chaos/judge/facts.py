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
    closed: bool
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
           ST_Y(position) AS lat, overdue, closed_at IS NOT NULL AS closed, reports, version, head
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
# Cases that tell of one incident: the later one should have been merged into the earlier. The
# bounds are a hair's breadth narrower than the city's, so that no rounding decides.
_SAME: Final[LiteralString] = """
    SELECT a.id, b.id
      FROM cases b
      JOIN cases a ON a.category = b.category
                  AND a.id < b.id
                  AND ST_DWithin(a.position, b.position, %(degrees)s)
     WHERE ST_Distance(a.position::geography, b.position::geography) < %(radius_m)s - 0.2
       AND abs(extract(epoch FROM a.reported_at - b.reported_at)) < %(minutes)s * 60 - 1
       AND (a.closed_at IS NULL OR a.closed_at > b.opened_at)
     ORDER BY b.id
     LIMIT 100
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
    same: Sequence[tuple[int, int]]
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
        merge = next((p["merge"] for name, _, p in reversed(parts) if name == "city"), _NO_MERGE)
        bounds = {**merge, "degrees": merge["radius_m"] / 80_000}
        return Facts(
            reports=_all(conn, ReportRow, _REPORTS),
            cases=_all(conn, CaseRow, _CASES),
            events=_all(conn, EventRow, _EVENTS),
            deadlines=_all(conn, DeadlineRow, _DEADLINES),
            told=_all(conn, ToldRow, _TOLD),
            deliveries=_all(conn, DeliveryRow, _DELIVERIES),
            photos=_all(conn, PhotoRow, _PHOTOS),
            same=conn.execute(_SAME, bounds).fetchall(),
            parts={(name, version): content for name, version, content in parts},
        )


_NO_MERGE: Final = {"radius_m": 0, "minutes": 0}


def _all(conn: Connection, kind: type[Row], query: LiteralString) -> list[Row]:
    with conn.cursor(row_factory=class_row(kind)) as cur:
        return cur.execute(query).fetchall()
