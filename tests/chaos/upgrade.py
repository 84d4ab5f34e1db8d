"""A rolling upgrade from the previous release, while phones report.

    python -m tests.chaos.upgrade [--from REVISION] [--seconds 5] [--breaking SQL]

The processes of the previous release run and are used; the new version migrates the schema under
them; then each is replaced, one after the other, and the rest goes on beside it. Nothing that was
acknowledged may be lost, and a phone may meet nothing but a connection that is cut or refused and
503. *--breaking* runs a statement after the migration, to see that a migration which breaks the
previous release is noticed. Prints one JSON line; exit code 1 when something does not hold.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from app.processes import Processes, free_port
from app.services import Services, down, running
from tests.chaos.clients import ROLES
from tests.chaos.passage import Kept, outcome, read_books
from tests.chaos.releases import ROOT, Release, previous_revision, this_release, unpack

CELLS: Final = 100
RATE: Final = 30
_LONGEST_S: Final = 60.0
_KINDS: Final = ("web", "worker", "clock", "notifier")
_EACH: Final = 2
_WORKER_READY: Final = b"Worker ready"
_CLEAN: Final = (0, -signal.SIGTERM)
"""uvicorn, once it has finished, ends by the signal it was given."""


class NotReady(Exception):
    """A process did not say that it is ready."""

    def __init__(self, name: str, log: Path) -> None:
        super().__init__(f"{name} was not ready after {_LONGEST_S:.0f} s: {log}")
        self.name, self.log = name, log


@dataclass
class City:
    """A city on private servers, and the processes at work for it."""

    folder: Path
    processes: Processes
    stages: dict[str, float] = field(default_factory=dict[str, float])
    ports: dict[str, int] = field(default_factory=dict[str, int])
    unclean: dict[str, int] = field(default_factory=dict[str, int])

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
            time.sleep(0.1)

    def _wait_said(self, name: str, log: Path, said: int) -> None:
        give_up = time.monotonic() + _LONGEST_S
        while log.read_bytes().count(_WORKER_READY) == said:
            self.processes.check()
            if time.monotonic() > give_up:
                raise NotReady(name, log)
            time.sleep(0.1)


def upgrade(
    services: Services, folder: Path, old: Release, *, seconds: float, breaking: str = ""
) -> dict[str, Any]:
    """The whole of it; *seconds* is how long each stage is looked at."""
    new, database_url = this_release(), services.database_url
    environment = services.exports() | {"CITY_HOME": str(folder), "CITY_HOST": "127.0.0.1"}
    _found(old, environment, folder)
    with Processes(environment, folder / "logs") as processes:
        city = City(folder, processes)
        names = _names(old, without=())
        for name in names:
            city.start(name, old)
        phones = _phones(city)
        try:
            city.enter("old", seconds)
            told = new.run("migrate", environment=environment)
            _execute(database_url, breaking)
            city.replace("worker-2", old)  # who goes back finds its way, too
            city.enter("old on the new schema", seconds)
            _replace_all(city, names, new, seconds)
            for name in _names(new, without=names):
                city.start(name, new)
            city.enter("new", seconds)
        finally:
            phones_code = _end(phones)
        settled = _settled(database_url)
        proofs = {name: _proof(new, command, environment) for name, command in _PROOFS.items()}
    return {
        "from": old.name,
        "migrated": told.strip(),
        **outcome(read_books(folder), _kept(database_url), city.stages),
        "unclean_ends": city.unclean,
        "phones_ended_with": phones_code,
        "settled": settled,
        **proofs,
    }


def _names(release: Release, *, without: Collection[str]) -> list[str]:
    """Names of the processes that a release has."""
    missing = [kind for kind in _KINDS if f"{kind}-1" not in without]
    commands = release.commands() if missing else set[str]()
    return [f"{kind}-{n}" for kind in missing if kind in commands for n in range(1, _EACH + 1)]


def _replace_all(city: City, names: Sequence[str], new: Release, seconds: float) -> None:
    """One after the other, with a pause in which both versions are at work."""
    for name in names:
        city.replace(name, new)
        city.enter("side by side", seconds / len(names))


_PROOFS: Final = {"balanced": ("ledger", "--json"), "proven": ("audit", "verify", "--json")}


def _found(old: Release, environment: Mapping[str, str], folder: Path) -> None:
    """Make the city with the previous release, as its people did."""
    pack = folder / "pack"
    old.run("migrate", environment=environment)
    old.run("city", "make", "yunxi", str(pack), "--cells", str(CELLS), environment=environment)
    old.run("city", "load", str(pack), environment=environment)
    keys = {
        source: old.run("key", "add", source, "--role", role, environment=environment).strip()
        for source, role in ROLES.items()
    }
    (folder / "keys.json").write_text(json.dumps(keys))


def _phones(city: City) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "tests.chaos.clients.phones", "--run", str(city.folder),
        "--doors", ",".join(city.doors), "--rate", str(RATE), "--seed", "1",
    ]  # fmt: skip
    with (city.folder / "phones.log").open("wb") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)


def _end(phones: subprocess.Popen[bytes]) -> int:
    """Let the phones send what they have, and leave."""
    phones.send_signal(signal.SIGTERM)
    try:
        return phones.wait(_LONGEST_S)
    except subprocess.TimeoutExpired:
        phones.kill()
        return phones.wait()


def _settled(database_url: str) -> bool:
    """Whether everything accepted was decided within a minute."""
    give_up = time.monotonic() + _LONGEST_S
    with psycopg.connect(database_url, autocommit=True) as conn:
        while time.monotonic() < give_up:
            found = conn.execute("SELECT count(*) FROM inbox WHERE state = 'accepted'").fetchone()
            if found == (0,):
                return True
            time.sleep(0.1)
    return False


def _kept(database_url: str) -> list[Kept]:
    with psycopg.connect(database_url) as conn:
        rows = conn.execute(
            "SELECT source, client_key, receipt, encode(body_sha256, 'hex'), state,"
            " extract(epoch FROM received_at)::float8, extract(epoch FROM decided_at)::float8"
            " FROM inbox"
        ).fetchall()
    return [Kept(*row) for row in rows]


def _proof(new: Release, command: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether `citygrid COMMAND` says that all is well."""
    told: Mapping[str, Any] = json.loads(new.run(*command, environment=environment))
    return bool(told.get("balanced", told.get("ok")))


