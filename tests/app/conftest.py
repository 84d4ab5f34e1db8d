"""Fixtures of the doors: one served Littletown for each test that asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.app.town import Town, running_town

# What comes out is tested here, not how long it takes on a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """A running web process with a database of its own."""
    async with running_town(database_url, home=tmp_path) as running:
        yield running
