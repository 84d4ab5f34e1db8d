"""Notices: claimed under a lease, settled by what the other side said, sent again when dead.

As deliveries are (`dispatch.postgres.deliveries`), and by the same rules; but each is to a person
or to those who were told, on a channel that may be set up later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from dispatch.delivery import LEASE, LONGEST_PAUSE, Letter
from dispatch.postgres.deliveries import Backlog, Failure
from dispatch.postgres.escalations import NOTICE_CHANNEL

_CLAIM: Final = """
    WITH free AS (
           SELECT n.id
             FROM notice n
            WHERE n.channel = %(channel)s
              AND n.state = 'pending'
              AND (n.next_at IS NULL
                   OR n.next_at NOT BETWEEN clock_timestamp()
                                        AND clock_timestamp() + %(longest_pause)s)
              AND (n.leased_until IS NULL
                   OR n.leased_until NOT BETWEEN clock_timestamp()
                                             AND clock_timestamp() + %(lease)s)
            ORDER BY n.next_at NULLS FIRST, n.id
            LIMIT %(limit)s
              FOR UPDATE OF n SKIP LOCKED)
    UPDATE notice n
       SET leased_until = clock_timestamp() + %(lease)s, attempts = n.attempts + 1
      FROM free
     WHERE n.id = free.id
    RETURNING n.id, n.dedup, n.payload, n.attempts
"""

_SENT: Final = """
    UPDATE notice
       SET state = 'sent', sent_at = clock_timestamp(), leased_until = NULL, next_at = NULL
     WHERE id = ANY(%(ids)s) AND state <> 'sent'
"""

_FAILED: Final = """
    UPDATE notice n
       SET state = CASE WHEN n.attempts >= %(most)s THEN 'dead' ELSE 'pending' END,
           next_at = CASE WHEN n.attempts < %(most)s
                          THEN clock_timestamp() + make_interval(secs => r.pause_s) END,
           last_error = r.problem,
           leased_until = NULL
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(id bigint, problem text, pause_s float8)
     WHERE n.id = r.id AND n.state = 'pending'
"""


@dataclass(frozen=True, slots=True)
class Channel:
    """A way out as an administrator set it up; *secret* signs, or is the password of *login*."""

    name: str
    url: str
    secret: str | None = None
    login: str | None = None
    sender: str | None = None


async def claim(conn: AsyncConnection, channel: str, limit: int) -> list[Letter]:
    """Lease the next notices on this channel, oldest first; those of others are skipped."""
    async with conn.cursor(row_factory=class_row(Letter)) as cur:
        await cur.execute(
            _CLAIM,
            {
                "channel": channel,
                "limit": limit,
                "lease": LEASE,
                "longest_pause": LONGEST_PAUSE,
            },
        )
        return sorted(await cur.fetchall(), key=lambda letter: letter.id)


async def settle(
    conn: AsyncConnection, sent: Sequence[int], failed: Sequence[Failure], *, most: int
) -> None:
    """Write what became of claimed notices; a failure at the attempt *most* makes one dead.

    Saying it again changes nothing, so that it can be repeated when the answer was lost.
    """
    if sent:
        await conn.execute(_SENT, {"ids": list(sent)})
    if failed:
        rows = [
            {"id": one.id, "problem": one.problem, "pause_s": one.pause.total_seconds()}
            for one in failed
        ]
        told = msgspec.json.encode(rows).decode()
        await conn.execute(_FAILED, {"rows": told, "most": most})


async def list_channels(conn: AsyncConnection) -> list[Channel]:
    """The channels that are set up, by name."""
    async with conn.cursor(row_factory=class_row(Channel)) as cur:
        await cur.execute("SELECT name, url, secret, login, sender FROM channel ORDER BY name")
        return await cur.fetchall()


async def set_channel(conn: AsyncConnection, channel: Channel) -> bool:
    """Set a channel up, or up anew; True. What waits for it is sent there."""
    await conn.execute(
        """
        INSERT INTO channel (name, url, secret, login, sender)
        VALUES (%(name)s, %(url)s, %(secret)s, %(login)s, %(sender)s)
            ON CONFLICT (name) DO UPDATE
           SET url = excluded.url, secret = excluded.secret, login = excluded.login,
               sender = excluded.sender, set_at = clock_timestamp()
        """,
        {
            "name": channel.name,
            "url": channel.url,
            "secret": channel.secret,
            "login": channel.login,
            "sender": channel.sender,
        },
    )
    await conn.execute("SELECT pg_notify(%s, '')", [NOTICE_CHANNEL])
    return True


async def remove_channel(conn: AsyncConnection, name: str) -> bool:
    """Send nothing there any more; False when it was not set up. What is owed waits."""
    done = await conn.execute("DELETE FROM channel WHERE name = %s", [name])
    await conn.execute("SELECT pg_notify(%s, '')", [NOTICE_CHANNEL])
    return done.rowcount == 1


async def tally(conn: AsyncConnection) -> dict[str, dict[str, int]]:
    """By channel and state, how many notices there are; of channels not set up as well."""
    found = await conn.execute(
        "SELECT channel, state, count(*) FROM notice GROUP BY channel, state"
    )
    counts: dict[str, dict[str, int]] = {}
    for channel, state, count in await found.fetchall():
        counts.setdefault(channel, {})[state] = count
    return counts


async def backlogs(conn: AsyncConnection) -> list[Backlog]:
    """What every channel with something to send has still to send."""
    async with conn.cursor(row_factory=class_row(Backlog)) as cur:
        await cur.execute(
            """
            SELECT 'notices:' || channel AS destination, count(*) AS pending,
                   extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS oldest_s
              FROM notice
             WHERE state = 'pending'
             GROUP BY channel
             ORDER BY channel
            """
        )
        return await cur.fetchall()


async def count_dead(conn: AsyncConnection) -> int:
    """How many notices are dead."""
    found = await conn.execute("SELECT count(*) FROM notice WHERE state = 'dead'")
    [count] = await found.fetchone() or (0,)
    return count


async def list_notices(
    conn: AsyncConnection, case_id: int | None, state: str | None, limit: int = 500
) -> list[dict[str, Any]]:
    """Notices, newest first: of a case, in a state, or all."""
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            """
            SELECT n.id, e.case_id AS "case", e.step, n.channel, n.person, n.state, n.attempts,
                   n.last_error, n.created_at, n.sent_at
              FROM notice n
              JOIN escalation e ON e.id = n.escalation
             WHERE (%(case)s::bigint IS NULL OR e.case_id = %(case)s)
               AND (%(state)s::text IS NULL OR n.state = %(state)s)
             ORDER BY n.id DESC
             LIMIT %(limit)s
            """,
            {"case": case_id, "state": state, "limit": limit},
        )
        return await cur.fetchall()


async def replay(conn: AsyncConnection, notice_ids: Sequence[int]) -> list[int]:
    """Owe dead notices again, at once; the ids of those that were dead and have somewhere to go."""
    found = await conn.execute(
        """
        UPDATE notice n
           SET state = 'pending', attempts = 0
         WHERE n.id = ANY(%s) AND n.state = 'dead' AND n.attempts > 0
        RETURNING n.id
        """,
        [list(notice_ids)],
    )
    replayed = sorted(row[0] for row in await found.fetchall())
    if replayed:
        await conn.execute("SELECT pg_notify(%s, '')", [NOTICE_CHANNEL])
    return replayed
