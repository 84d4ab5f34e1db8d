"""One served town for each module: making one takes longer than most of what is asked of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from app.identity.postgres import add_key
from app.migrating import prepare
from app.services.postgres import create_database, drop_database
from tests.app.http.sta.observing_town import keep, samples
from tests.app.town import Town, running_town, store_grid_of_town


@pytest.fixture(scope="module")
def things_url(database_server_url: str, template: str, in_memory: bool) -> Iterator[str]:
    """A database of the module's own."""
    name = f"test_{uuid4().hex[:12]}"
    yield create_database(database_server_url, name, template, by_files=in_memory)
    drop_database(database_server_url, name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def things(things_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Littletown with its log, a day and more of samples, and keys of an auditor and a lab."""
    home: Path = tmp_path_factory.mktemp("things")
    async with running_town(things_url, home=home) as town:
        await prepare(town.settings)
        await store_grid_of_town(town.conn)
        keys = {
            **town.keys,
            "auditor": await add_key(town.conn, "auditor:1", ["auditor"], ""),
            "lab": await add_key(town.conn, "gateway:lab", ["registrar", "sensor"], ""),
        }
        level = samples("W1", [1.0 + n / 10 for n in range(180)])
        rain = samples("R1", [float(n % 5) for n in range(60)])
        await keep(town.conn, level, rain)
        yield replace(town, keys=keys)
