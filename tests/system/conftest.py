"""The whole system as processes on one machine."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from app.demo.stage import Stage, on_stage
from app.services.postgres import drop_database, with_database
from tests.littletown import settle


def load_littletown(database_url: str) -> None:
    async def load() -> None:
        async with await psycopg.AsyncConnection.connect(database_url) as conn:
            await settle(conn)

    asyncio.run(load())


@pytest.fixture(scope="module")
def stage(test_home: Path) -> Iterator[Stage]:
    """Littletown at work on the embedded engine with two workers; no other test process's own."""
    name = f"citygrid_system_{os.getpid()}"
    with on_stage(test_home, database=name, load=load_littletown, fresh=True, workers=2) as running:
        yield running
        server = with_database(running.settings.database_url, "postgres")
        running.processes.stop_all()
        drop_database(server, name)


def until(holds: Callable[[], bool], patience_s: float = 45.0) -> bool:
    give_up = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True