def _execute(database_url: str, statement: str) -> None:
    if statement:
        with psycopg.connect(database_url) as conn:
            conn.execute(statement.encode())


def run(revision: str | None, *, seconds: float, breaking: str = "") -> dict[str, Any]:
    """Upgrade a city of its own on servers of its own; everything is removed again."""
    home = Path(tempfile.mkdtemp(prefix="citygrid-upgrade-"))
    home.chmod(0o711)  # the servers' own accounts enter it
    began = time.monotonic()
    try:
        old = unpack(revision or previous_revision(), home / "previous")
        with running(home) as services:
            told = upgrade(services, home, old, seconds=seconds, breaking=breaking)
    finally:
        down(home)
        shutil.rmtree(home)
    good = told["settled"] and told["balanced"] and told["proven"] and not told["unclean_ends"]
    well = not told["faults"] and told["phones_ended_with"] == 0
    return {**told, "seconds": round(time.monotonic() - began, 1), "ok": good and well}


def main(arguments: Sequence[str] | None = None) -> int:
    """Upgrade and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="revision", help="tag or commit to come from")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each stage")
    parser.add_argument("--breaking", default="", help="SQL after the migration")
    given = parser.parse_args(arguments)
    result = run(given.revision, seconds=given.seconds, breaking=given.breaking)
    print(json.dumps(result, ensure_ascii=False))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
