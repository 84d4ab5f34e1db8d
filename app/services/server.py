"""Starting, finding and stopping one private server, whatever it is."""

from __future__ import annotations

import errno
import shutil
import signal
import socket
import time
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Protocol

from app.services.accounts import Account
from app.services.errors import (
    DiskFull,
    FolderInUse,
    NotReady,
    PortTaken,
    ServerDied,
    ServicesError,
    StillRunning,
)
from app.services.home import Home, Record
from app.services.process import Process, launch, pids_working_in, until

_PORT_TRIES = 3
_ORPHANS_S = 10.0
_MB = 1024 * 1024


class Server(Protocol):
    """What the kinds of server differ in."""

    @property
    def name(self) -> str:
        """Its name, also that of its folder in the home."""
        ...

    @property
    def room_mb(self) -> int:
        """Free disk below which it is not started."""
        ...

    @property
    def patience_s(self) -> float:
        """How long it may take to answer, recovery after a crash included."""
        ...

    @property
    def goodbyes(self) -> Sequence[tuple[signal.Signals, float]]:
        """Signals that end it, politest first, each with the seconds it is given."""
        ...

    @property
    def workplace(self) -> Path:
        """The folder it and its own children run in: whoever is there, serves."""
        ...

    def prepare(self) -> Account:
        """Make its data folder where missing; the account it runs as. Raises ServicesError."""
        ...

    def command(self, port: int) -> list[str]:
        """The command that serves on 127.0.0.1:*port*; may write configuration."""
        ...

    def answers(self, port: int) -> bool:
        """Tell whether it answers a real request on *port*."""
        ...

    def url(self, port: int) -> str:
        """Where clients find it."""
        ...


class State(Enum):
    """What the pid file and the process table say together."""

    RUNNING = "running"
    STOPPED = "stopped"
    CRASHED = "crashed"  # there is a pid file, but its process is gone


def state(home: Home, name: str) -> State:
    """The state of the server *name*."""
    record = home.read(name)
    if record is None:
        return State.STOPPED
    return State.RUNNING if record.process.alive() else State.CRASHED


def ensure(
    home: Home, server: Server, port: int | None = None, *, orphans_s: float = _ORPHANS_S
) -> Record:
    """Give the running server, started where it does not run; the home must be locked.

    *port* None takes the port it had before when that is free, else any free one.
    Raises the faults of `app.services.errors`.
    """
    record = home.read(server.name)
    if record is not None and record.process.alive():
        if port not in (None, record.port):
            raise PortTaken(server.name, record.port)
        return record
    ensure_room(server.name, home.path, server.room_mb)
    account = server.prepare()
    _await_orphans(server, orphans_s)
    for attempt in range(_PORT_TRIES):
        before = None if attempt else home.last_port(server.name)
        choice = _choose_port(server.name, port, before)
        try:
            return _start(home, server, account, choice)
        except PortTaken:
            if port is not None or attempt == _PORT_TRIES - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def stop(home: Home, server: Server) -> bool:
    """End the server, by its pid and only when that is still the process that was started.

    False when it did not run. Raises StillRunning.
    """
    record = home.read(server.name)
    if record is None:
        return False
    ran = record.process.alive()
    _end(server, record.process)
    home.forget(server.name)
    return ran


def kill(home: Home, name: str) -> bool:
    """End the server by SIGKILL, as a crash would; for tests of recovery."""
    record = home.read(name)
    if record is None or not record.process.alive():
        return False
    record.process.signal(signal.SIGKILL)
    return record.process.wait(30.0)


def ensure_room(server: str, folder: Path, need_mb: int) -> None:
    """Raise DiskFull when less than *need_mb* are free below *folder*, which must exist."""
    free_mb = shutil.disk_usage(folder).free // _MB
    if free_mb < need_mb:
        raise DiskFull(server, folder, free_mb, need_mb)


def _await_orphans(server: Server, seconds: float) -> None:
    """Wait until nobody works in its folder: two servers on one folder would destroy it.

    After a SIGKILL of a PostgreSQL its backends need a moment to notice. Who stays was started
    by others, or by a starter that died before it wrote the pid file.
    """
    deadline = time.monotonic() + seconds
    while workers := pids_working_in(server.workplace):
        if not until(deadline):
            raise FolderInUse(server.name, server.workplace, min(workers))


def _start(home: Home, server: Server, account: Account, port: int) -> Record:
    folder = home.folder(server.name)
    log = folder / "log"
    if log.exists():
        log.replace(folder / "log.previous")
    process = launch(
        server.command(port),
        account=account,
        environment=home.environment(server.name),
        cwd=server.workplace,
        log=log,
    )
    if process is None:
        raise _fault(server, log, port)
    record = Record(process, port)
    home.write(server.name, record)
    _await_answer(server, record, log)
    return record


def _await_answer(server: Server, record: Record, log: Path) -> None:
    deadline = time.monotonic() + server.patience_s
    while not server.answers(record.port):
        if not record.process.alive():
            raise _fault(server, log, record.port)
        if not until(deadline):
            _end(server, record.process)
            raise NotReady(server.name, server.patience_s, log)
    if not record.process.alive():  # then it was somebody else who answered on that port
        raise _fault(server, log, record.port)


def _fault(server: Server, log: Path, port: int) -> ServicesError:
    words = log.read_text(errors="replace")
    if "Address already in use" in words:
        return PortTaken(server.name, port)
    if "No space left on device" in words:
        free_mb = shutil.disk_usage(log.parent).free // _MB
        return DiskFull(server.name, log.parent, free_mb, server.room_mb)
    return ServerDied(server.name, log, last_words(words))


def last_words(log: str) -> str:
    """The last three lines that say anything, in one."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return " / ".join(lines[-3:]) or "(nothing)"


def _end(server: Server, process: Process) -> None:
    for number, seconds in (*server.goodbyes, (signal.SIGKILL, 10.0)):
        process.signal(number)
        if process.wait(seconds):
            return
    raise StillRunning(server.name, process.pid)


def _choose_port(server: str, asked: int | None, before: int | None) -> int:
    if asked is not None:
        if not _free(asked):
            raise PortTaken(server, asked)
        return asked
    return before if before is not None and _free(before) else any_free_port()


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as err:
            if err.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def any_free_port() -> int:
    """A loopback port that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
