"""Destinations: added and ended between two events, never in the middle of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from dispatch.delivery import ENDED, Destination
from dispatch.errors import DestinationExists

DESTINATION_CHANNEL: Final = "citygrid_destination"
"""NOTIFY channel: destinations were added or ended, or dead deliveries are owed again."""


async def add_destination(
    conn: AsyncConnection, name: str, url: str, secret: str | None, kinds: Sequence[str] = ()
) -> None:
    """Owe the destination every event from here on. Raises DestinationExists.

    *conn* is in a transaction; events wait for its end. The arguments were checked.
    """
    await between_events(conn)
    try:
        await conn.execute(
            """
            INSERT INTO destination (name, url, secret, kinds, after_event)
            SELECT %s, %s, %s, %s, coalesce(max(id), 0) FROM outbox
            """,
            [name, url, secret, list(kinds)],
        )
    except UniqueViolation as err:
        raise DestinationExists(name) from err
    await _tell(conn)


async def end_destination(conn: AsyncConnection, name: str) -> bool:
    """Owe it nothing more and send it nothing more; False when none of that name is in force.

    *conn* is in a transaction; events wait for its end. What was owed is dead.
    """
    await between_events(conn)
    done = await conn.execute(
        """
        UPDATE destination
           SET ended_at = clock_timestamp(),
               last_event = (SELECT coalesce(max(id), 0) FROM outbox)
         WHERE name = %s AND ended_at IS NULL
        """,
        [name],
    )
    await conn.execute(
        """
        UPDATE delivery
           SET state = 'dead', leased_until = NULL, next_at = NULL, last_error = %(why)s
         WHERE destination = %(name)s AND state = 'pending'
        """,
        {"name": name, "why": ENDED},
    )
    await _tell(conn)
    return done.rowcount == 1


async def list_destinations(conn: AsyncConnection) -> list[Destination]:
    """All there are and were, by name."""
    async with conn.cursor(row_factory=class_row(Destination)) as cur:
        await cur.execute(
            "SELECT name, url, secret, kinds, added_at, ended_at FROM destination ORDER BY name"
        )
        return await cur.fetchall()


async def in_force(conn: AsyncConnection) -> list[Destination]:
    """Those that are told of what happens now."""
    return [one for one in await list_destinations(conn) if one.ended_at is None]


async def between_events(conn: AsyncConnection) -> None:
    """Wait until nobody is in the middle of writing events, and let nobody begin until the end."""
    # Whoever writes events holds ROW SHARE on this table before the first id is drawn, until the
    # commit. So nobody is in the middle of it now, and the ids up to max(id) are all there will be.
    await conn.execute("LOCK TABLE destination IN EXCLUSIVE MODE")


async def among_events(conn: AsyncConnection) -> None:
    """Be as who is in the middle of writing events, from now to the end; waits for no case.

    For whoever will write events with locks that must not be held while waiting for this one.
    """
    await conn.execute("LOCK TABLE destination IN ROW SHARE MODE")


async def _tell(conn: AsyncConnection) -> None:
    await conn.execute("SELECT pg_notify(%s, '')", [DESTINATION_CHANNEL])
