"""An engine of each kind, empty, with topics of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from app.services.postgres import create_database, drop_database
from tests.contract.engines import Engine, Kafka, Memory, Postgres
from tests.contract.ledger import Ledger
from tests.contract.workers import Workers

PARTITIONS = 4


@dataclass
class Place:
    """Where a test works: an engine, a topic of `PARTITIONS`, a group nobody used before."""

    engine: Engine
    topic: str
    group: str


@pytest.fixture
def plain_database_url(database_server_url: str) -> Iterator[str]:
    """An empty database, without our schema."""
    name = f"contract_{uuid4().hex[:12]}"
    yield create_database(database_server_url, name)
    drop_database(database_server_url, name)


def engine_named(kind: str, request: pytest.FixtureRequest) -> Engine:
    """The engine of *kind*; only its own servers are started."""
    match kind:
        case "memory":
            return Memory.new()
        case "pglog":
            return Postgres(request.getfixturevalue("plain_database_url"))
        case _:
            return Kafka(request.getfixturevalue("kafka_url"))


async def new_place(engine: Engine) -> Place:
    """A new topic and group on *engine*."""
    name = uuid4().hex[:12]
    place = Place(engine, f"reports-{name}", f"group-{name}")
    await engine.create_topics({place.topic: PARTITIONS})
    return place


@pytest.fixture(params=["memory", "pglog", pytest.param("kafka", marks=pytest.mark.kafka)])
async def place(request: pytest.FixtureRequest) -> Place:
    """A place on each of the three engines."""
    return await new_place(engine_named(request.param, request))


@pytest.fixture(params=["pglog", pytest.param("kafka", marks=pytest.mark.kafka)])
async def shared_place(request: pytest.FixtureRequest) -> Place:
    """A place on each engine that several processes can share."""
    return await new_place(engine_named(request.param, request))


@pytest.fixture
async def ledger(plain_database_url: str) -> AsyncIterator[Ledger]:
    """Where worker processes leave their effects."""
    async with await Ledger.open(plain_database_url) as ledger:
        yield ledger


@pytest.fixture
async def workers(shared_place: Place, ledger: Ledger, tmp_path: Path) -> AsyncIterator[Workers]:
    """Worker processes on the shared place, none of them started yet."""
    async with Workers(shared_place, ledger, tmp_path) as workers:
        yield workers
