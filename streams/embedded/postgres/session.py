"""A connection that comes back by itself, and one that listens."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from streams.embedded.bell import Bell
from streams.embedded.errors import LogMissing, LogUnavailable
from streams.embedded.postgres.records import Connection

T = TypeVar("T")

LOST: Final = (psycopg.OperationalError, psycopg.InterfaceError)
CONNECT_S: Final = 2
RETRY_S: Final = 0.25
"""Pause between attempts to reach the database; it does not grow, so coming back is prompt."""


class Session:
    """One autocommit connection, opened on first use and again whenever it was lost."""

    def __init__(self, conninfo: str, name: str) -> None:
        self._conninfo, self._name = conninfo, name
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do *work* on the connection; a second time, on a new one, if it was lost meanwhile.

        So *work* must be right when done twice. Raises LogUnavailable, LogMissing.
        """
        async with self._turn:
            with contextlib.suppress(*LOST):
                return await self._attempt(work)
            try:
                return await self._attempt(work)
            except LOST as err:
                raise LogUnavailable(str(err).strip()) from err

    async def close(self) -> None:
        """Close the connection if there is one."""
        async with self._turn:
            await self._drop()

    async def _attempt(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        if self._connection is None:
            self._connection = await connect(self._conninfo, self._name)
        try:
            return await work(self._connection)
        except (errors.UndefinedTable, errors.InvalidSchemaName) as err:
            raise LogMissing from err
        except (*LOST, asyncio.CancelledError):
            # Cancelled in the middle, a connection may be anywhere in its conversation.
            await self._drop()
            raise

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


class Listener:
    """Rings bells for what the database announces, from open to close."""

    def __init__(self, conninfo: str, bells: dict[str, Bell]) -> None:
        self._conninfo, self._bells = conninfo, bells
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to listen, in the running loop."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen_for_ever(), name="log listener")

    async def close(self) -> None:
        """Stop listening."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _listen_for_ever(self) -> None:
        while True:
            # Whoever waits also looks again after a while: without a listener all is slower only.
            with contextlib.suppress(*LOST):
                await self._listen()
            await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        async with await connect(self._conninfo, "streamlog listener") as connection:
            for channel in self._bells:
                await connection.execute(f"LISTEN {channel}".encode())
            for bell in self._bells.values():
                bell.ring_for_all()
            async for news in connection.notifies():
                self._bells[news.channel].ring(news.payload)


async def connect(conninfo: str, name: str) -> Connection:
    """A new autocommit connection that notices within seconds when the server is gone."""
    given = conninfo_to_dict(conninfo).get("options") or ""
    return await psycopg.AsyncConnection.connect(
        conninfo,
        autocommit=True,
        application_name=name,
        connect_timeout=CONNECT_S,
        tcp_user_timeout=5000,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        options=f"-c statement_timeout=5s -c idle_in_transaction_session_timeout=10s {given}",
    )
