"""The books as they must be in every snapshot: pairs of counts by SQL of the judge's own.

Both sides of an equation come from tables that are written by different code of the product, so
that a wrong in one of them shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, LiteralString

_COUNTED: Final[LiteralString] = """
    WITH report AS (
           SELECT count(*) AS n,
                  count(*) FILTER (WHERE state = 'cased') AS cased,
                  count(*) FILTER (WHERE state = 'merged') AS merged,
                  count(*) FILTER (WHERE state = 'rejected') AS rejected,
                  count(*) FILTER (WHERE state = 'dead') AS dead,
                  count(*) FILTER (WHERE state = 'accepted') AS in_flight,
                  count(DISTINCT (source, client_key)) AS keys,
                  count(DISTINCT receipt) AS receipts,
                  count(device_seq) AS numbered,
                  count(DISTINCT (source, device_seq)) FILTER (WHERE device_seq IS NOT NULL)
                      AS numbers
             FROM inbox),
         kase AS (
           SELECT count(*) AS n,
                  count(*) FILTER (WHERE closed_at IS NULL) AS open,
                  count(*) FILTER (WHERE state = 'closed') AS closed,
                  count(*) FILTER (WHERE state = 'void') AS void,
                  count(*) FILTER (WHERE overdue) AS overdue,
                  count(*) FILTER (WHERE suspended_at IS NOT NULL) AS suspended,
                  count(*) FILTER (WHERE suspended_at IS NOT NULL
                                     AND state NOT IN ('filed', 'assigned')) AS gone_suspended,
                  count(*) FILTER (WHERE merged_into IS NOT NULL) AS merged,
                  coalesce(sum(reports - merged_reports), 0) AS reports,
                  coalesce(sum(reports) FILTER (WHERE merged_into IS NOT NULL), 0) AS merged_in,
                  coalesce(sum(merged_reports), 0) AS merged_reports,
                  coalesce(sum(version), 0) AS versions
             FROM cases),
         event AS (
           SELECT count(*) AS n,
                  count(*) FILTER (WHERE kind = 'reported') AS reported,
                  count(*) FILTER (WHERE kind = 'merged')
                      - count(*) FILTER (WHERE kind = 'unmerged') AS merged,
                  count(*) FILTER (WHERE kind = 'merged_into')
                      - count(*) FILTER (WHERE kind = 'separated') AS merged_into,
                  count(*) FILTER (WHERE kind = 'case_merged')
                      - count(*) FILTER (WHERE kind = 'case_unmerged') AS case_merged,
                  count(*) FILTER (WHERE kind = 'overdue') AS overdue,
                  count(*) FILTER (WHERE kind = 'stage_overdue') AS stage_overdue,
                  count(*) FILTER (WHERE kind = 'suspended')
                      - count(*) FILTER (WHERE kind = 'resumed') AS suspended,
                  count(*) FILTER (WHERE kind = 'involved') AS involved,
                  count(*) FILTER (WHERE kind IN ('part_finished', 'part_released'))
                      AS parts_ended,
                  count(DISTINCT case_id) FILTER (WHERE kind = 'overdue') AS overdue_cases
             FROM case_event),
         at_head AS (
           SELECT count(*) AS n
             FROM cases c
             JOIN case_event e ON e.case_id = c.id AND e.seq = c.version AND e.hash = c.head),
         worked AS (
           SELECT count(*) AS n
             FROM cases c
            WHERE c.state = 'closed'
              AND EXISTS (SELECT FROM case_event e
                           WHERE e.case_id = c.id AND e.kind IN ('assigned', 'self_handled'))
              AND EXISTS (SELECT FROM case_event e
                           WHERE e.case_id = c.id AND e.kind IN ('handled', 'self_handled'))
              AND EXISTS (SELECT FROM case_event e
                           WHERE e.case_id = c.id AND e.kind = 'verified')),
         told AS (
           SELECT count(*) FILTER (WHERE topic = 'case-events.v1') AS n,
                  count(position) AS numbered, coalesce(max(position), 0) AS last
             FROM outbox),
         told_event AS (
           SELECT count(*) AS n
             FROM case_event e
             JOIN outbox o ON o.dedup = 'case-' || e.case_id || '-' || e.seq),
         head AS (SELECT position AS last FROM log_head),
         carried AS (SELECT position AS last FROM log_carried),
         due AS (
           SELECT count(*) AS n,
                  count(*) FILTER (WHERE state = 'met') AS met,
                  count(*) FILTER (WHERE state = 'fired') AS fired,
                  count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
                  count(*) FILTER (WHERE state = 'pending') AS pending
             FROM deadline),
         stale_due AS (
           SELECT count(*) AS n
             FROM deadline d
             JOIN cases c ON c.id = d.case_id
            WHERE d.state = 'pending' AND c.closed_at IS NOT NULL),
         part AS (
           SELECT count(*) AS n,
                  count(*) FILTER (WHERE ended_at IS NOT NULL) AS ended
             FROM case_part),
         waited_for AS (
           SELECT count(*) AS n
             FROM case_part p
             JOIN cases c ON c.id = p.case_id
            WHERE p.ended_at IS NULL AND c.state NOT IN ('filed', 'assigned')),
         sending AS (
           SELECT count(*) AS n,
                  count(*) FILTER (WHERE state = 'sent') AS sent,
                  count(*) FILTER (WHERE state = 'pending') AS pending,
                  count(*) FILTER (WHERE state = 'dead') AS dead
             FROM delivery),
         owed AS (
           SELECT count(*) AS n
             FROM destination t
             JOIN outbox o ON o.id > t.after_event
                          AND (t.last_event IS NULL OR o.id <= t.last_event)
             JOIN case_event e ON o.dedup = 'case-' || e.case_id || '-' || e.seq
            WHERE t.kinds = '{}' OR e.kind = ANY(t.kinds))
