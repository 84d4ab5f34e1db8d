"""Writing what was decided: a handful of statements for a whole batch, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final, LiteralString

import msgspec
from psycopg import AsyncConnection

from dispatch import events as e
from dispatch.case import Case, Entry
from dispatch.errors import DispatchError
from dispatch.ports import Changes
from dispatch.postgres.agenda import MARK
from dispatch.postgres.log import OUTBOX_CHANNEL
from dispatch.workflow.facts import CaseCorrected

CASE_EVENTS: Final = "case-events.v1"
REPORT_OUTCOMES: Final = "report-outcomes.v1"
MAX_ATTEMPTS: Final = 5
"""Failed decisions after which a report is dead: visible, in the books, and replayable."""

_INSERT_CASES: Final = """
    INSERT INTO cases (id, number, state, category, severity, cell, grid_version, areas,
                       department, position, address, description, reported_at, opened_at, due_at,
                       overdue, closed_at, reports, handled_by, why, version, head, component)
    SELECT r.id, r.number, r.state, r.category, r.severity, r.cell, r.grid_version, r.areas,
           r.department, ST_SetSRID(ST_MakePoint(r.lon, r.lat), 4326), r.address, r.description,
           r.reported_at, r.opened_at, r.due_at, r.overdue, r.closed_at, r.reports, r.handled_by,
           r.why, r.version, decode(r.head, 'hex'), r.component
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           id bigint, number text, state case_state, category text, severity smallint, cell text,
           grid_version integer, areas text[], department text, lon float8, lat float8,
           address text, description text, reported_at timestamptz, opened_at timestamptz,
           due_at timestamptz, overdue boolean, closed_at timestamptz, reports integer,
           handled_by text, why jsonb, version integer, head text, component text)
"""

_UPDATE_CASES: Final = """
    UPDATE cases c
       SET state = r.state, department = r.department, due_at = r.due_at, overdue = r.overdue,
           closed_at = r.closed_at, reports = r.reports, handled_by = r.handled_by, why = r.why,
           version = r.version, head = decode(r.head, 'hex'), round = r.round,
           accepted_by = r.accepted_by, report_check = r.report_check, taken_by = r.taken_by,
           suspended_at = r.suspended_at, extension_until = r.extension_until,
           extension_by = r.extension_by, supervised_at = r.supervised_at, appeal = r.appeal,
           appeal_by = r.appeal_by, helpers = r.helpers, severity = r.severity,
           merged_into = r.merged_into, state_before = r.state_before,
           merged_reports = r.merged_reports
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           id bigint, state case_state, department text, due_at timestamptz, overdue boolean,
           closed_at timestamptz, reports integer, handled_by text, why jsonb, version integer,
           head text, round integer, accepted_by text, report_check text, taken_by text,
           suspended_at timestamptz, extension_until timestamptz, extension_by text,
           supervised_at timestamptz, appeal text, appeal_by text, helpers text[],
           severity smallint, merged_into bigint, state_before text, merged_reports integer)
     WHERE c.id = r.id
"""

# What is corrected seldom is not in the statement that writes every change.
_CORRECT_CASES: Final = """
    UPDATE cases c
       SET category = r.category, severity = r.severity, cell = r.cell,
           grid_version = r.grid_version, areas = r.areas,
           position = ST_SetSRID(ST_MakePoint(r.lon, r.lat), 4326), rerouted_at = r.rerouted_at
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           id bigint, category text, severity smallint, cell text, grid_version integer,
           areas text[], lon float8, lat float8, rerouted_at timestamptz)
     WHERE c.id = r.id
"""

_RETURN_CASES: Final = """
    UPDATE cases c
       SET returned_by = r.returned_by
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, returned_by text[])
     WHERE c.id = r.id
"""

_SAVE_PARTS: Final = """
    INSERT INTO case_part AS p (case_id, number, department, state, involved_at, taken_by, ended_by,
                                ended_at)
    SELECT r.case_id, r.number, r.department, r.state, r.involved_at, r.taken_by, r.ended_by,
           r.ended_at
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           case_id bigint, number integer, department text, state text, involved_at timestamptz,
           taken_by text, ended_by text, ended_at timestamptz)
        ON CONFLICT (case_id, number) DO UPDATE
       SET state = excluded.state, taken_by = excluded.taken_by, ended_by = excluded.ended_by,
           ended_at = excluded.ended_at
