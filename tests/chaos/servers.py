"""The servers of a run: PostgreSQL on a small file system of its own, Redis, Kafka.

Ours alone, each on a port that stays: they are killed, stopped and started again all the time.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

from app.services import postgres
from app.services.home import Home
from app.services.kafka.server import KafkaServer
from app.services.postgres_server import PostgresServer
from app.services.process import Process, pids_working_in
from app.services.redis_server import RedisServer
from app.services.server import Server, ensure, kill, stop
from tests.chaos.brokers import Brokers
from tests.chaos.faults.time import MovableClock, NoFaketime
from tests.chaos.network import harness_port

_DISK_MB: Final = 4096
"""A bound, not a reservation: a tmpfs takes what is in it. Filling it is making it smaller."""


class Servers:
    """Private servers below one folder, by name: postgres, redis and, when asked for, brokers."""

    def __init__(self, folder: Path, *, broker_doors: Sequence[int] = ()) -> None:
        """*broker_doors* are ports on which clients are told to find Kafka: none, one or three."""
        self.home = Home(folder)
        self.disk = folder / "postgres"
        self._servers: dict[str, Server] = {
            "postgres": PostgresServer(folder / "postgres"),
            "redis": RedisServer(folder / "redis"),
        }
        self._cluster: Brokers | None = None
        if len(broker_doors) == 1:
            self._servers["kafka"] = KafkaServer(folder / "kafka", advertised=broker_doors[0])
        self.ports = {name: harness_port() for name in self._servers}
        self.brokers: Sequence[str] = [name for name in self._servers if name == "kafka"]
        if len(broker_doors) > 1:
            self._cluster = Brokers(folder / "brokers", doors=broker_doors)
            self.brokers = self._cluster.names
            self.ports |= dict(zip(self.brokers, self._cluster.ports, strict=True))
        self.clock: MovableClock | None = None
        """That of PostgreSQL; None where clocks cannot be moved, and before it runs."""

    @contextmanager
    def running(self) -> Generator[None]:
        """All of them, until the block is left."""
        self.home.open()
        mounted = _mount(self.disk)
        with suppress(NoFaketime):
            self.clock = MovableClock(self.home.path)
        try:
            for name in self._servers:
                self.start(name)
            with self._cluster.running() if self._cluster else nullcontext():
                yield
        finally:
            for name in reversed(self._servers):
                self.kill(name)
            if self.clock:
                self.clock.sweep()
            if mounted:
                subprocess.run(["umount", "--lazy", self.disk], check=True)

    @property
    def database_url(self) -> str:
        """The database of the city, reached without the proxy."""
        return self._servers["postgres"].url(self.ports["postgres"])

    @property
    def maintenance_url(self) -> str:
        """The database that is always there."""
        return postgres.with_database(self.database_url, "postgres")

    @property
    def redis_url(self) -> str:
        """Redis, reached without the proxy."""
        return self._servers["redis"].url(self.ports["redis"])

    @property
    def has_followers(self) -> bool:
        """Whether there is a broker that could take over from another."""
        return self._cluster is not None

    def orders_url(self, clients_url: str) -> str:
        """Where to give orders to Kafka: past the proxy where that is possible."""
        return self._cluster.peer_url if self._cluster else clients_url

    def start(self, name: str) -> None:
        """Start it where it does not run, and wait until it answers. Raises ServicesError."""
        if self._cluster and name in self.brokers:
            return self._cluster.start(name)
        with self.home.locked():
            ensure(self.home, self._servers[name], self.ports[name])

    def stop(self, name: str) -> None:
        """End it as its operator would."""
        if self._cluster and name in self.brokers:
            return self._cluster.stop(name)
        with self.home.locked():
            stop(self.home, self._servers[name])

    def kill(self, name: str) -> None:
        """SIGKILL to it and to whatever of it is left; PostgreSQL's backends included."""
        if self._cluster and name in self.brokers:
            return self._cluster.kill(name)
        with self.home.locked():
            pids = pids_working_in(self._servers[name].workplace)
            kill(self.home, name)
            for pid in pids:
                if found := Process.find(pid):
                    found.signal(signal.SIGKILL)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send its main process a signal; nothing when it does not run."""
        if record := self.home.read(name):
            record.process.signal(number)

    def pids(self, name: str) -> list[int]:
        """Its main process and that one's children, as far as they work in its folder."""
        return pids_working_in(self._servers[name].workplace)

    @property
    def has_own_disk(self) -> bool:
        """Whether PostgreSQL has a file system that can be filled without harm to others."""
        return os.path.ismount(self.disk)

    def fill_disk(self) -> None:
        """Leave no room where PostgreSQL writes."""
        used = shutil.disk_usage(self.disk).used // 1024
        # What is written between looking and filling: a little more is tried until it fits.
        for room in (0, 64, 256, 1024, 4096):
            if _resize(self.disk, f"{used + room}k"):
                return
        raise OSError(f"{self.disk} could not be filled")

    def free_disk(self) -> None:
        """Give the room back."""
        if not _resize(self.disk, f"{_DISK_MB}m"):
            raise OSError(f"{self.disk} could not be freed")


def _mount(disk: Path) -> bool:
    """A file system in memory at *disk*, owned by the server's account; False when not root."""
    if os.geteuid() != 0:
        return False
    owner = pwd.getpwnam("postgres")
    disk.mkdir(mode=0o711, exist_ok=True)
    options = f"size={_DISK_MB}m,mode=0711,uid={owner.pw_uid},gid={owner.pw_gid}"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "citygrid-chaos", disk],
        check=False,
        capture_output=True,
    )
    if done.returncode != 0:  # a container that may not mount
        os.chown(disk, owner.pw_uid, owner.pw_gid)
    return done.returncode == 0


def _resize(disk: Path, size: str) -> bool:
    done = subprocess.run(
        ["mount", "-o", f"remount,size={size}", disk], check=False, capture_output=True
    )
    return done.returncode == 0
