"""Faults of Redis, which holds nothing that cannot be built again."""

from __future__ import annotations

import asyncio

import redis

from tests.chaos.plan import Fault
from tests.chaos.world import World


async def flush(world: World, fault: Fault) -> None:
    """FLUSHALL."""
    async with world.turns["redis"]:
        await asyncio.to_thread(_flush, world.servers.redis_url)


async def be_gone(world: World, fault: Fault) -> None:
    """Killed, and nobody there for a while."""
    async with world.turns["redis"]:
        await asyncio.to_thread(world.servers.kill, "redis")
        try:
            await asyncio.sleep(fault.args["for_s"])
        finally:
            await asyncio.to_thread(world.servers.start, "redis")


def _flush(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=5.0) as client:
        client.flushall()
