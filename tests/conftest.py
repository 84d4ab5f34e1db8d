"""What every test may ask for: a fresh database with our schema, made from a template."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg import AsyncConnection

from app.database import connect
from app.migrating import migrate
from app.services.postgres import create_database, drop_database

pytest_plugins = ["tests.fixtures_services"]


@pytest.fixture(scope="session")
def template(database_server_url: str) -> Iterator[str]:
    """The name of a database with our schema and nothing in it."""
    name = f"template_{uuid4().hex[:12]}"
    migrate(create_database(database_server_url, name))
    yield name
    drop_database(database_server_url, name)


@pytest.fixture
def database_url(database_server_url: str, template: str, in_memory: bool) -> Iterator[str]:
    """A database of the test's own."""
    name = f"test_{uuid4().hex[:12]}"
    yield create_database(database_server_url, name, template, by_files=in_memory)
    drop_database(database_server_url, name)


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[AsyncConnection]:
    """One connection to the test's own database, in autocommit."""
    async with await connect(database_url) as connection:
        yield connection


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; the test is skipped where it is not."""
    folder = Path(os.environ.get("CITY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not there")
    return folder
