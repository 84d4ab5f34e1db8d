"""Faults of what carries the streams: Kafka, or the tables of the log in PostgreSQL.

What is in it is only carried: destroyed, it must not take anything accepted with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from psycopg import AsyncConnection

from streams.embedded import postgres as embedded
from streams.topics import PARTITIONS, REPORTS
from tests.chaos.faults import kafka
from tests.chaos.plan import Fault
from tests.chaos.world import World

_BROKER: Final = "kafka"
_TRIES: Final = 20
_ROUTE: Final = "all>broker"
_EMPTY: Final = """
    TRUNCATE streamlog.record, streamlog.committed, streamlog.member, streamlog.consumer_group,
             streamlog.head, streamlog.topic
"""
_CUT_SHORT: Final = """
    WITH moved AS (
        UPDATE streamlog.head SET first_offset = next_offset WHERE topic = %(topic)s
     RETURNING topic, partition, next_offset)
    DELETE FROM streamlog.record r
     USING moved m
     WHERE r.topic = m.topic AND r.partition = m.partition AND r.record_offset < m.next_offset
"""


async def destroy(world: World, fault: Fault) -> None:
    """All records, topics and offsets are gone; the topics are made again, empty."""
    if world.engine == "pglog":
        await _on_log(world, _destroy_log)
    else:
        async with world.turns[_BROKER]:
            await kafka.destroy(world.kafka_url, PARTITIONS)


async def truncate(world: World, fault: Fault) -> None:
    """The topic of reports forgets every record it has."""
    if world.engine == "pglog":
        await _on_log(world, _truncate_log)
    else:
        async with world.turns[_BROKER]:
            await kafka.truncate(world.kafka_url, REPORTS)


async def kill(world: World, fault: Fault) -> None:
    """SIGKILL, and nobody there for a while."""
    async with _away(world, fault):
        await asyncio.to_thread(world.servers.kill, _BROKER)


async def restart(world: World, fault: Fault) -> None:
    """A proper stop and start."""
    async with world.turns[_BROKER]:
        await asyncio.to_thread(world.servers.stop, _BROKER)
        await asyncio.to_thread(world.servers.start, _BROKER)


async def cut(world: World, fault: Fault) -> None:
    """Every connection to the broker is reset, and refused for a while."""
    async with _out_of_reach(world, fault):
        world.network.refuse(_ROUTE)


async def half_open(world: World, fault: Fault) -> None:
    """The broker takes connections and never says a word."""
    async with _out_of_reach(world, fault):
        world.network.hold(_ROUTE)


@asynccontextmanager
async def _out_of_reach(world: World, fault: Fault) -> AsyncGenerator[None]:
    async with world.turns[_BROKER]:
        try:
            yield
            await asyncio.sleep(fault.args["for_s"])
        finally:
            world.network.heal(_ROUTE)


@asynccontextmanager
async def _away(world: World, fault: Fault) -> AsyncGenerator[None]:
    async with world.turns[_BROKER]:
        try:
            yield
            await asyncio.sleep(fault.args["for_s"])
        finally:
            await asyncio.to_thread(world.servers.start, _BROKER)


async def _on_log(world: World, harm: Callable[[AsyncConnection], Awaitable[None]]) -> None:
    """Do it in one transaction, again when the database went away meanwhile."""
    for again in range(_TRIES, -1, -1):
        try:
            async with await AsyncConnection.connect(world.database_url, connect_timeout=5) as conn:
                await harm(conn)
        except psycopg.OperationalError:
            if not again:
                raise
            await asyncio.sleep(0.3)
        else:
            return


async def _destroy_log(conn: AsyncConnection) -> None:
    await conn.execute(_EMPTY)
    await embedded.create_topics(conn, PARTITIONS)


async def _truncate_log(conn: AsyncConnection) -> None:
    await conn.execute(_CUT_SHORT, {"topic": REPORTS})
