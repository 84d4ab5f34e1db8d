"""Faults of what carries the streams: Kafka, or the tables of the log in PostgreSQL.

What is in it is only carried: destroyed, it must not take anything accepted with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from psycopg import AsyncConnection

from streams.embedded import postgres as embedded
from streams.topics import PARTITIONS, REPORTS
from tests.chaos.faults import kafka
from tests.chaos.plan import Fault
from tests.chaos.world import World

_TURN: Final = "broker"
_TRIES: Final = 20
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
        return await _on_log(world, _destroy_log)
    async with world.turns[_TURN]:
        copies = len(world.servers.brokers)
        await kafka.destroy(_orders(world), PARTITIONS, replication=copies)


async def truncate(world: World, fault: Fault) -> None:
    """The topic of reports forgets every record it has."""
    if world.engine == "pglog":
        return await _on_log(world, _truncate_log)
    async with world.turns[_TURN]:
        await kafka.truncate(_orders(world), REPORTS)


async def move_leader(world: World, fault: Fault) -> None:
    """A partition of the reports is led by another broker from now on."""
    async with world.turns[_TURN]:
        await kafka.move_leader(_orders(world), REPORTS, fault.n % PARTITIONS[REPORTS])


async def kill(world: World, fault: Fault) -> None:
    """SIGKILL to one broker, which stays away for a while."""
    name = _one_broker(world, fault)
    async with world.turns[_TURN]:
        await asyncio.to_thread(world.servers.kill, name)
        try:
            await asyncio.sleep(fault.args["for_s"])
        finally:
            await asyncio.to_thread(world.servers.start, name)


async def restart(world: World, fault: Fault) -> None:
    """A proper stop and start of one broker."""
    name = _one_broker(world, fault)
    async with world.turns[_TURN]:
        await asyncio.to_thread(world.servers.stop, name)
        await asyncio.to_thread(world.servers.start, name)


async def cut(world: World, fault: Fault) -> None:
    """Nobody reaches any broker for a while, and everybody is told."""
    async with _harmed(world, fault, world.servers.brokers) as routes:
        for route in routes:
            await asyncio.to_thread(world.network.refuse, route)


async def half_open(world: World, fault: Fault) -> None:
    """One broker takes connections and never says a word."""
    async with _harmed(world, fault, [_one_broker(world, fault)]) as routes:
        for route in routes:
            await asyncio.to_thread(world.network.hold, route)


@asynccontextmanager
async def _harmed(
    world: World, fault: Fault, brokers: Sequence[str]
) -> AsyncGenerator[Sequence[str]]:
    """The routes to the brokers; they stay as the block leaves them for a while, then heal."""
    routes = [f"all>{name}" for name in brokers]
    async with world.turns[_TURN]:
        try:
            yield routes
            await asyncio.sleep(fault.args["for_s"])
        finally:
            for route in routes:
                await asyncio.to_thread(world.network.heal, route)


def _one_broker(world: World, fault: Fault) -> str:
    return world.servers.brokers[fault.n % len(world.servers.brokers)]


def _orders(world: World) -> str:
    return world.servers.orders_url(world.kafka_url)


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
