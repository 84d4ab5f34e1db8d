"""What waits to be sent: claimed under a lease, settled by what the other side said, sent again.

Deliveries and notices are kept by it, each in a table of its own. A lease or a pause that ends
later than any can have been set was made by a clock that has been put back since; it does not
count. To send twice under one key does no harm, to send days late does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, LiteralString

import msgspec
from psycopg import AsyncConnection, sql
from psycopg.rows import class_row

from dispatch.delivery import LEASE, LONGEST_PAUSE, Letter

_CLAIM: Final[LiteralString] = """
    WITH free AS (
           SELECT w.id
             FROM {table} w
            WHERE w.{receiver} = %(receiver)s
              AND w.state = 'pending'
              AND {may_go}
              AND (w.next_at IS NULL
                   OR w.next_at NOT BETWEEN clock_timestamp()
                                        AND clock_timestamp() + %(longest_pause)s)
              AND (w.leased_until IS NULL
                   OR w.leased_until NOT BETWEEN clock_timestamp()
                                             AND clock_timestamp() + %(lease)s)
            ORDER BY w.next_at NULLS FIRST, w.id
            LIMIT %(limit)s
              FOR UPDATE OF w SKIP LOCKED)
    UPDATE {table} w
       SET leased_until = clock_timestamp() + %(lease)s, attempts = w.attempts + 1
      FROM free
     WHERE w.id = free.id
    RETURNING w.id, w.dedup, {payload} AS payload, w.attempts
"""

# Said yes after the lease had ended or the destination too: it has it, and the books say so.
_SENT: Final[LiteralString] = """
    UPDATE {table}
       SET state = 'sent', sent_at = clock_timestamp(), leased_until = NULL, next_at = NULL
     WHERE id = ANY(%(ids)s) AND state <> 'sent'
"""

_FAILED: Final[LiteralString] = """
    UPDATE {table} w
       SET state = CASE WHEN w.attempts >= %(most)s THEN 'dead' ELSE 'pending' END,
           next_at = CASE WHEN w.attempts < %(most)s
                          THEN clock_timestamp() + make_interval(secs => r.pause_s) END,
           last_error = r.problem,
           leased_until = NULL
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, problem text, pause_s float8)
     WHERE w.id = r.id AND w.state = 'pending'
"""

_TALLY: Final[LiteralString] = """
    SELECT {receiver}, state, count(*)
      FROM {table}
     GROUP BY {receiver}, state
"""

_REPLAY: Final[LiteralString] = """
    UPDATE {table} w
       SET state = 'pending', attempts = 0
     WHERE w.id = ANY(%(ids)s) AND w.state = 'dead' AND {may_go_again}
    RETURNING w.id
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt without a yes: *problem* in a few words, and how long to wait for the next."""

    id: int
    problem: str
    pause: timedelta


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one destination in force has still to get; *oldest_s* is 0 when there is nothing."""

    destination: str
    pending: int
    oldest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Leases:
    """A table of what waits to be sent; *receiver* is its column that says to whom.

    *payload* gives what is sent, *may_go* whether it may be at all, *may_go_again* whether it may
    when it was dead: SQL over a row `w`. *channel* is notified when something is owed again.
    """

    table: LiteralString
    receiver: LiteralString
    channel: LiteralString
    payload: LiteralString = "w.payload"
    may_go: LiteralString = "true"
    may_go_again: LiteralString = "true"

    async def claim(self, conn: AsyncConnection, receiver: str, limit: int) -> list[Letter]:
        """Lease what is next for this receiver, oldest first; what others are at is skipped."""
        values = {
            "receiver": receiver,
            "limit": limit,
            "lease": LEASE,
            "longest_pause": LONGEST_PAUSE,
        }
        async with conn.cursor(row_factory=class_row(Letter)) as cur:
            await cur.execute(self._of_table(_CLAIM), values)
            return sorted(await cur.fetchall(), key=lambda letter: letter.id)

    async def settle(
        self, conn: AsyncConnection, sent: Sequence[int], failed: Sequence[Failure], *, most: int
    ) -> None:
        """Write what became of what was claimed; a failure at the attempt *most* makes it dead.

        Saying it again changes nothing, so that it can be repeated when the answer was lost.
        """
        if sent:
            await conn.execute(self._of_table(_SENT), {"ids": list(sent)})
        if failed:
            rows = [
                {"id": one.id, "problem": one.problem, "pause_s": one.pause.total_seconds()}
                for one in failed
            ]
            told = msgspec.json.encode(rows).decode()
            await conn.execute(self._of_table(_FAILED), {"rows": told, "most": most})

    async def replay(self, conn: AsyncConnection, ids: Sequence[int]) -> list[int]:
        """Owe again, at once, what is dead; the ids of what was, and may go again."""
        found = await conn.execute(self._of_table(_REPLAY), {"ids": list(ids)})
        replayed = sorted(row[0] for row in await found.fetchall())
        if replayed:
            await conn.execute("SELECT pg_notify(%s, '')", [self.channel])
        return replayed

    async def tally(self, conn: AsyncConnection) -> dict[str, dict[str, int]]:
        """By receiver and state, how many there are."""
        found = await conn.execute(self._of_table(_TALLY))
        counts: dict[str, dict[str, int]] = {}
        for receiver, state, count in await found.fetchall():
            counts.setdefault(receiver, {})[state] = count
        return counts

    async def count_dead(self, conn: AsyncConnection) -> int:
        """How many are dead."""
        query: LiteralString = "SELECT count(*) FROM {table} WHERE state = 'dead'"
        found = await conn.execute(self._of_table(query))
        [count] = await found.fetchone() or (0,)
        return count

    def _of_table(self, statement: LiteralString) -> sql.Composed:
        return sql.SQL(statement).format(
            table=sql.Identifier(self.table),
            receiver=sql.Identifier(self.receiver),
            payload=sql.SQL(self.payload),
            may_go=sql.SQL(self.may_go),
            may_go_again=sql.SQL(self.may_go_again),
        )
