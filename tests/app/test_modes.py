"""The lookout: what it tells, whom it tells, and that a silent server holds up no other."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from app.modes import Lookout, Mode


class Answering:
    """A server that causes what it is set to; *open* is cleared while it is silent."""

    def __init__(self, *silent: Mode) -> None:
        self.silent: Collection[Mode] = silent
        self.causes: Collection[Mode] = ()
        self.open = asyncio.Event()
        self.open.set()
        self.asked = 0
        self.closed = False

    async def look(self) -> Collection[Mode]:
        self.asked += 1
        await self.open.wait()
        return self.causes

    async def close(self) -> None:
        self.closed = True


async def test_modes_stand_worst_first_whoever_found_them():
    first, second = Answering(), Answering()
    first.causes, second.causes = [Mode.REDIS_AWAY], [Mode.DISK_LOW, Mode.CLOCK_FROZEN]
    lookout = Lookout([first, second])

    await lookout.look()

    assert lookout.degraded == (Mode.DISK_LOW, Mode.CLOCK_FROZEN, Mode.REDIS_AWAY)


async def test_only_a_change_is_told():
    server = Answering()
    told: list[tuple[Mode, ...]] = []
    lookout = Lookout([server])
    lookout.on_change = lambda: told.append(lookout.degraded)

    for causes in ([], [Mode.REDIS_AWAY], [Mode.REDIS_AWAY], []):
        server.causes = causes
        await lookout.look()

    assert told == [(Mode.REDIS_AWAY,), ()]


async def test_a_silent_server_is_away_and_not_asked_again_until_it_answers():
    silent, other = Answering(Mode.DATABASE_AWAY), Answering()
    silent.open.clear()
    lookout = Lookout([silent, other], patience_s=0.01)

    await lookout.look()
    other.causes = [Mode.REDIS_AWAY]
    await lookout.look()
    during, asked = lookout.degraded, silent.asked
    silent.open.set()
    await lookout.look()

    assert (during, asked) == ((Mode.DATABASE_AWAY, Mode.REDIS_AWAY), 1)
    assert lookout.degraded == (Mode.REDIS_AWAY,)


async def test_at_the_end_every_server_is_let_go_also_a_silent_one():
    silent, other = Answering(Mode.DATABASE_AWAY), Answering()
    silent.open.clear()
    running = asyncio.create_task(Lookout([silent, other], patience_s=0.01).run())
    while not other.asked:
        await asyncio.sleep(0)

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert (silent.closed, other.closed) == (True, True)
