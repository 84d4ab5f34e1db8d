"""The folder that holds everything private servers keep: data, logs, pid files, lock, leases.

lock                 held while servers are started or stopped
leases/PID.…         one per process that uses the servers now
kept                 present when the servers shall outlive their users (``up``)
NAME/process.json    which process serves, on which port
NAME.environment     variables the server starts with besides its few own ones, a line each
NAME/log             what the server printed since it was started last
NAME/data            the server's own folder
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from app.services.errors import FolderOutOfReach, LockedOut
from app.services.process import Process, this_process, until

_LOCK_PATIENCE_S = 600.0  # bringing the Kafka jars through a slow network is the longest wait


def default_home() -> Path:
    """``CITY_HOME``, or ``.city`` in the current folder."""
    return Path(os.environ.get("CITY_HOME") or ".city").resolve()


@dataclass(frozen=True, slots=True)
class Record:
    """Which process serves on which port, as the pid file tells."""

    process: Process
    port: int


@dataclass(frozen=True, slots=True)
class Home:
    """One home folder; nothing is touched before `open`."""

    path: Path

    def open(self) -> None:
        """Make the folder where missing. Raises FolderOutOfReach."""
        try:
            # Others may enter, not list: the servers' own accounts have their folders below.
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            (self.path / "leases").mkdir(exist_ok=True)
        except (PermissionError, FileExistsError, NotADirectoryError) as err:
            raise FolderOutOfReach(self.path, f"uid {os.geteuid()}") from err

    @contextmanager
    def locked(self, patience_s: float = _LOCK_PATIENCE_S) -> Generator[None]:
        """Hold the home alone; released by the kernel when the holder dies. Raises LockedOut."""
        self.open()
        lock = self.path / "lock"
        with lock.open("w") as handle:
            deadline = time.monotonic() + patience_s
            while not _try_lock(handle.fileno()):
                if not until(deadline):
                    raise LockedOut(lock, patience_s)
            yield

    def folder(self, server: str) -> Path:
        """The folder of one server."""
        return self.path / server

    def read(self, server: str) -> Record | None:
        """What the pid file says; None when there is none or it cannot be understood."""
        try:
            entry = json.loads((self.folder(server) / "process.json").read_text())
            return Record(Process(**entry["process"]), int(entry["port"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write(self, server: str, record: Record) -> None:
        """Write the pid file, whole or not at all, and remember the port."""
        target = self.folder(server) / "process.json"
        draft = target.with_suffix(".new")
        draft.write_text(json.dumps(asdict(record)))
        draft.replace(target)
        (self.folder(server) / "port").write_text(f"{record.port}\n")

    def forget(self, server: str) -> None:
        """Remove the pid file of a server that was stopped."""
        (self.folder(server) / "process.json").unlink(missing_ok=True)

    def last_port(self, server: str) -> int | None:
        """The port it had last; None when it never ran."""
        try:
            return int((self.folder(server) / "port").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def environment(self, server: str) -> dict[str, str]:
        """What its file `.environment` adds to its variables; nothing where there is no file.

        For drills: whoever starts the server again, it starts like the one before.
        """
        file = self.path / f"{server}.environment"
        lines = file.read_text().splitlines() if file.exists() else []
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def lease(self) -> Path:
        """Note that this process uses the servers; unlink the path given to end it."""
        user = this_process()
        name = f"{user.pid}.{user.started}.{user.boot}.{secrets.token_hex(4)}"
        lease = self.path / "leases" / name
        lease.touch()
        return lease

    def users(self) -> set[Process]:
        """The living processes that use the servers; leases of the dead are swept."""
        leases = {lease: _holder(lease) for lease in (self.path / "leases").iterdir()}
        for lease, holder in leases.items():
            if not holder.alive():
                lease.unlink(missing_ok=True)
        return {holder for holder in leases.values() if holder.alive()}

    @property
    def kept(self) -> Path:
        """The mark that the servers shall outlive their users."""
        return self.path / "kept"


def _holder(lease: Path) -> Process:
    pid, started, boot, _ = lease.name.split(".")
    return Process(int(pid), int(started), boot)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
