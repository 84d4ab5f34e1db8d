"""A standby and a full disk, both real: what is answered meanwhile, and how it passes."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.database import connect
from app.identity.postgres import add_key, open_session
from app.migrating import migrate
from app.modes import Mode
from app.services import down, running
from app.settings import Settings
from tests.app.town import PHONE, Town, a_report, address_of, load_town, running_town, serving

PATIENCE_S = 60


async def until_degraded(client: httpx.AsyncClient, *modes: Mode) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await client.get("/api/state")).json()["degraded"] != list(modes):
            await asyncio.sleep(0.1)


async def settle(database_url: str) -> tuple[str, str]:
    """Littletown in a database; a phone's key and a dispatcher's session."""
    await asyncio.to_thread(migrate, database_url)
    async with await connect(database_url) as conn:
        await load_town(conn)
        token = await open_session(conn, "dispatcher.city", datetime.now(UTC))
        return await add_key(conn, PHONE, ["inspector"], "a phone"), token


def make_standby(data: Path) -> None:
    """The server of this folder, which is stopped, waits for a primary from its next start on."""
    signal = data / "standby.signal"
    signal.touch(mode=0o600)
    os.chown(signal, data.stat().st_uid, data.stat().st_gid)


async def submit(client: httpx.AsyncClient, phone: str) -> httpx.Response:
    headers = {"x-api-key": phone, "idempotency-key": str(uuid4())}
    return await client.post("/api/reports", json=a_report(), headers=headers)


async def test_a_standby_is_read_and_takes_reports_once_it_is_promoted(private_home: Path):
    with running(private_home, redis=False) as services:
        phone, token = await settle(services.database_url)
    make_standby(private_home / "postgres" / "data")

    with running(private_home, redis=False) as services:
        settings = Settings(database_url=services.database_url, home=private_home, port=0)
        cookies = {"city_session": token}
        async with (
            serving(settings) as server,
            httpx.AsyncClient(base_url=address_of(server), cookies=cookies, timeout=30) as client,
            await connect(services.database_url) as conn,
        ):
            await until_degraded(client, Mode.DATABASE_READ_ONLY)
            refused = await submit(client, phone)
            reads = [await client.get(path) for path in ("/live/snapshot", "/api/cases", "/readyz")]
            async with client.stream("GET", "/live/events?since=0") as stream:
                hello = await anext(stream.aiter_lines())

            await conn.execute("SELECT pg_promote(true, 60)")
            await until_degraded(client)
            taken = await submit(client, phone)

    assert (refused.status_code, taken.status_code) == (503, 201)
    assert refused.headers["retry-after"]
    assert [one.status_code for one in reads] == [200, 200, 200]
    assert hello == "retry: 1000"


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 600 MB of its own; the test is skipped where none may be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="citygrid-disk-"))
    order = ["mount", "-t", "tmpfs", "-o", "size=600m,mode=711", "citygrid-test", str(folder)]
    if shutil.which("mount") is None or subprocess.run(order, check=False).returncode != 0:
        folder.rmdir()
        pytest.skip("no small disk can be mounted here: that needs root")
    yield folder
    down(folder / "home")
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(folder).free)
    return filler


async def until_refused(town: Town) -> tuple[int, httpx.Response]:
    """Reports until one does not fit any more: how many were taken, and the answer to that one."""
    for taken in range(5000):
        answer = await town.submit(a_report(description="x" * 3000))
        if answer.status_code != 201:
            return taken, answer
    pytest.fail("5000 reports fit on a full disk")


async def test_a_full_disk_loses_nothing_and_reports_are_taken_as_soon_as_there_is_room(
    small_disk: Path, tmp_path: Path
):
    with running(small_disk / "home", redis=False) as services:
        await asyncio.to_thread(migrate, services.database_url)
        options: dict[str, Any] = {
            "home": tmp_path, "database_folder": small_disk, "disk_free_min_mb": 50
        }  # fmt: skip
        async with running_town(services.database_url, **options) as town:
            await until_degraded(town.client)
            filler = fill(small_disk)
            await until_degraded(town.client, Mode.DISK_LOW)
            taken, refused = await until_refused(town)
            listed = await town.client.get("/api/catalogue")

            filler.unlink()
            again = await town.submit()
            await until_degraded(town.client)

            stored = await town.stored()

    assert (refused.status_code, listed.status_code, again.status_code) == (503, 200, 201)
    assert refused.headers["retry-after"]
    assert stored == taken + 1
