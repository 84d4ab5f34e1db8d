"""Notices: told to a person or to all who are told, on a channel that may be set up later.

They are sent as `leases` says, like deliveries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from dispatch.postgres.escalations import NOTICE_CHANNEL
from dispatch.postgres.leases import Backlog, Leases

NOTICES: Final = Leases(
    table="notice", receiver="channel", channel=NOTICE_CHANNEL, may_go_again="w.attempts > 0"
)
"""By channel, of channels not set up as well; what nobody said where to send was dead at once."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A way out as an administrator set it up; *secret* signs, or is the password of *login*."""

    name: str
    url: str
    secret: str | None = None
    login: str | None = None
    sender: str | None = None


async def list_channels(conn: AsyncConnection) -> list[Channel]:
    """The channels that are set up, by name."""
    async with conn.cursor(row_factory=class_row(Channel)) as cur:
        await cur.execute("SELECT name, url, secret, login, sender FROM channel ORDER BY name")
        return await cur.fetchall()


async def set_channel(conn: AsyncConnection, channel: Channel) -> None:
    """Set a channel up, or up anew. What waits for it is sent there."""
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


async def remove_channel(conn: AsyncConnection, name: str) -> bool:
    """Send nothing there any more; False when it was not set up. What is owed waits."""
    done = await conn.execute("DELETE FROM channel WHERE name = %s", [name])
    await conn.execute("SELECT pg_notify(%s, '')", [NOTICE_CHANNEL])
    return done.rowcount == 1


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
