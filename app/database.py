"""Connections to PostgreSQL, bounded and quick to come back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from typing import Final

import psycopg
from psycopg import AsyncConnection, errors, sql

TRANSIENT: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.ReadOnlySqlTransaction,
    errors.IdleInTransactionSessionTimeout,
)
"""What passes when the database is back: lost connection, deadlock, lock or statement timeout, no
room on the disk, no connection left, starting up, taking no changes."""

_OPTIONS: Final = (
    "-c statement_timeout=30s -c lock_timeout=5s "
    "-c idle_in_transaction_session_timeout=15s -c timezone=UTC"
)


class DatabaseAway(Exception):
    """PostgreSQL cannot be reached; nothing was written, the same can be tried again."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database is away: {reason}")
        self.reason = reason


class SchemaBehind(Exception):
    """The database lacks migrations that this version of the program was written for."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(f"the schema lacks {', '.join(missing)}: run `citygrid migrate` first")
        self.missing = tuple(missing)


class SchemaUnfit(DatabaseAway):
    """A statement of ours does not fit the tables; it will once program and schema do."""


class Database:
    """At most *size* connections, lent one at a time.

    A broken connection is replaced at the next loan without any back-off: after an outage the
    first caller already gets a fresh one. (A pool whose back-off grew kept phones waiting for
    minutes.)

    *disk_full_at* is when something could last not be written for want of room, in seconds of the
    monotonic clock; None: never, or it has gone since.
    """

    def __init__(self, url: str, size: int = 8) -> None:
        self.url = url
        self.disk_full_at: float | None = None
        self._idle: list[AsyncConnection] = []
        self._free = asyncio.Semaphore(size)

    async def open(self) -> None:
        """Connect once, so that a wrong address shows at the start. Raises DatabaseAway."""
        with _told_as_away():
            async with self.connection() as conn:
                await conn.execute("SELECT 1")

    async def require_schema(self) -> None:
        """See that every migration we know was applied. Raises SchemaBehind and DatabaseAway.

        A process that is newer than its schema fails at every statement: a worker would give up
        one good report after the other.
        """
        with _told_as_away():
            async with self.session() as conn:
                missing = await _unapplied(conn)
        if missing:
            raise SchemaBehind(missing)

    async def close(self) -> None:
        """Close the connections that nobody holds."""
        while self._idle:
            await self._idle.pop().close()

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[AsyncConnection]:
        """A connection in a transaction: committed on a clean exit, rolled back on an error.

        Raises DatabaseAway when no connection can be made.
        """
        async with self._lent() as conn, conn.transaction():
            yield conn

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncConnection]:
        """A connection outside any transaction, in autocommit."""
        async with self._lent() as conn:
            yield conn

    @asynccontextmanager
    async def _lent(self) -> AsyncGenerator[AsyncConnection]:
        async with self._free:
            conn = self._take() or await connect(self.url)
            try:
                yield conn
            except errors.DiskFull:
                self.disk_full_at = time.monotonic()
                raise
            finally:
                await self._give_back(conn)

    def _take(self) -> AsyncConnection | None:
        while self._idle:
            conn = self._idle.pop()
            if not (conn.closed or conn.broken):
                return conn
        return None

    async def _give_back(self, conn: AsyncConnection) -> None:
        idle = psycopg.pq.TransactionStatus.IDLE
        if not conn.closed and conn.info.transaction_status == idle:
            self._idle.append(conn)
        else:
            await conn.close()


async def connect(url: str) -> AsyncConnection:
    """One connection in autocommit with our timeouts. Raises DatabaseAway."""
    try:
        return await AsyncConnection.connect(
            url, autocommit=True, connect_timeout=2, tcp_user_timeout=5000, options=_OPTIONS
        )
    except psycopg.OperationalError as err:
        raise DatabaseAway(first_line(err)) from err


@contextmanager
def _told_as_away() -> Generator[None]:
    """A server that goes away in the middle is as much away as one that never answered."""
    try:
        yield
    except TRANSIENT as err:
        raise DatabaseAway(first_line(err)) from err


def first_line(err: Exception) -> str:
    """What the server said, without the lines that follow."""
    return next(iter(str(err).strip().splitlines()), "no answer")


async def wake_ups(url: str, *channels: str, every_s: float) -> AsyncIterator[None]:
    """A tick whenever one of the channels is notified, and at least every *every_s* seconds.

    Reconnects by itself; notifications missed meanwhile are made good by the next tick. Ticks do
    not queue up: many notifications in one moment are one tick. A standby cannot be listened to:
    there only the clock ticks, until it is promoted.
    """
    while True:
        try:
            async with await connect(url) as conn:
                listening = await _listen(conn, channels)
                yield
                while True:
                    async for _ in conn.notifies(timeout=every_s, stop_after=1):
                        pass
                    listening = listening or await _listen(conn, channels)
                    yield
        except (DatabaseAway, *TRANSIENT):
            await asyncio.sleep(min(every_s, 0.2))
            yield


async def _listen(conn: AsyncConnection, channels: Collection[str]) -> bool:
    """Listen to the channels; False where that cannot be, on a standby."""
    try:
        for channel in channels:
            await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
    except errors.ReadOnlySqlTransaction:
        return False
    return True


async def _unapplied(conn: AsyncConnection) -> list[str]:
    try:
        found = await conn.execute("SELECT migration_id FROM _yoyo_migration")
        applied = {name for (name,) in await found.fetchall()}
    except errors.UndefinedTable:
        applied = set[str]()
    files = (resources.files("app") / "migrations").iterdir()
    known = {file.name.removesuffix(".sql") for file in files if file.name.endswith(".sql")}
    return sorted(known - applied)
