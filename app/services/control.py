"""Bringing the private servers of a home up and down, and telling how they are."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.services import postgres
from app.services.home import Home, default_home
from app.services.kafka.server import KafkaServer
from app.services.postgres_server import PostgresServer
from app.services.redis_server import RedisServer
from app.services.server import Server, State, ensure, kill, state, stop

VARIABLES: Final = {
    "postgres": "CITY_DATABASE_URL",
    "redis": "CITY_REDIS_URL",
    "kafka": "CITY_KAFKA_URL",
}


@dataclass(frozen=True, slots=True)
class Services:
    """Where the servers are; None stands for one that was not asked for."""

    urls: Mapping[str, str]

    @property
    def database_url(self) -> str:
        """The database; KeyError when it was not asked for."""
        return self.urls["postgres"]

    @property
    def redis_url(self) -> str:
        """The Redis; KeyError when it was not asked for."""
        return self.urls["redis"]

    @property
    def kafka_url(self) -> str | None:
        """The broker as ``kafka://host:port``; None when it was not asked for."""
        return self.urls.get("kafka")

    def exports(self) -> dict[str, str]:
        """The environment variables that hand these servers to another process."""
        return {VARIABLES[name]: url for name, url in self.urls.items()}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one private server is; pid and port are None when it does not run."""

    name: str
    state: State
    pid: int | None
    port: int | None


@contextmanager
def running(
    home: Path | None = None,
    *,
    database: bool = True,
    redis: bool = True,
    kafka: bool = False,
    keep: bool = False,
) -> Generator[Services]:
    """Give the servers asked for, starting those that do not run yet.

    A server named by its ``CITY_…_URL`` is taken from there and nothing is started for it.
    Several processes may use one *home* (None: `default_home`) at a time; the last one to leave
    stops the servers, unless *keep* or an earlier `up` asked to leave them running. When the
    process is killed, its servers stay and the next user finds them.
    Raises the faults of `app.services.errors`.
    """
    place = Home((home or default_home()).resolve())
    names = _names(database=database, redis=redis, kafka=kafka)
    with place.locked():
        lease = place.lease()
    try:
        with place.locked():
            services = _start(place, names, {})
            if keep:
                place.kept.touch()
        yield services
    finally:
        with place.locked():
            lease.unlink(missing_ok=True)
            if not place.kept.exists() and not place.users():
                _stop_all(place)


def up(
    home: Path | None = None,
    *,
    database: bool = True,
    redis: bool = True,
    kafka: bool = False,
    ports: Mapping[str, int] | None = None,
) -> Services:
    """Start the servers asked for and leave them running until `down`.

    *ports* fixes the port of a server by name; PortTaken is raised when it is not free.
    """
    place = Home((home or default_home()).resolve())
    with place.locked():
        names = _names(database=database, redis=redis, kafka=kafka)
        services = _start(place, names, ports or {})
        place.kept.touch()
    return services


def down(home: Path | None = None) -> list[str]:
    """Stop every private server of the home, whoever uses it; the names of those that ran."""
    place = Home((home or default_home()).resolve())
    with place.locked():
        place.kept.unlink(missing_ok=True)
        return _stop_all(place)


def status(home: Path | None = None) -> list[Standing]:
    """How each server of the home is; changes nothing."""
    place = Home((home or default_home()).resolve())
    return [_standing(place, name) for name in VARIABLES]


def found(home: Path | None = None) -> Services:
    """The servers that run now or are named by the environment; starts nothing."""
    place = Home((home or default_home()).resolve())
    return Services({name: url for name in VARIABLES if (url := _find_url(place, name))})


def restart(home: Path, name: str, *, crash: bool = False) -> None:
    """Stop one server and start it again on the same port; *crash* stops it by SIGKILL.

    For drills and tests: whoever is connected loses the connection.
    """
    place = Home(home.resolve())
    server = _server(place, name)
    with place.locked():
        if crash:
            kill(place, name)
        else:
            stop(place, server)
        ensure(place, server)


def _names(*, database: bool, redis: bool, kafka: bool) -> list[str]:
    asked = {"postgres": database, "redis": redis, "kafka": kafka}
    return [name for name, wanted in asked.items() if wanted]


def _start(home: Home, names: list[str], ports: Mapping[str, int]) -> Services:
    return Services({name: _given(name) or _started(home, name, ports.get(name)) for name in names})


def _given(name: str) -> str | None:
    return os.environ.get(VARIABLES[name]) or None


def _started(home: Home, name: str, port: int | None) -> str:
    server = _server(home, name)
    url = server.url(ensure(home, server, port).port)
    if name == "postgres" and not postgres.has_database(_maintenance(url), "citygrid"):
        postgres.create_database(url, "citygrid")
    return url


def _maintenance(url: str) -> str:
    return postgres.with_database(url, "postgres")


def _server(home: Home, name: str) -> Server:
    folder = home.folder(name)
    match name:
        case "postgres":
            return PostgresServer(folder)
        case "redis":
            return RedisServer(folder)
        case "kafka":
            return KafkaServer(folder)
        case _:
            raise KeyError(name)


def _stop_all(home: Home) -> list[str]:
    # Last started, first stopped: whoever uses the database goes before it.
    return [name for name in reversed(VARIABLES) if stop(home, _server(home, name))]


def _standing(home: Home, name: str) -> Standing:
    record = home.read(name)
    now = state(home, name)
    if record is None or now is not State.RUNNING:
        return Standing(name, now, None, None)
    return Standing(name, now, record.process.pid, record.port)


def _find_url(home: Home, name: str) -> str | None:
    record = home.read(name)
    if _given(name) or record is None or not record.process.alive():
        return _given(name)
    return _server(home, name).url(record.port)
