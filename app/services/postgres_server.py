"""A private PostgreSQL with PostGIS: one cluster in one folder, loopback only, scram passwords."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.services import postgres
from app.services.accounts import Account, unprivileged
from app.services.errors import (
    MissingProgram,
    OtherMajorVersion,
    PasswordLost,
)
from app.services.once import run_once
from app.services.secret import secret_in, write_private

_MAJOR: Final = "15"
_USER: Final = "citygrid"

# For a box of two cores and 4 GB or more. Durability stays as PostgreSQL ships it: fsync on,
# synchronous_commit on, full_page_writes on; accepted means committed.
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%a ",
}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """The cluster in *folder*."""

    folder: Path
    name: str = "postgres"
    room_mb: int = 300
    debian_root: Path = Path("/usr/lib/postgresql")  # Debian keeps each major version below it
    patience_s: float = 120.0  # a crashed cluster replays up to max_wal_size first
    goodbyes: Sequence[tuple[signal.Signals, float]] = (
        (signal.SIGINT, 30.0),  # fast: sessions are ended, a checkpoint is written
        (signal.SIGQUIT, 10.0),  # immediate: the next start recovers from the log
    )

    @property
    def workplace(self) -> Path:
        """The folder of the cluster: PostgreSQL and all its backends change into it."""
        return self.data

    @property
    def data(self) -> Path:
        """The folder of the cluster."""
        return self.folder / "data"

    def prepare(self) -> Account:
        """Make the cluster where there is none; the account it runs as."""
        account = unprivileged("PostgreSQL", "postgres")
        account.own(self.folder, mode=0o711)
        if not self.data.exists():
            self._initialise(account)
            return account
        account.own(self.data)
        if not self._password_file.exists():
            raise PasswordLost(self._password_file, self.data)
        return account

    def command(self, port: int) -> list[str]:
        """The postgres program that fits the data, with all settings on its command line."""
        # Nobody works in the folder (the starter has made sure), so this lock is stale. PostgreSQL
        # would keep it when its pid was reused meanwhile, or is a zombie.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        return [
            str(self._programs() / "postgres"),
            "-D",
            str(self.data),
            f"--port={port}",
            *settings,
        ]

    def answers(self, port: int) -> bool:
        """Tell whether it takes our own login; it does only once recovery is over."""
        return postgres.answers(postgres.with_database(self.url(port), "postgres"))

    def url(self, port: int) -> str:
        """The URL of the database ``citygrid``, login and password included."""
        return f"postgresql://{_USER}:{secret_in(self._password_file)}@127.0.0.1:{port}/citygrid"

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    def _programs(self) -> Path:
        found = (self.data / "PG_VERSION").read_text().strip()
        programs = _find_programs(self.debian_root, found)
        if programs is None:
            raise OtherMajorVersion(
                self.data, found, ", ".join(_installed(self.debian_root)) or "none"
            )
        return programs

    def _initialise(self, account: Account) -> None:
        programs = _find_programs(self.debian_root, _MAJOR) or _newer_programs(self.debian_root)
        _require_postgis(programs)
        draft, handed = self.folder / "data.new", self.folder / "password.handed"
        shutil.rmtree(draft, ignore_errors=True)  # left by an initdb that was cut short
        write_private(handed, secret_in(self._password_file), owner=(account.uid, account.gid))
        try:
            self._initdb(programs, account, draft, handed)
        finally:
            handed.unlink()
        draft.rename(self.data)

    def _initdb(self, programs: Path, account: Account, draft: Path, password: Path) -> None:
        command = [
            programs / "initdb", "--pgdata", draft, "--username", _USER, "--pwfile", password,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8",
            "--data-checksums",
        ]  # fmt: skip
        log = self.folder / "initdb.log"
        run_once("initdb", command, folder=self.folder, account=account, log=log)


def _installed(root: Path) -> list[str]:
    versions = [path.parent.parent.name for path in root.glob("*/bin/postgres")]
    return sorted((name for name in versions if name.isdigit()), key=int)


def _find_programs(root: Path, major: str) -> Path | None:
    """The folder of the programs of one major version; None when they are not installed."""
    debian = root / major / "bin"
    if (debian / "postgres").exists():
        return debian
    on_path = shutil.which("postgres")
    if on_path is None:
        return None
    said = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=True).stdout
    return Path(on_path).resolve().parent if f" {major}." in said else None


def _newer_programs(root: Path) -> Path:
    newer = [major for major in _installed(root) if int(major) > int(_MAJOR)]
    if not newer:
        raise MissingProgram("PostgreSQL 15", f"postgresql-{_MAJOR} postgresql-{_MAJOR}-postgis-3")
    return root / newer[0] / "bin"


def _require_postgis(programs: Path) -> None:
    said = subprocess.run(
        [programs / "pg_config", "--sharedir"], capture_output=True, text=True, check=True
    ).stdout
    if not (Path(said.strip()) / "extension" / "postgis.control").exists():
        raise MissingProgram("PostGIS 3", f"postgresql-{_MAJOR}-postgis-3")
