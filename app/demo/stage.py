"""The whole system on one machine: private services, a database, a city, our processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from app.identity.postgres import add_key, issue_one_time_login, replace_key
from app.migrating import prepare
from app.processes import Processes, free_port
from app.services import running
from app.services.postgres import create_database, drop_database, has_database, with_database
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Stage:
    """A running system. *url* is the web process; *processes* can be killed and started again."""

    url: str
    settings: Settings
    processes: Processes

    def key_for(self, source: str, role: str) -> str:
        """An API key for the source, made now; an earlier one of the same source ends."""
        return asyncio.run(_key(self.settings.database_url, source, role))

    def someone(self, role: str) -> str:
        """The login of the first person who has the role."""
        with psycopg.connect(self.settings.database_url) as conn:
            found = conn.execute(
                "SELECT min(login) FROM person WHERE active AND %s = ANY(roles)", [role]
            ).fetchone()
        if found is None or found[0] is None:
            raise LookupError(f"the city has nobody with the role {role}")
        return str(found[0])

    def one_time_login(self, login: str) -> str:
        """An address that logs this person in, once, within a quarter of an hour."""
        return f"{self.url}/login/{asyncio.run(_login(self.settings.database_url, login))}"


@contextmanager
def on_stage(
    home: Path,
    *,
    database: str,
    load: Callable[[str], object] | None = None,
    fresh: bool = False,
    port: int | None = None,
    workers: int = 1,
    kafka: bool = False,
) -> Generator[Stage]:
    """Start all of it and wait until it is ready; stop what was started when the block is left.

    *database* is the name on the server, made if missing, and made anew if *fresh*. *load* is
    called with the database's URL and puts the city there. Raises what the services, *load* or a
    process that ends has to say.
    """
    with running(home, kafka=kafka) as services:
        settings = Settings(
            database_url=_database(services.database_url, database, fresh),
            redis_url=services.redis_url,
            kafka_url=services.kafka_url if kafka else None,
            home=home,
            # Where a server from elsewhere keeps its data nobody knows here.
            database_folder=None if "CITY_DATABASE_URL" in os.environ else home,
            port=port or free_port(),
        )
        asyncio.run(prepare(settings))
        if load:
            load(settings.database_url)
        with Processes(_environment(settings), home / "logs") as processes:
            for name in ("web", "clock", "notifier"):
                processes.start(name)
            for number in range(1, workers + 1):
                processes.start(f"worker-{number}", "worker")
            url = f"http://{settings.host}:{settings.port}"
            processes.wait_ready(url)
            yield Stage(url, settings, processes)


def _database(server: str, name: str, fresh: bool) -> str:
    if fresh:
        drop_database(server, name)
    if not has_database(server, name):
        return create_database(server, name)
    return with_database(server, name)


def _environment(settings: Settings) -> dict[str, str]:
    told = {
        "CITY_DATABASE_URL": settings.database_url,
        "CITY_REDIS_URL": settings.redis_url,
        "CITY_KAFKA_URL": settings.kafka_url,
        "CITY_HOME": str(settings.home),
        "CITY_DATABASE_FOLDER": str(settings.database_folder or ""),
        "CITY_HOST": settings.host,
        "CITY_PORT": str(settings.port),
    }
    return {name: value for name, value in told.items() if value}


async def _key(database_url: str, source: str, role: str) -> str:
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        return await replace_key(conn, source) or await add_key(conn, source, [role], source)


async def _login(database_url: str, login: str) -> str:
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        return await issue_one_time_login(conn, login, datetime.now(UTC))
