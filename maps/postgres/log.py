"""The numbered log and the board as PostgreSQL has them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, LiteralString

import psycopg

from dispatch.case import State
from maps.board import Board, Marker, Scope
from maps.errors import LogAway
from maps.patch import Row

CHANNEL: Final = "citygrid_log"

_HEAD: Final = "SELECT position FROM log_head"

_ROWS: Final = """
    SELECT position, topic, payload
      FROM outbox
     WHERE position > %(position)s
     ORDER BY position
     LIMIT %(limit)s
"""

# The field order is that of `Marker`; times are written as the log writes them.
_OPEN_CASES: Final = """
    SELECT id, number, state::text, category, severity, cell, areas, department,
           ST_X(position), ST_Y(position),
           to_char(reported_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           overdue, reports, version, address,
           to_char(suspended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), helpers
      FROM cases
     WHERE closed_at IS NULL
       AND (%(city)s OR department = ANY(%(departments)s) OR areas && %(areas)s
            OR helpers && %(departments)s)
"""


async def read_board(conn: psycopg.AsyncConnection[Any], scope: Scope) -> Board:
    """The open cases of the scope and the last numbered row, both of one moment.

    *conn* must be at the start of a transaction; it is made a read-only snapshot.
    """
    await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    [position] = await _one(conn, _HEAD)
    cursor = await conn.execute(
        _OPEN_CASES,
        {
            "city": scope.city,
            "departments": sorted(scope.departments),
            "areas": sorted(scope.areas),
        },
    )
    rows = await cursor.fetchall()
    return Board.of(position, [_marker(row) for row in rows])


class PostgresLog:
    """The log over one connection in autocommit mode that listens for announcements."""

    def __init__(self, conn: psycopg.AsyncConnection[Any]) -> None:
        self._conn = conn
        self._listens = False

    async def listen(self) -> None:
        """Listen for announcements; on a standby nothing is announced until it is promoted."""
        with _away(), suppress(psycopg.errors.ReadOnlySqlTransaction):
            await self._conn.execute(f"LISTEN {CHANNEL}")
            self._listens = True

    async def head(self) -> int:
        """See `maps.ports.Log`."""
        with _away():
            [position] = await _one(self._conn, _HEAD)
            return position

    async def rows_since(self, position: int, limit: int) -> Sequence[Row]:
        """See `maps.ports.Log`."""
        with _away():
            cursor = await self._conn.execute(_ROWS, {"position": position, "limit": limit})
            return [Row(*row) for row in await cursor.fetchall()]

    async def news(self, within_s: float) -> int | None:
        """See `maps.ports.Log`."""
        last: int | None = None
        if not self._listens:
            await self.listen()
        with _away():
            async for notice in self._conn.notifies(timeout=within_s, stop_after=1):
                last = max(last or 0, int(notice.payload or 0))
        return last


class PostgresLogDoor:
    """Opens the log of one database, given as a libpq URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[PostgresLog]:
        """A connection of its own; raises `LogAway`."""
        with _away():
            conn = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=5,
                options="-c statement_timeout=10s",
                application_name="citygrid live map",
            )
        async with conn:
            log = PostgresLog(conn)
            await log.listen()
            yield log


async def read_log_name(url: str) -> str:
    """What tells the log of this database from any other; raises `LogAway`."""
    with _away():
        conn = await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=5)
    async with conn:
        with _away():
            [name] = await _one(conn, "SELECT name::text FROM log_head")
    return name


class _away:
    """Says `LogAway` for whatever PostgreSQL or the network has to complain about."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate."""
        if isinstance(error, psycopg.OperationalError | OSError):
            raise LogAway(str(error).strip()) from error


async def _one(conn: psycopg.AsyncConnection[Any], query: LiteralString) -> tuple[Any, ...]:
    row = await (await conn.execute(query)).fetchone()
    return row or (0,)


def _marker(row: tuple[Any, ...]) -> Marker:
    case_id, number, state, category, severity, cell, areas, *rest = row
    rest[-1] = tuple(rest[-1])
    return Marker(case_id, number, State(state), category, severity, cell, tuple(areas), *rest)
