"""`citygrid web` as a process of its own: its log, and its end with a live stream open."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from app.identity.postgres import open_session
from tests.app.town import PHONE, Town, a_report


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def web_process(town: Town, home: Path) -> AsyncIterator[tuple[str, Process]]:
    """Another web process of the town: its address once it is ready, and itself."""
    port = free_port()
    env = {
        **os.environ,
        "CITY_DATABASE_URL": town.settings.database_url,
        "CITY_PORT": str(port),
        "CITY_HOME": str(home),
    }
    with (home / "web.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app", "web", env=env, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{port}"
        await until_ready(url)
        yield url, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until_ready(url: str) -> None:
    async with httpx.AsyncClient() as client, asyncio.timeout(60):
        while True:
            try:
                if (await client.get(f"{url}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


async def test_the_log_carries_ids_and_no_secrets(town: Town, tmp_path: Path):
    secret, said = town.keys[PHONE], "my neighbour 李伟 did it"
    async with (
        web_process(town, tmp_path) as (url, process),
        httpx.AsyncClient(base_url=url) as client,
    ):
        answer = await client.post(
            "/api/reports",
            json=a_report(description=said, reporter={"phone": "13800000000"}),
            headers={
                "x-api-key": secret,
                "idempotency-key": str(uuid4()),
                "x-request-id": "phone-7-000123",
            },
        )
        await client.get("/open311/v2/requests.json", params={"api_key": secret})
        await client.get("/login/one-time-token-of-somebody")
        process.send_signal(signal.SIGTERM)
        await process.wait()

    text = (tmp_path / "web.log").read_text()
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    [accepted] = [line for line in lines if line["event"] == "report accepted"]
    assert (accepted["report"], accepted["request"]) == (1, "phone-7-000123")
    assert {"timestamp", "level"} <= accepted.keys()
    for never in (secret, "13800000000", "neighbour", answer.json()["receipt"], "one-time-token"):
        assert never not in text


async def test_a_process_that_is_told_to_end_ends_its_streams_and_itself(
    town: Town, tmp_path: Path
):
    token = await open_session(town.conn, "dispatcher.city", await now(town))
    async with (
        web_process(town, tmp_path) as (url, process),
        httpx.AsyncClient(base_url=url, cookies={"city_session": token}, timeout=60) as client,
        client.stream("GET", "/live/events", params={"since": 0}) as stream,
    ):
        assert stream.status_code == 200
        pieces = stream.aiter_bytes()
        await anext(pieces)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            code = await process.wait()

    assert code in (0, -signal.SIGTERM)
    assert "Traceback" not in (tmp_path / "web.log").read_text()


async def now(town: Town) -> Any:
    found = await town.conn.execute("SELECT clock_timestamp()")
    [moment] = await found.fetchone() or (None,)
    return moment
