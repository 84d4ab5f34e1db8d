"""Faults of our own processes."""

from __future__ import annotations

import asyncio
import signal

from tests.chaos.kinds import DOORS, PROCESSES
from tests.chaos.plan import Fault
from tests.chaos.world import World

_BETWEEN_S = 0.5


async def kill(world: World, fault: Fault) -> None:
    """SIGKILL, as a crash and as the kernel short of memory do."""
    world.processes.signal(fault.target, signal.SIGKILL)


async def kill_all(world: World, fault: Fault) -> None:
    """All of ours at once: the machine they share is switched off."""
    for name in PROCESSES:
        world.processes.signal(name, signal.SIGKILL)


async def freeze(world: World, fault: Fault) -> None:
    """A process that stands still and is neither dead nor alive to the others."""
    pid = world.processes.signal(fault.target, signal.SIGSTOP)
    try:
        await asyncio.sleep(fault.args["for_s"])
    finally:
        world.processes.signal(fault.target, signal.SIGCONT, pid)


async def deploy(world: World, fault: Fault) -> None:
    """Stop and start each as a rolling upgrade does; the next goes when a door is open again."""
    async with world.turns["deploy"]:
        for name in PROCESSES:
            await world.processes.restart(name)
            if name in DOORS:
                await world.ready()
            await asyncio.sleep(_BETWEEN_S)
