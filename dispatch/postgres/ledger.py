"""Counting for the books, in one snapshot."""

from __future__ import annotations

from typing import Final, LiteralString

from psycopg import AsyncConnection, IsolationLevel
from psycopg.rows import class_row, dict_row

from dispatch.ledger import Books, Inbox, Owed

_COUNTS: Final = """
    SELECT (SELECT count(*) FROM cases) AS cases,
           (SELECT count(*) FROM cases WHERE closed_at IS NULL) AS cases_open,
           (SELECT count(*) FROM cases WHERE state IN ('closed', 'void')) AS cases_ended,
           (SELECT count(*) FROM cases c JOIN case_event e
                ON e.case_id = c.id AND e.seq = c.version AND e.hash = c.head) AS cases_at_head,
           (SELECT count(*) FROM cases WHERE suspended_at IS NOT NULL) AS cases_suspended,
           (SELECT count(*) FROM cases WHERE merged_into IS NOT NULL) AS cases_merged,
           (SELECT coalesce(sum(reports), 0)::bigint FROM cases WHERE merged_into IS NOT NULL)
               AS reports_of_merged_cases,
           (SELECT coalesce(sum(merged_reports), 0)::bigint FROM cases) AS reports_counted_again,
           (SELECT count(*) FROM case_part) AS parts,
           (SELECT count(*) FROM case_part WHERE ended_at IS NOT NULL) AS parts_ended,
           (SELECT coalesce(sum(reports - merged_reports), 0)::bigint FROM cases)
               AS reports_in_cases,
           (SELECT count(*) FROM outbox WHERE topic = 'case-events.v1') AS outbox,
           (SELECT count(*) FROM outbox WHERE position IS NOT NULL) AS outbox_numbered,
           (SELECT position FROM log_head) AS outbox_last,
           (SELECT count(*) FROM deadline) AS deadlines_total,
           (SELECT count(*) FROM delivery) AS deliveries_total,
           (SELECT coalesce(sum(times), 0)::bigint FROM escalation) AS times_escalated,
           (SELECT count(*) FROM escalation WHERE acknowledged_at IS NOT NULL) AS acknowledged,
           (SELECT count(*) FROM notice) AS notices_total,
           (SELECT count(*) FROM inbox WHERE state = 'accepted'
               AND received_at < clock_timestamp() - interval '60 s') AS overdue_in_flight,
           (SELECT coalesce(sum(missing), 0)::bigint FROM (
               SELECT max(device_seq) - min(device_seq) + 1 - count(DISTINCT device_seq) AS missing
                 FROM inbox WHERE device_seq IS NOT NULL GROUP BY source) AS device) AS holes
"""

# What each destination is owed is read from what it is sent, not from how deliveries are made.
_OWED: Final = """
    SELECT t.name AS destination,
           (SELECT count(*)
              FROM outbox o
             WHERE o.topic = 'case-events.v1'
               AND o.id > t.after_event
               AND (t.last_event IS NULL OR o.id <= t.last_event)
               AND (t.kinds = '{}' OR o.payload::jsonb #>> '{data,kind}' = ANY(t.kinds))) AS owed,
           (SELECT count(*)
              FROM delivery d
              JOIN outbox o ON o.id = d.event AND o.dedup = d.dedup
             WHERE d.destination = t.name) AS written
      FROM destination t
     ORDER BY t.name
"""


async def read_books(conn: AsyncConnection) -> Books:
    """The books in one snapshot. *conn* must not be inside a transaction."""
    await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    try:
        async with conn.transaction():
            return await _counted(conn)
    finally:
        await conn.set_isolation_level(None)


async def _counted(conn: AsyncConnection) -> Books:
    inbox = await _tally(conn, "SELECT state, count(*) FROM inbox GROUP BY state")
    events = await _tally(conn, "SELECT kind, count(*) FROM case_event GROUP BY kind")
    deadlines = await _tally(conn, "SELECT state, count(*) FROM deadline GROUP BY state")
    deliveries = await _tally(conn, "SELECT state, count(*) FROM delivery GROUP BY state")
    notices = await _tally(conn, "SELECT state, count(*) FROM notice GROUP BY state")
    async with conn.cursor(row_factory=class_row(Owed)) as cur:
        await cur.execute(_OWED)
        owed = await cur.fetchall()
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(_COUNTS)
        counts = await cur.fetchone() or {}
    return Books(
        inbox=Inbox(
            accepted=sum(inbox.values()),
            cased=inbox.get("cased", 0),
            merged=inbox.get("merged", 0),
            rejected=inbox.get("rejected", 0),
            dead=inbox.get("dead", 0),
            in_flight=inbox.get("accepted", 0),
        ),
        events=sum(events.values()),
        events_reported=events.get("reported", 0),
        events_merged=events.get("merged", 0),
        events_unmerged=events.get("unmerged", 0),
        events_overdue=events.get("overdue", 0),
        events_stage_overdue=events.get("stage_overdue", 0),
        events_suspended=events.get("suspended", 0),
        events_resumed=events.get("resumed", 0),
        events_involved=events.get("involved", 0),
        events_parts_ended=events.get("part_finished", 0) + events.get("part_released", 0),
        events_escalated=events.get("escalated", 0),
        events_acknowledged=events.get("escalation_acknowledged", 0),
        events_merged_into=events.get("merged_into", 0),
        events_separated=events.get("separated", 0),
        events_case_merged=events.get("case_merged", 0),
        events_case_unmerged=events.get("case_unmerged", 0),
        deadlines=deadlines,
        deliveries=deliveries,
        notices=notices,
        owed=tuple(owed),
        **counts,
    )


async def _tally(conn: AsyncConnection, query: LiteralString) -> dict[str, int]:
    found = await conn.execute(query)
    return {str(name): int(count) for name, count in await found.fetchall()}
