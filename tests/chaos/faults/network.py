"""Faults of the way between two: one route each, one harm at a time on each route."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.chaos.plan import Fault
from tests.chaos.world import World


async def cut(world: World, fault: Fault) -> None:
    """Every connection is reset once."""
    async with world.turns[fault.target]:
        await asyncio.to_thread(world.network.cut, fault.target)


async def refuse(world: World, fault: Fault) -> None:
    """Nobody gets through, and everybody is told at once."""
    async with _harmed(world, fault):
        await asyncio.to_thread(world.network.refuse, fault.target)


async def delay(world: World, fault: Fault) -> None:
    """Everything gets through, late."""
    async with _harmed(world, fault):
        await asyncio.to_thread(world.network.delay, fault.target, fault.args["delay_s"])


async def half_open(world: World, fault: Fault) -> None:
    """Nothing gets through and nobody is told; what was held goes on when it is over."""
    async with _harmed(world, fault):
        await asyncio.to_thread(world.network.hold, fault.target)


@asynccontextmanager
async def _harmed(world: World, fault: Fault) -> AsyncGenerator[None]:
    async with world.turns[fault.target]:
        try:
            yield
            await asyncio.sleep(fault.args["for_s"])
        finally:
            await asyncio.to_thread(world.network.heal, fault.target)
