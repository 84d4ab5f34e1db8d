"""The trials of a web process: one at a time, each in a process of its own, watched and stopped."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import uuid4

import structlog

from app.settings import Settings
from app.whatif.order import RESULT, TABLE, Order, write_order

LONGEST_S: Final = 1800.0
_log: Final = structlog.get_logger("citygrid.whatif")


class Busy(Exception):
    """Another trial is running; one is enough for the machine."""

    def __init__(self, by: str) -> None:
        super().__init__("another trial is running: wait for it, or have it stopped")
        self.by = by


class Stage(StrEnum):
    """How a trial stands."""

    RUNNING = "running"
    DONE = "done"  # there is a result, which may be that what was given has faults
    STOPPED = "stopped"  # somebody stopped it, or the process had to end
    FAILED = "failed"  # it took too long, the database went away, or a defect of ours


@dataclass(eq=False)
class Trial:
    """One trial and who asked for it. *done* of *total* cases; 0 of 0 while the rules are read."""

    order: Order
    by: str
    folder: Path
    id: str = field(default_factory=lambda: uuid4().hex)
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    stage: Stage = Stage.RUNNING
    done: int = 0
    total: int = 0
    result: Mapping[str, Any] | None = None

    @property
    def table(self) -> Path:
        """The file of all changed cases, complete once the trial is done."""
        return self.folder / TABLE


class Trials:
    """Keeps the last trial until the next one begins or the process ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._room: TemporaryDirectory[str] | None = None
        self._task: asyncio.Task[None] | None = None
        self.last: Trial | None = None

    def check_free(self) -> None:
        """Raise Busy while a trial is running."""
        if self.last is not None and self.last.stage is Stage.RUNNING:
            raise Busy(self.last.by)

    def begin(self, order: Order, content: bytes, by: str) -> Trial:
        """Start a trial; *content* is the file to try. Raises Busy."""
        self.check_free()
        self._clear()
        self._room = TemporaryDirectory(prefix="citygrid-whatif-")
        self.last = trial = Trial(order, by, Path(self._room.name))
        self._task = asyncio.create_task(self._run(trial, content))
        _log.info("trial begun", trial=trial.id, by=by, part=order.part, grid=order.grid)
        return trial

    def find(self, trial_id: str, by: str) -> Trial | None:
        """The trial of this id if this person asked for it."""
        trial = self.last
        return trial if trial and trial.id == trial_id and trial.by == by else None

    async def ended(self) -> None:
        """Wait until no trial is running."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """End the trial that is running, if one is, and its process with it."""
        if self._task is not None:
            self._task.cancel()
            await self.ended()

    async def close(self) -> None:
        """End everything and leave no file behind."""
        await self.stop()
        self._clear()

    def _clear(self) -> None:
        self.last = None
        if self._room is not None:
            self._room.cleanup()
            self._room = None

    async def _run(self, trial: Trial, content: bytes) -> None:
        try:
            await asyncio.to_thread(write_order, trial.folder, trial.order, content)
            async with (
                asyncio.timeout(LONGEST_S),
                _process(self._settings, trial.folder) as process,
            ):
                await _follow(process, trial)
                code = await process.wait()
            trial.result = _result(trial.folder) if code == 0 else None
            trial.stage = Stage.FAILED if trial.result is None else Stage.DONE
        except asyncio.CancelledError:
            trial.stage = Stage.STOPPED
            raise
        except (OSError, TimeoutError, ValueError) as err:
            trial.stage = Stage.FAILED
            _log.error("trial failed", trial=trial.id, error=repr(err))
        finally:
            _log.info("trial ended", trial=trial.id, stage=str(trial.stage), cases=trial.done)


@asynccontextmanager
async def _process(settings: Settings, folder: Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The working process; it is gone when the block is left, however it is left."""
    told = {
        "CITY_DATABASE_URL": settings.database_url,
        "CITY_HOME": str(settings.home),
        "TMPDIR": str(folder),  # what it unpacks goes with the folder, also when it is killed
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.whatif.working", str(folder)),
        env=os.environ | told,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _follow(process: asyncio.subprocess.Process, trial: Trial) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        told = json.loads(line)
        trial.done, trial.total = told["done"], told["total"]


def _result(folder: Path) -> Mapping[str, Any] | None:
    file = folder / RESULT
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
