"""Building the point index of a grid version in a process of its own, before it is needed.

A worker goes on deciding meanwhile: a large build would hold the interpreter of its process.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
from pathlib import Path
from typing import Final

from app.database import Database, connect
from grid.postgres import cells_to_index, load_grid

FEW: Final = 20_000
"""So many cells are indexed in half a second; no process is started for them."""

_NICENESS: Final = 10
_URL: Final = "CITY_DATABASE_URL"


class IndexNotBuilt(Exception):
    """The process that should have built an index failed; what it said is in its own output."""

    def __init__(self, version: int, code: int) -> None:
        super().__init__(f"the index of grid version {version} was not built (exit code {code})")
        self.version, self.code = version, code


async def prepare(database: Database, version: int, cache: Path, *, few: int = FEW) -> None:
    """Have the index of a version on disk, unless it has *few* cells at most.

    One process at a time builds into *cache*; the others wait for its file. Raises
    UnknownGridVersion, IndexNotBuilt, DatabaseAway.
    """
    async with database.session() as conn:
        missing = await cells_to_index(conn, version, cache)
    if missing <= few:
        return
    command = [sys.executable, "-m", "app.grid.preparing", str(version), str(cache)]
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | {_URL: database.url})
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    if code:
        raise IndexNotBuilt(version, code)


def build(database_url: str, version: int, cache: Path) -> None:
    """Build the index of a version into *cache* here and now, unless it is there."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"grid-{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asyncio.run(_build(database_url, version, cache))


async def _build(database_url: str, version: int, cache: Path) -> None:
    async with await connect(database_url) as conn:
        if await cells_to_index(conn, version, cache):
            await load_grid(conn, version, cache)


if __name__ == "__main__":
    os.nice(_NICENESS)
    build(os.environ[_URL], int(sys.argv[1]), Path(sys.argv[2]))
