"""The statements that write what was decided, each for all rows of a batch: `%(rows)s` is JSON.

What stands in the rows is made by `dispatch.postgres.rows`; in which order, by `saving`.
"""

from __future__ import annotations

from typing import Final, LiteralString

INSERT_CASES: Final[LiteralString] = """
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

UPDATE_CASES: Final[LiteralString] = """
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
CORRECT_CASES: Final[LiteralString] = """
    UPDATE cases c
       SET category = r.category, severity = r.severity, cell = r.cell,
           grid_version = r.grid_version, areas = r.areas,
           position = ST_SetSRID(ST_MakePoint(r.lon, r.lat), 4326), rerouted_at = r.rerouted_at
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           id bigint, category text, severity smallint, cell text, grid_version integer,
           areas text[], lon float8, lat float8, rerouted_at timestamptz)
     WHERE c.id = r.id
"""

RETURN_CASES: Final[LiteralString] = """
    UPDATE cases c
       SET returned_by = r.returned_by
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, returned_by text[])
     WHERE c.id = r.id
"""

SAVE_PARTS: Final[LiteralString] = """
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

INSERT_EVENTS: Final[LiteralString] = """
    INSERT INTO case_event (case_id, seq, kind, at, actor, canon, hash)
    SELECT r.case_id, r.seq, r.kind, r.at, r.actor, r.canon, decode(r.hash, 'hex')
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           case_id bigint, seq integer, kind text, at timestamptz, actor text, canon text,
           hash text)
"""

# The lock on the destinations comes before the first id is drawn: none begins or ends in between.
INSERT_OUTBOX: Final[LiteralString] = """
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
TELL_REPORTS: Final[LiteralString] = """
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
BEGIN_DEADLINES: Final[LiteralString] = """
    INSERT INTO deadline (case_id, kind, round, due_at)
    SELECT r.case_id, r.kind,
           1 + coalesce((SELECT max(d.round)
                           FROM deadline d
                          WHERE d.case_id = r.case_id AND d.kind = r.kind), 0),
           r.due_at
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           case_id bigint, kind text, due_at timestamptz)
"""

SETTLE: Final[LiteralString] = """
    UPDATE deadline d
       SET state = r.ending, ended_at = %(now)s
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(case_id bigint, kind text, ending text)
     WHERE d.case_id = r.case_id
       AND d.kind = r.kind
       AND d.state = 'pending'
"""

DECIDE_REPORTS: Final[LiteralString] = """
    UPDATE inbox i
       SET state = r.state, case_id = r.case_id, reason = r.reason, decided_at = %(now)s
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           id bigint, state text, case_id bigint, reason text)
     WHERE i.id = r.id
       AND (i.state = 'accepted' OR (i.state = 'merged' AND r.state = 'cased'))
"""

FAIL_REPORTS: Final[LiteralString] = """
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
