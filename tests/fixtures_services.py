"""Real servers for tests: one PostgreSQL and one Kafka shared by all test runs, Redis per run.

The shared ones live in ``.city/test`` (or below ``CITY_HOME``), PostgreSQL in memory where there is
room, and stop with the last run that uses them; a test makes its own databases and topics. A test
that stops or kills a server takes `private_home` instead.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from app.services import down, running
from app.services.errors import JarsUnavailable, MissingProgram
from app.services.home import Home, default_home
from app.services.postgres import drop_database, list_databases, with_database
from app.services.process import this_process

MEMORY: Final = Path("/dev/shm")
"""A file system in memory; it may be missing, and small in a container."""
_ROOM_BYTES: Final = 6 * 2**30


def _new_home() -> Path:
    # Not pytest's tmp_path: as root, the servers' own accounts may not enter that.
    folder = Path(tempfile.mkdtemp(prefix="citygrid-"))
    folder.chmod(0o711)
    return folder


@pytest.fixture(scope="session")
def test_home() -> Path:
    """The home of the servers that all test runs share."""
    return default_home() / "test"


@pytest.fixture(scope="session")
def database_home(test_home: Path) -> Path:
    """The home of the shared PostgreSQL: half of the time of a run goes into making databases."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > _ROOM_BYTES:
        checkout = hashlib.sha256(bytes(test_home.resolve())).hexdigest()[:12]
        return MEMORY / f"citygrid-test-{checkout}"
    return test_home


@pytest.fixture(scope="session")
def in_memory(database_home: Path) -> bool:
    """Whether the shared PostgreSQL stands in memory."""
    return database_home.parent == MEMORY


@pytest.fixture(scope="session")
def database_server_url(database_home: Path, in_memory: bool) -> Iterator[str]:
    """A PostgreSQL with PostGIS to make databases on; names its maintenance database."""
    with running(database_home, redis=False) as services:
        url = with_database(services.database_url, "postgres")
        if not os.environ.get("CITY_DATABASE_URL"):
            _drop_leftovers(database_home, url)
        yield url
    if in_memory:
        _forget(database_home)


def _forget(home: Path) -> None:
    """Give the memory back when no other run is at it."""
    with Home(home).locked():
        if not Home(home).users():
            shutil.rmtree(home / "postgres", ignore_errors=True)


def _drop_leftovers(home: Path, url: str) -> None:
    """Drop what test runs that were killed have left, when no other run is at it."""
    with Home(home).locked():
        if Home(home).users() == {this_process()}:
            for name in set(list_databases(url)) - {"postgres", "citygrid"}:
                drop_database(url, name)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """An empty Redis of this test run."""
    home = _new_home()
    with running(home, database=False) as services:
        yield services.redis_url
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def kafka_url(test_home: Path) -> Iterator[str]:
    """An Apache Kafka broker, ``kafka://…``; skips where Java or Maven Central is not to be had."""
    try:
        with running(test_home, database=False, redis=False, kafka=True) as services:
            assert services.kafka_url is not None
            yield services.kafka_url
    except (MissingProgram, JarsUnavailable) as fault:
        pytest.skip(f"no Apache Kafka on this machine: {fault}")


@pytest.fixture
def private_home() -> Iterator[Path]:
    """An empty home of one test; whatever is started in it is stopped and removed at the end."""
    home = _new_home()
    yield home
    down(home)
    shutil.rmtree(home)