"""

_INSERT_EVENTS: Final = """
    INSERT INTO case_event (case_id, seq, kind, at, actor, canon, hash)
    SELECT r.case_id, r.seq, r.kind, r.at, r.actor, r.canon, decode(r.hash, 'hex')
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           case_id bigint, seq integer, kind text, at timestamptz, actor text, canon text,
           hash text)
"""

# The lock on the destinations comes before the first id is drawn: none begins or ends in between.
_INSERT_OUTBOX: Final = """
    WITH told AS (
           SELECT name, kinds FROM destination WHERE ended_at IS NULL FOR KEY SHARE),
         happened AS (
           SELECT r.*
             FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb) AS (
                      key text, dedup text, payload text, kind text))
                  WITH ORDINALITY AS r(key, dedup, payload, kind, n)),
         written AS (
           INSERT INTO outbox (topic, key, dedup, payload)
           SELECT %(topic)s, key, dedup, payload FROM happened ORDER BY n
           RETURNING id, dedup)
    INSERT INTO delivery (destination, dedup, event)
    SELECT told.name, dedup, written.id
      FROM written
      JOIN happened USING (dedup)
      JOIN told ON told.kinds = '{}' OR happened.kind = ANY(told.kinds)
     ORDER BY written.id
"""

# One row for each report that the case stands for, those of cases merged into it as well. Its name
# holds that of the event by which the case ended: so nobody is told twice of one ending, and again
# of another, when the case was reopened or the report has gone on with another case. Who reported
# does not leave the database, only whether they can be reached.
_TELL_REPORTS: Final = """
    INSERT INTO outbox (topic, key, dedup, payload)
    SELECT %(topic)s, i.id::text, 'report-' || i.id || '-' || r.name,
           (r.envelope || jsonb_build_object(
               'id', 'report-' || i.id || '-' || r.name,
               'subject', i.id::text,
               'data', r.data || jsonb_build_object(
                   'report', i.id, 'source', i.source, 'channel', i.channel,
                   'reachable', EXISTS (SELECT FROM reporter p
                                         WHERE p.inbox_id = i.id
                                           AND (p.phone <> '' OR p.email <> '')))))::text
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           case_id bigint, name text, envelope jsonb, data jsonb)
     CROSS JOIN LATERAL cases_stood_for(r.case_id) AS stood(id)
      JOIN inbox i ON i.case_id = stood.id
     ORDER BY i.id
"""

# Another round of a deadline, or its first: the one before, if any, has ended by now.
_BEGIN_DEADLINES: Final = """
    INSERT INTO deadline (case_id, kind, round, due_at)
    SELECT r.case_id, r.kind,
           1 + coalesce((SELECT max(d.round)
                           FROM deadline d
                          WHERE d.case_id = r.case_id AND d.kind = r.kind), 0),
           r.due_at
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           case_id bigint, kind text, due_at timestamptz)
"""

_SETTLE: Final = """
    UPDATE deadline d
       SET state = r.ending, ended_at = %(now)s
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(case_id bigint, kind text, ending text)
     WHERE d.case_id = r.case_id
       AND d.kind = r.kind
       AND d.state = 'pending'
"""

_DECIDE_REPORTS: Final = """
    UPDATE inbox i
       SET state = r.state, case_id = r.case_id, reason = r.reason, decided_at = %(now)s
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           id bigint, state text, case_id bigint, reason text)
     WHERE i.id = r.id
       AND (i.state = 'accepted' OR (i.state = 'merged' AND r.state = 'cased'))
"""

_FAIL_REPORTS: Final = """
    UPDATE inbox i
       SET attempts = i.attempts + 1,
           last_error = r.problem,
           state = CASE WHEN i.attempts + 1 >= %(max)s THEN 'dead' ELSE i.state END,
           reason = CASE WHEN i.attempts + 1 >= %(max)s THEN r.problem END,
           decided_at = CASE WHEN i.attempts + 1 >= %(max)s THEN %(now)s END
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, problem text)
     WHERE i.id = r.id
       AND i.state = 'accepted'
