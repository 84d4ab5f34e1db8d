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
import sys
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import psycopg

from app.processes import NotReady as NeverReady
from app.processes import ProcessEnded, Processes, free_port
from app.services import Services, down, running
from tests.chaos.clients import ROLES
from tests.chaos.clients.books import read_book
from tests.chaos.judge import Judge, effects
from tests.chaos.passage import passage
from tests.chaos.releases import (
    CommandFailed,
    Release,
    previous_revision,
    this_release,
    unpack,
)
from tests.chaos.rolling import City, ClientFailed, NotReady, clients
from tests.chaos.stopping import end_tidily

CELLS: Final = 100
_KINDS: Final = ("web", "worker", "clock", "notifier")
_EACH: Final = 2


def upgrade(
    services: Services, folder: Path, old: Release, *, seconds: float, breaking: str = ""
) -> dict[str, Any]:
    """The whole of it; *seconds* is how long each stage is looked at."""
    new, database_url = this_release(), services.database_url
    environment = services.exports() | {
        "CITY_HOME": str(folder),
        "CITY_HOST": "127.0.0.1",
        "CITY_NOTIFY_INSIDE": "127.0.0.1",
    }
    _found(old, environment, folder)
    judge = Judge(database_url, folder)
    with Processes(environment, folder / "logs") as processes:
        city = City(folder, database_url, processes)
        names = _names(old, without=())
        for name in names:
            city.start(name, old)
        if "notifier-1" in names:
            city.sink_port = free_port()
            sink = f"http://127.0.0.1:{city.sink_port}/"
            old.run("destination", "add", "sink", sink, environment=environment)
        with clients(city):
            city.enter("old", seconds)
            told = new.run("migrate", environment=environment)
            _execute(database_url, breaking)
            city.judge = judge  # it knows the new schema
            city.replace("worker-2", old)  # who goes back finds its way, too
            city.enter("old on the new schema", seconds)
            _replace_all(city, names, new, seconds)
            for name in _names(new, without=names):
                city.start(name, new)
            city.enter("new", seconds)
    verdict = judge.verdict(time.time())
    broken = {
        check.name: check.detail
        for check in verdict.broken
        if city.sink_port or check.name not in effects.CHECKS
    }
    went = passage(list(read_book(folder / "phones.jsonl")), _decided(database_url), city.stages)
    return {
        "from": old.name,
        "migrated": told.strip(),
        **asdict(went),
        **verdict.figures,
        "idle": went.idle,
        "broken": broken,
        "unclean_ends": city.unclean,
        "ok": not broken and not went.idle and not city.unclean,
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


def _decided(database_url: str) -> list[float]:
    """When each report was decided, unix seconds."""
    with psycopg.connect(database_url) as conn:
        rows = conn.execute(
            "SELECT extract(epoch FROM decided_at)::float8 FROM inbox WHERE decided_at IS NOT NULL"
        ).fetchall()
    return [moment for (moment,) in rows]


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
    except (ClientFailed, NotReady, NeverReady, ProcessEnded, CommandFailed) as err:
        told = {"broken": {type(err).__name__: str(err)}, "ok": False}
    finally:
        down(home)
        shutil.rmtree(home)
    return {**told, "seconds": round(time.monotonic() - began, 1)}


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
    end_tidily()
    sys.exit(main())