"""

EQUATIONS: Final[Mapping[str, tuple[LiteralString, LiteralString]]] = {
    "accepted = cased + merged + rejected + dead + in flight": (
        "report.n",
        "kase.n + event.merged + report.rejected + report.dead + report.in_flight",
    ),
    "cased reports = cases": ("report.cased", "kase.n"),
    "cases = events 'reported'": ("kase.n", "event.reported"),
    "merged reports = events 'merged' - 'unmerged'": ("report.merged", "event.merged"),
    "cased + merged = reports counted in cases": ("report.cased + report.merged", "kase.reports"),
    "reports = keys": ("report.n", "report.keys"),
    "reports = receipts": ("report.n", "report.receipts"),
    "reports of devices = their sequence numbers": ("report.numbered", "report.numbers"),
    "cases = open + closed + void": ("kase.n", "kase.open + kase.closed + kase.void"),
    "closed cases = cases that were assigned, handled and verified": ("kase.closed", "worked.n"),
    "cases = cases that stand at their last event": ("kase.n", "at_head.n"),
    "versions of cases = events": ("kase.versions", "event.n"),
    "events = outbox rows": ("event.n", "told.n"),
    "events = events told in the outbox": ("event.n", "told_event.n"),
    "numbered outbox rows = last position": ("told.numbered", "told.last"),
    "last position = head of the log": ("told.last", "head.last"),
    "carried positions are numbered": ("least(carried.last, head.last)", "carried.last"),
    "deadlines = met + fired + cancelled + pending": (
        "due.n",
        "due.met + due.fired + due.cancelled + due.pending",
    ),
    "fired deadlines = events 'overdue' + 'stage_overdue'": (
        "due.fired",
        "event.overdue + event.stage_overdue",
    ),
    "suspended cases = events 'suspended' - 'resumed'": ("kase.suspended", "event.suspended"),
    "no case is suspended but before or at work": ("kase.gone_suspended", "0"),
    "merged cases = events 'merged_into' - 'separated'": ("kase.merged", "event.merged_into"),
    "merged cases = events 'case_merged' - 'case_unmerged'": ("kase.merged", "event.case_merged"),
    "reports of merged cases = reports counted again": ("kase.merged_in", "kase.merged_reports"),
    "tasks of helpers = events 'involved'": ("part.n", "event.involved"),
    "ended tasks of helpers = events that ended them": ("part.ended", "event.parts_ended"),
    "no helper is waited for once the work is done": ("waited_for.n", "0"),
    "overdue cases = cases with an event 'overdue'": ("kase.overdue", "event.overdue_cases"),
    "no deadline is pending in an ended case": ("stale_due.n", "0"),
    "deliveries = sent + pending + dead": (
        "sending.n",
        "sending.sent + sending.pending + sending.dead",
    ),
    "deliveries = outbox rows owed to destinations": ("sending.n", "owed.n"),
}
"""What must be equal: name → both sides, as SQL over the counts."""

_SIDES: Final[LiteralString] = ", ".join(
    f"({left})::bigint, ({right})::bigint" for left, right in EQUATIONS.values()
)
_FROM: Final[LiteralString] = (
    " FROM report, kase, event, at_head, worked, told, told_event, head, carried, due,"
    " stale_due, part, waited_for, sending, owed"
)
QUERY: Final[LiteralString] = _COUNTED + " SELECT " + _SIDES + _FROM
"""One row: left and right of every equation, in order."""
