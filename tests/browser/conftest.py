"""The whole system at work on Yunxi, and a dispatcher in front of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.demo.stage import Stage, on_stage
from app.services.postgres import drop_database, with_database
from tests.browser.desk import Desk, chromium, seat
from tests.browser.scene import build_city


@pytest.fixture(scope="session")
def stage(test_home: Path) -> Iterator[Stage]:
    """Web, clock and worker on the embedded engine; Yunxi with some hours of cases."""
    name = f"citygrid_browser_{os.getpid()}"
    with on_stage(test_home, database=name, load=build_city, fresh=True) as running:
        yield running
        server = with_database(running.settings.database_url, "postgres")
        running.processes.stop_all()
        drop_database(server, name)


@pytest.fixture(scope="session")
def phone(stage: Stage) -> str:
    """The key of an inspector's phone."""
    return stage.key_for("device:browser", "inspector")


@pytest.fixture
async def desk(stage: Stage) -> AsyncIterator[Desk]:
    """The map, opened in Chinese by a dispatcher of the whole city."""
    address = await asyncio.to_thread(stage.one_time_login, "dispatcher1")
    async with (
        chromium() as browser,
        seat(browser, stage.url, address.removeprefix(stage.url)) as desk,
    ):
        await desk.ready()
        yield desk
