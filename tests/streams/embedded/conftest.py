"""A log of each kind, empty but for one topic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import psycopg
import pytest

from app.services.postgres import create_database, drop_database
from streams.embedded.log import Log
from streams.embedded.memory import MemoryLog
from streams.embedded.postgres import PostgresLog, create_topics, log_schema

TOPIC = "reports.v1"
PARTITIONS = 3


@pytest.fixture
def log_database_url(database_server_url: str) -> Iterator[str]:
    """A database that holds nothing but the log's tables."""
    name = f"log_{uuid4().hex[:12]}"
    url = create_database(database_server_url, name)
    with psycopg.connect(url) as conn:
        conn.execute(log_schema().encode())
    yield url
    drop_database(database_server_url, name)


@pytest.fixture
async def log_conn(log_database_url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection, in autocommit, to a log with one topic."""
    async with await psycopg.AsyncConnection.connect(log_database_url, autocommit=True) as conn:
        await create_topics(conn, {TOPIC: PARTITIONS})
        yield conn


@pytest.fixture(params=["memory", "postgres"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[Log]:
    """A log of each kind with one topic."""
    if request.param == "memory":
        log = MemoryLog()
    else:
        log = PostgresLog(request.getfixturevalue("log_database_url"))
    await log.open()
    await log.create_topics({TOPIC: PARTITIONS})
    yield log
    await log.close()
