"""What people change while it runs, by `citygrid city load`: the grid, the calendar, a rule."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

from tests.chaos.plan import Fault
from tests.chaos.world import World

_TRIES: Final = 30


class NotLoaded(Exception):
    """The changed pack could not be loaded, however often it was tried."""

    def __init__(self, what: str, said: str) -> None:
        super().__init__(f"the changed {what} could not be loaded: {said}")


async def change(world: World, fault: Fault) -> None:
    """Change the part that the kind names, `grid-changed`, and load the pack."""
    what = fault.kind.partition("-")[0]
    async with world.turns["city"]:
        await asyncio.to_thread(world.pack.change, what)
        code, said = await _load(world)
        for _ in range(_TRIES):
            if code == 0:
                return
            await asyncio.sleep(1.0)  # the database is away; whoever loads tries again
            code, said = await _load(world)
        raise NotLoaded(what, said)


async def _load(world: World) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app",
        "city",
        "load",
        str(world.pack.folder),
        "--json",
        env={**os.environ, "CITY_DATABASE_URL": world.database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace")[-500:]
