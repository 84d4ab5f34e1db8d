"""Worker processes of a test: started, told to stop, killed, and never left behind."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.contract.ledger import Ledger

if TYPE_CHECKING:
    from tests.contract.conftest import Place

_ROOT = Path(__file__).parents[2]


class Workers:
    """Starts worker processes on a place and kills those still running at the end."""

    def __init__(self, place: Place, ledger: Ledger, folder: Path) -> None:
        self._place, self._ledger, self._folder = place, ledger, folder
        self._running: list[asyncio.subprocess.Process] = []

    async def start(self) -> asyncio.subprocess.Process:
        """A new worker process of the place's group."""
        place = self._place
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.contract.worker_program",
            place.engine.url,
            self._ledger.url,
            place.topic,
            place.group,
            str(self._folder / str(len(self._running))),
            cwd=_ROOT,
        )
        self._running.append(process)
        return process

    async def __aenter__(self) -> Workers:
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self._running:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def kill(process: asyncio.subprocess.Process) -> None:
    """End it as a crash of the machine would."""
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def terminate(process: asyncio.subprocess.Process) -> int:
    """Ask it to stop; its exit code."""
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(40):
        return await process.wait()
