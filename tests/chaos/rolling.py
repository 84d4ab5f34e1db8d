"""A city whose processes are replaced by those of another release, and who uses it meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from app.processes import Processes, free_port
from tests.chaos.judge import Judge
from tests.chaos.releases import ROOT, Release

RATE: Final = 30
"""Reports a second."""

_LONGEST_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.5
_LAST_FRAMES_S: Final = 2.0
_UNQUIET: Final = """
    SELECT EXISTS (SELECT 1 FROM inbox WHERE state = 'accepted')
        OR EXISTS (SELECT 1 FROM outbox WHERE position IS NULL)
        OR EXISTS (SELECT 1 FROM delivery WHERE state = 'pending')
"""
_WORKER_READY: Final = b"Worker ready"
_CLEAN: Final = (0, -signal.SIGTERM)
"""uvicorn, once it has finished, ends by the signal it was given."""


class NotReady(Exception):
    """A process did not say that it is ready."""

    def __init__(self, name: str, log: Path) -> None:
        super().__init__(f"{name} was not ready after {_LONGEST_S:.0f} s: {log}")
        self.name, self.log = name, log


class ClientFailed(Exception):
    """A phone or screen did not finish."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name} {what}: see its log")
        self.name, self.what = name, what


@dataclass
class City:
    """A city on private servers, and the processes at work for it."""

    folder: Path
    database_url: str
    processes: Processes
    stages: dict[str, float] = field(default_factory=dict[str, float])
    ports: dict[str, int] = field(default_factory=dict[str, int])
    unclean: dict[str, int] = field(default_factory=dict[str, int])
    judge: Judge | None = None
    sink_port: int | None = None
    """Where a receiver of deliveries listens; None: the old release delivers nothing."""

    @property
    def doors(self) -> list[str]:
        """Addresses of the web processes."""
        return [f"http://127.0.0.1:{port}" for port in self.ports.values()]

    def start(self, name: str, release: Release) -> None:
        """Start a process of the release and wait until it is ready. Raises NotReady."""
        kind, told = name.partition("-")[0], dict(release.environment)
        if kind == "web":
            told["CITY_PORT"] = str(self.ports.setdefault(name, free_port()))
        log = self.folder / "logs" / f"{name}.log"
        said = log.read_bytes().count(_WORKER_READY) if log.exists() else 0
        self.processes.start(name, kind, **told)
        if kind == "web":
            self.processes.wait_ready(f"http://127.0.0.1:{self.ports[name]}", _LONGEST_S)
        if kind == "worker":
            self._wait_said(name, log, said)

    def replace(self, name: str, release: Release) -> None:
        """SIGTERM, wait for its end, start it in another version."""
        code = self.processes.stop(name)
        if code not in _CLEAN:
            self.unclean[name] = code
        self.start(name, release)

    def enter(self, stage: str, seconds: float) -> None:
        """Let things go on for a while; raises ProcessEnded when a process ends by itself."""
        if stage not in self.stages:
            self.stages[stage] = time.time()
            print(stage, file=sys.stderr, flush=True)
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            self.processes.check()
            if self.judge:
                self.judge.sample()
            time.sleep(_LOOK_EVERY_S)

    def settle(self) -> None:
        """Until everything accepted was decided, numbered and delivered; a minute at most."""
        give_up, waiting = time.monotonic() + _LONGEST_S, True
        while waiting and time.monotonic() < give_up:
            time.sleep(_LOOK_EVERY_S)
            with psycopg.connect(self.database_url) as conn:
                waiting = conn.execute(_UNQUIET).fetchone() == (True,)
        time.sleep(_LAST_FRAMES_S)

    def _wait_said(self, name: str, log: Path, said: int) -> None:
        give_up = time.monotonic() + _LONGEST_S
        while log.read_bytes().count(_WORKER_READY) == said:
            self.processes.check()
            if time.monotonic() > give_up:
                raise NotReady(name, log)
            time.sleep(0.1)


@contextmanager
def clients(city: City) -> Generator[None]:
    """Phones, a screen, a receiver while the block runs; then they finish, all is decided."""
    doors = ("--doors", ",".join(city.doors))
    running = {
        "phones": _client(city, "phones", *doors, "--rate", str(RATE)),
        "screen": _client(city, "screen", *doors),
    }
    if city.sink_port:
        running["sink"] = _client(city, "sink", "--port", str(city.sink_port))
    try:
        yield
        _end("phones", running["phones"])
        city.settle()
        _end("screen", running["screen"])
    finally:
        for one in running.values():
            one.kill()
            one.wait()


def _client(city: City, name: str, *more: str) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", f"tests.chaos.clients.{name}", "--run", str(city.folder),
        "--seed", "1", *more,
    ]  # fmt: skip
    with (city.folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)


def _end(name: str, client: subprocess.Popen[bytes]) -> None:
    """Let a client send what it has, write its books, and leave. Raises ClientFailed."""
    client.send_signal(signal.SIGTERM)
    try:
        code = client.wait(_LONGEST_S)
    except subprocess.TimeoutExpired:
        raise ClientFailed(name, "did not end") from None
    if code:
        raise ClientFailed(name, f"ended with {code}")
