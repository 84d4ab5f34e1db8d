"""One city with a past for all tests of a module: what-if leaves it as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from app.city.loading import load_pack
from app.services.postgres import create_database, drop_database
from tests.app.whatif.past_city import build, pack_in


@pytest.fixture(scope="module")
def past_city(
    database_server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of its database."""
    name = f"test_{uuid4().hex[:12]}"
    url = create_database(database_server_url, name, template)
    folder = tmp_path_factory.mktemp("past")
    load_pack(pack_in(folder / "pack"), url)
    asyncio.run(build(url, folder))
    yield url
    drop_database(database_server_url, name)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the pack that is in force; a test changes what it wants to try."""
    return pack_in(tmp_path / "pack")