"""


class AlreadyDecided(DispatchError):
    """A report was decided by somebody else although it was locked: a fault of ours."""

    def __init__(self, wanted: int, written: int) -> None:
        super().__init__(f"{wanted} reports to decide, {written} were still undecided")
        self.wanted, self.written = wanted, written


async def save(conn: AsyncConnection, changes: Changes, *, city: str, now: datetime) -> None:
    """Write the changes and tell the relay; the caller's transaction makes it all or nothing."""
    chain = [entry for one in changes.opened for entry in one.entries] + changes.entries
    await _write(conn, _INSERT_CASES, _new_cases(changes))
    await _write(conn, _UPDATE_CASES, _old_cases(changes))
    await _write(conn, _CORRECT_CASES, _cases_with(chain, CaseCorrected))
    await _write(conn, _RETURN_CASES, _cases_with(chain, e.CaseSentBack))
    await _write(conn, _INSERT_EVENTS, [_event_row(entry) for entry in chain])
    outbox = [_outbox_row(entry, city) for entry in chain]
    await _write(conn, _INSERT_OUTBOX, outbox, topic=CASE_EVENTS)
    settled = [{"case_id": c, "kind": kind, "ending": end} for c, kind, end in changes.settled]
    await _write(conn, _SETTLE, settled, now=now)
    await _write(conn, _BEGIN_DEADLINES, _begun_deadlines(changes, chain))
    await _write(conn, _SAVE_PARTS, _part_rows(changes))
    await _write(conn, MARK, [{"case_id": entry.case.id} for entry in chain])
    await _settle_reports(conn, changes, now)
    endings = [_outcome_row(entry, city) for entry in chain if entry.event.kind in _ENDINGS]
    await _write(conn, _TELL_REPORTS, endings, topic=REPORT_OUTCOMES)
    if chain:
        await conn.execute("SELECT pg_notify(%s, '')", [OUTBOX_CHANNEL])


async def fail_report(conn: AsyncConnection, report_id: int, problem: str, now: datetime) -> None:
    """Count one failed attempt on the report; the fifth makes it dead."""
    rows = [{"id": report_id, "problem": problem}]
    await _write(conn, _FAIL_REPORTS, rows, now=now, max=MAX_ATTEMPTS)


async def _settle_reports(conn: AsyncConnection, changes: Changes, now: datetime) -> None:
    rows = [
        *({"id": o.report.id, "state": "cased", "case_id": o.case.id} for o in changes.opened),
        *({"id": m.report.id, "state": "merged", "case_id": m.case_id} for m in changes.merged),
        *({"id": r.report.id, "state": "rejected", "reason": r.reason} for r in changes.rejected),
    ]
    written = await _write(conn, _DECIDE_REPORTS, rows, now=now)
    if written != len(rows):
        raise AlreadyDecided(len(rows), written)
    failed = [{"id": f.report.id, "problem": f.problem} for f in changes.failed]
    await _write(conn, _FAIL_REPORTS, failed, now=now, max=MAX_ATTEMPTS)


async def _write(
    conn: AsyncConnection,
    statement: LiteralString,
    rows: Sequence[Mapping[str, object]],
    **more: object,
) -> int:
    if not rows:
        return 0
    done = await conn.execute(statement, {"rows": msgspec.json.encode(rows).decode(), **more})
    return done.rowcount


def _new_cases(changes: Changes) -> list[dict[str, object]]:
    return [_case_row(changes.changed.get(o.case.id, o.case)) for o in changes.opened]


def _old_cases(changes: Changes) -> list[dict[str, object]]:
    fresh = {one.case.id for one in changes.opened}
    return [_case_row(case) for case in changes.changed.values() if case.id not in fresh]


def _cases_with(chain: Sequence[Entry], kind: type[e.Event]) -> list[dict[str, object]]:
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


def _event_row(entry: Entry) -> dict[str, object]:
    return {
        "case_id": entry.case.id,
        "seq": entry.case.version,
        "kind": entry.event.kind,
        "at": entry.event.at,
        "actor": entry.event.actor,
        "canon": entry.canon,
        "hash": entry.case.head.hex(),
    }


def _outbox_row(entry: Entry, city: str) -> dict[str, object]:
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


_ENDINGS: Final = frozenset({"closed", "voided", "rejected"})
"""A case that is merged into another has not ended for those who reported it."""


def _outcome_row(entry: Entry, city: str) -> dict[str, object]:
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


def _begun_deadlines(changes: Changes, chain: Sequence[Entry]) -> list[dict[str, object]]:
    """The milestones that cases are opened with, and whatever the events say that begins."""
    milestones = [(one.case.id, one.due) for one in changes.opened]
    begun = [(entry.case.id, entry.event.began) for entry in chain]
    return [
        {"case_id": case_id, "kind": kind, "due_at": due_at}
        for case_id, due in milestones + begun
        for kind, due_at in due.items()
    ]


def _part_rows(changes: Changes) -> list[dict[str, object]]:
    return [
        {"case_id": case.id, **asdict(part)}
        for case in changes.changed.values()
        for part in case.parts
    ]
