"""A private Redis: loopback, a random password, nothing written to disk."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import redis

from app.services.accounts import Account, unprivileged
from app.services.errors import MissingProgram
from app.services.secret import secret_in, write_private

_CONFIGURATION: Final = """\
bind 127.0.0.1
port {port}
dir {folder}
requirepass {password}
daemonize no
appendonly no
save ""
maxmemory 256mb
maxmemory-policy allkeys-lru
"""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """The Redis of *folder*; all it holds can be built again, so it keeps nothing."""

    folder: Path
    name: str = "redis"
    room_mb: int = 20
    patience_s: float = 20.0
    goodbyes: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)

    @property
    def workplace(self) -> Path:
        """The folder it runs in."""
        return self.folder

    def prepare(self) -> Account:
        """Make the folder; the account it runs as."""
        if shutil.which("redis-server") is None:
            raise MissingProgram("Redis", "redis-server")
        account = unprivileged("Redis", "redis")
        account.own(self.folder, mode=0o711)
        return account

    def command(self, port: int) -> list[str]:
        """The server with a configuration file: a password on a command line is public."""
        file = self.folder / "redis.conf"
        text = _CONFIGURATION.format(port=port, folder=self.folder, password=self._password())
        owner = self.folder.stat()
        write_private(file, text, owner=(owner.st_uid, owner.st_gid))
        return ["redis-server", str(file)]

    def answers(self, port: int) -> bool:
        """Tell whether it takes our password."""
        try:
            with redis.Redis.from_url(self.url(port), socket_timeout=2.0) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def url(self, port: int) -> str:
        """The URL of database 0, password included."""
        return f"redis://:{self._password()}@127.0.0.1:{port}/0"

    def _password(self) -> str:
        return secret_in(self.folder / "password")
