"""The database's clock jumps and comes back; everybody else's goes on as before."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.chaos.plan import Fault
from tests.chaos.world import World


async def jump(world: World, fault: Fault) -> None:
    """Put the clock hours away, by args, and right again after a few seconds."""
    clock = world.servers.clock
    assert clock is not None, "the plan leaves this kind out where clocks cannot be moved"
    async with world.turns["postgres"]:
        clock.move(timedelta(hours=fault.args["hours"]))
        try:
            await asyncio.sleep(fault.args["for_s"])
        finally:
            clock.set_right()
