"""Faults of PostgreSQL. One at a time: whoever ends leaves a server that answers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

import psycopg

from app.services.errors import ServicesError
from tests.chaos.plan import Fault
from tests.chaos.world import World

_SERVER: Final = "postgres"
_TRIES: Final = 20
_MOST_CALLERS: Final = 350
_BACKENDS: Final = """
    SELECT pid
      FROM pg_stat_activity
     WHERE backend_type = 'client backend'
       AND datname = current_database()
       AND pid <> pg_backend_pid()
     ORDER BY pid
"""


async def stop_at_once(world: World, fault: Fault) -> None:
    """Immediate shutdown: the next start recovers from the log."""
    async with _upset(world):
        world.servers.signal(_SERVER, signal.SIGQUIT)


async def kill_everything(world: World, fault: Fault) -> None:
    """SIGKILL to the postmaster and every backend."""
    async with _upset(world):
        await asyncio.to_thread(world.servers.kill, _SERVER)


async def kill_one_backend(world: World, fault: Fault) -> None:
    """SIGKILL to one backend: the server throws all others out and recovers."""
    async with _upset(world):
        if pid := await _one_backend(world, fault):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


async def end_one_backend(world: World, fault: Fault) -> None:
    """One of our processes loses one connection."""
    async with _upset(world):
        if pid := await _one_backend(world, fault):
            await _tell(world, "SELECT pg_terminate_backend(%s)", pid)


async def stay_away(world: World, fault: Fault) -> None:
    """A proper stop, and nobody there for a while."""
    async with _upset(world):
        await asyncio.to_thread(world.servers.stop, _SERVER)
        await asyncio.sleep(fault.args["for_s"])


async def be_slow(world: World, fault: Fault) -> None:
    """Every answer of the database takes longer, to everybody."""
    routes = [route for route in world.network.routes if route.endswith(">postgres")]
    async with world.turns[_SERVER]:
        try:
            for route in routes:
                await asyncio.to_thread(world.network.delay, route, fault.args["delay_s"])
            await asyncio.sleep(fault.args["for_s"])
        finally:
            for route in routes:
                await asyncio.to_thread(world.network.heal, route)


async def freeze(world: World, fault: Fault) -> None:
    """The server and all its backends stand still."""
    async with _upset(world):
        pids = world.servers.pids(_SERVER)
        try:
            _signal(pids, signal.SIGSTOP)
            await asyncio.sleep(fault.args["for_s"])
        finally:
            _signal(pids, signal.SIGCONT)


async def crowd(world: World, fault: Fault) -> None:
    """Others take every connection that is left; they ask to log in and say no more."""
    async with _upset(world):
        with ExitStack() as callers:
            await asyncio.to_thread(_take_all, world, callers)
            await asyncio.sleep(fault.args["for_s"])


async def fill_disk(world: World, fault: Fault) -> None:
    """No room for another byte where the database writes."""
    async with _upset(world):
        try:
            await asyncio.to_thread(world.servers.fill_disk)
            await asyncio.sleep(fault.args["for_s"])
        finally:
            await asyncio.to_thread(world.servers.free_disk)


@asynccontextmanager
async def _upset(world: World) -> AsyncGenerator[None]:
    """Alone with the server; at the end it runs, as whoever tends it would see to."""
    async with world.turns[_SERVER]:
        try:
            yield
        finally:
            await stand_up(world)


async def stand_up(world: World) -> None:
    """Start PostgreSQL where it does not run, and wait until it answers."""
    for again in range(_TRIES, -1, -1):
        try:
            await asyncio.to_thread(world.servers.start, _SERVER)
            await _tell(world, "SELECT 1")
        except (ServicesError, psycopg.OperationalError):
            if not again:
                raise
            await asyncio.sleep(0.2)
        else:
            return


async def _one_backend(world: World, fault: Fault) -> int | None:
    """A backend of our processes, which one by the number of the fault; None when none is there.

    A fault before it can still throw the server into recovery after it has answered once.
    """
    try:
        found = await _tell(world, _BACKENDS)
    except psycopg.OperationalError:
        await stand_up(world)
        found = await _tell(world, _BACKENDS)
    return found[fault.n % len(found)] if found else None


async def _tell(world: World, query: str, *values: object) -> list[int]:
    async with await psycopg.AsyncConnection.connect(
        world.database_url, autocommit=True, connect_timeout=5
    ) as conn:
        return [row[0] for row in await (await conn.execute(query.encode(), values)).fetchall()]


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _take_all(world: World, callers: ExitStack) -> None:
    """Take connections until the server says that it has no more."""
    address = urlsplit(world.database_url)
    login = f"user\0{address.username}\0database\0{address.path[1:]}\0\0".encode()
    hello = struct.pack(">ii", len(login) + 8, 3 << 16) + login
    for _ in range(_MOST_CALLERS):
        caller = socket.create_connection(("127.0.0.1", address.port or 0), timeout=5)
        callers.enter_context(caller)
        caller.sendall(hello)
        if caller.recv(1) != b"R":  # it asks for the password as long as there is room
            return
