"""The processes of a run: each is started again at once when it ended, unless it was stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import psutil

_ROOT: Final = Path(__file__).parents[2]
_LOOK_EVERY_S: Final = 0.05
_STOP_S: Final = 40.0


@dataclass
class _Child:
    command: tuple[str, ...]
    environment: Mapping[str, str]
    tended: bool
    log: IO[bytes]
    process: subprocess.Popen[bytes]
    starts: int = 1
    codes: list[int] = field(default_factory=list[int])


class NeverReady(Exception):
    """A process did not come up in the time it was given."""

    def __init__(self, name: str, waited_s: float, log: Path) -> None:
        super().__init__(f"{name} was not ready after {waited_s:.0f} s; see {log}")
        self.name, self.log = name, log


class Processes:
    """Children running `python -m …`, each with its log below one folder."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: dict[str, _Child] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(
        self, name: str, *command: str, environment: Mapping[str, str], tended: bool = True
    ) -> None:
        """Start `python -m COMMAND`; when *tended* it is started again whenever it ends."""
        log = self.log(name).open("ab")
        process = _popen(command, environment, log)
        self._children[name] = _Child(command, environment, tended, log, process)

    def log(self, name: str) -> Path:
        """Where its output goes."""
        return self._logs / f"{name}.log"

    def pid(self, name: str) -> int:
        """The pid it has now."""
        return self._children[name].process.pid

    def runs(self, name: str) -> bool:
        """Whether it lives at this moment."""
        return name in self._children and self._children[name].process.poll() is None

    def starts(self) -> dict[str, int]:
        """How often each was started."""
        return {name: child.starts for name, child in self._children.items()}

    def codes(self) -> dict[str, list[int]]:
        """With which exit codes the tended ones ended."""
        return {name: child.codes for name, child in self._children.items() if child.codes}

    def signal(self, name: str, number: signal.Signals, pid: int | None = None) -> int:
        """Send a signal; the pid that got it. With *pid* only if it is still that one."""
        process = self._children[name].process
        if process.poll() is None and pid in (None, process.pid):
            process.send_signal(number)
        return process.pid

    async def tend(self) -> None:
        """Start again whatever ended, until cancelled."""
        while True:
            for child in self._children.values():
                if child.tended and (code := child.process.poll()) is not None:
                    child.codes.append(code)
                    child.starts += 1
                    child.process = _popen(child.command, child.environment, child.log)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def restart(self, name: str) -> int:
        """SIGTERM, wait for its end, start it again; the exit code."""
        child = self._children[name]
        child.tended = False
        try:
            code = await self._ended(child)
            child.starts += 1
            child.process = _popen(child.command, child.environment, child.log)
        finally:
            child.tended = True
        return code

    async def stop(self, name: str, patience_s: float = _STOP_S) -> int:
        """SIGTERM for good, and SIGKILL for one that does not listen; the exit code."""
        child = self._children[name]
        child.tended = False
        code = await self._ended(child, patience_s)
        child.log.close()
        del self._children[name]
        return code

    async def stop_all(self) -> None:
        """Stop all of them, side by side."""
        await asyncio.gather(*(self.stop(name, 15.0) for name in list(self._children)))

    def kill_all(self) -> None:
        """SIGKILL to whatever is left; for leaving in a hurry."""
        for child in self._children.values():
            child.process.kill()
            child.process.wait()
            child.log.close()
        self._children.clear()

    def memory(self) -> list[tuple[str, int, float]]:
        """Name, pid and resident MB of each process that lives."""
        found: list[tuple[str, int, float]] = []
        for name, child in self._children.items():
            pid = child.process.pid
            with contextlib.suppress(psutil.Error):
                resident = psutil.Process(pid).memory_info().rss
                found.append((name, pid, round(resident / 2**20, 1)))
        return found

    async def _ended(self, child: _Child, patience_s: float = _STOP_S) -> int:
        child.process.send_signal(signal.SIGTERM)
        child.process.send_signal(signal.SIGCONT)
        give_up = time.monotonic() + patience_s
        while child.process.poll() is None:
            if time.monotonic() > give_up:
                child.process.kill()
            await asyncio.sleep(_LOOK_EVERY_S)
        return child.process.returncode


def _popen(
    command: Sequence[str], environment: Mapping[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=_ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
