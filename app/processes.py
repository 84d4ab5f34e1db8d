"""Our own processes as children: web, worker, clock, notifier. They start and stop together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx

STOP_S = 35.0
"""How long SIGTERM is given before SIGKILL."""


class ProcessEnded(Exception):
    """A process of ours ended although it should run."""

    def __init__(self, name: str, code: int, log: Path) -> None:
        super().__init__(
            f"{name} ended with exit code {code}; its last words: {_tail(log)} ({log})"
        )
        self.name, self.code, self.log = name, code, log


class NotReady(Exception):
    """The web process did not become ready in time."""

    def __init__(self, url: str, waited_s: float) -> None:
        super().__init__(f"{url} was not ready after {waited_s:.0f} s")
        self.url = url


class Processes:
    """Children running `python -m app NAME …` with one environment, each with its own log file.

    Use as a context manager: all of them are gone when the block is left, however it is left.
    """

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        self._environment = {**os.environ, **environment}
        self._logs = logs
        self._running: dict[str, tuple[subprocess.Popen[bytes], IO[bytes]]] = {}
        self._orders: dict[str, tuple[tuple[str, ...], Mapping[str, str]]] = {}

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop_all()

    def start(self, name: str, *arguments: str, **environment: str) -> int:
        """Start `citygrid ARGUMENTS` under a name that is free; returns its pid."""
        log = self._log(name).open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *(arguments or (name,))],
            env={**self._environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self._running[name] = (process, log)
        self._orders[name] = (arguments, environment)
        return process.pid

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash would."""
        process, log = self._running.pop(name)
        process.kill()
        process.wait()
        log.close()

    def stop(self, name: str) -> int:
        """SIGTERM, and SIGKILL for one that does not listen; returns the exit code."""
        process, log = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        code = _ended(process)
        log.close()
        return code

    def stop_all(self) -> None:
        """Ask all of them to stop at once, then wait for each."""
        for process, _ in self._running.values():
            process.send_signal(signal.SIGTERM)
        for name in list(self._running):
            self.stop(name)

    def check(self) -> None:
        """Raises ProcessEnded when one of them is gone."""
        for name, (process, _) in self._running.items():
            if (code := process.poll()) is not None:
                raise ProcessEnded(name, code, self._log(name))

    def start_ended(self) -> list[tuple[str, int]]:
        """Start again those that have ended by themselves; their names and exit codes."""
        ended = [
            (name, code)
            for name, (process, _) in self._running.items()
            if (code := process.poll()) is not None
        ]
        for name, _ in ended:
            self._running.pop(name)[1].close()
            arguments, environment = self._orders[name]
            self.start(name, *arguments, **environment)
        return ended

    def wait_ready(self, url: str, timeout_s: float = 60.0) -> None:
        """Until `/readyz` says yes. Raises ProcessEnded or NotReady."""
        give_up = time.monotonic() + timeout_s
        while time.monotonic() < give_up:
            self.check()
            if _says_yes(f"{url}/readyz"):
                return
            time.sleep(0.1)
        raise NotReady(url, timeout_s)

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _says_yes(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2.0).is_success
    except httpx.HTTPError:
        return False


def _ended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "none"
