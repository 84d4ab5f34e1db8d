"""How the live map serves many screens: changes a second to every one of them, from one process."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import LiteralString
from urllib.parse import urlsplit

import psutil
from psycopg import AsyncConnection

from app.database import connect
from app.demo.stage import Stage
from app.identity.postgres import open_session
from benchmarks.machine import quantile

SAMPLED = 40
"""Screens whose every message is opened and timed; the others are counted by bytes."""


@dataclass
class Figures:
    """What the screens saw during the measured window."""

    changes: int = 0
    received_bytes: int = 0
    late_ms: list[float] = field(default_factory=list[float])
    resets: int = 0
    counting: bool = False


class Screen(asyncio.Protocol):
    """One open stream over a raw socket."""

    def __init__(self, head: bytes, figures: Figures, sampled: bool) -> None:
        self._head, self._figures, self._sampled = head, figures, sampled
        self._rest = b""
        self.open = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        self.open.set()
        figures = self._figures
        if figures.counting:
            figures.received_bytes += len(data)
        if self._sampled:
            self._read(data)

    def _read(self, data: bytes) -> None:
        now = time.time()
        *events, self._rest = (self._rest + data).split(b"\n\n")
        for event in events:
            self._figures.resets += b"event: reset" in event
            _, found, patch = event.partition(b'data: {"first"')
            if found and self._figures.counting:
                self._time(json.loads(b'{"first"' + patch.split(b"\n")[0]), now)

    def _time(self, patch: dict[str, list[dict[str, str]]], now: float) -> None:
        for case in patch["shown"]:
            self._figures.changes += 1
            due = datetime.fromisoformat(case["reported_at"]).timestamp()
            self._figures.late_ms.append((now - due) * 1e3)


async def fan_out(
    stage: Stage, web_pid: int, *, screens: int, per_second: int, seconds: float
) -> dict[str, object]:
    """*per_second* numbered changes to *screens* open streams for *seconds*, after a warm-up."""
    _allow_many_files(screens)
    figures = Figures()
    web = psutil.Process(web_pid)
    async with await connect(stage.settings.database_url) as conn:
        token = await open_session(conn, "dispatcher1", datetime.now(UTC))
        [position] = await _one(conn, "SELECT position FROM log_head")
        await _open(stage.url, token, position, screens, figures)
        rows = await _payloads(conn)
        await _publish(conn, rows, per_second, 3.0)
        began, cpu = time.perf_counter(), _cpu(web)
        figures.counting = True
        sent = await _publish(conn, rows, per_second, seconds)
        figures.counting = False
        took, used = time.perf_counter() - began, _cpu(web) - cpu
    sampled = min(SAMPLED, screens)
    return {
        "screens": screens,
        "changes_per_s": round(sent / took, 1),
        "delivered_per_s": round(figures.changes / sampled * screens / took),
        "p50_ms": round(quantile(figures.late_ms, 0.5), 1),
        "p99_ms": round(quantile(figures.late_ms, 0.99), 1),
        "server_cores": round(used / took, 3),
        "server_mib": round(web.memory_info().rss / 2**20),
        "received_mib_per_s": round(figures.received_bytes / took / 2**20, 1),
        "told_to_start_over": figures.resets,
    }


async def _open(url: str, token: str, since: int, screens: int, figures: Figures) -> None:
    split = urlsplit(url)
    head = (
        f"GET /live/events?since={since} HTTP/1.1\r\nHost: {split.netloc}\r\n"
        f"Cookie: city_session={token}\r\nAccept: text/event-stream\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    for number in range(screens):
        _, screen = await loop.create_connection(
            lambda: Screen(head, figures, number < SAMPLED),  # noqa: B023 - called at once
            split.hostname or "",
            split.port or 80,
        )
        await screen.open.wait()


async def _payloads(conn: AsyncConnection) -> Sequence[dict[str, object]]:
    """The newest event of some cases, to be told again with higher versions."""
    found = await conn.execute(
        "SELECT DISTINCT ON (key) payload FROM outbox ORDER BY key, position DESC LIMIT 500"
    )
    return [json.loads(payload) for (payload,) in await found.fetchall()]


async def _publish(
    conn: AsyncConnection, events: Sequence[dict[str, object]], per_second: int, seconds: float
) -> int:
    """One change after the other, at their times whether or not the last one was slow."""
    begin = time.time()
    total = int(per_second * seconds)
    for number in range(total):
        due = begin + number / per_second
        await asyncio.sleep(max(0.0, due - time.time()))
        event = _changed(events[number % len(events)], due)
        async with conn.transaction():
            [position] = await _one(
                conn, "UPDATE log_head SET position = position + 1 RETURNING position"
            )
            await conn.execute(
                "INSERT INTO outbox (position, topic, key, dedup, payload)"
                " VALUES (%s, 'case-events.v1', '0', %s, %s)",
                [position, f"benchmark-{position}", json.dumps(event, ensure_ascii=False)],
            )
            await conn.execute("SELECT pg_notify('citygrid_log', %s)", [str(position)])
    return total


def _changed(event: dict[str, object], due: float) -> dict[str, object]:
    data = event["data"]
    assert isinstance(data, dict)
    data["case"]["version"] += 1
    data["case"]["reported_at"] = datetime.fromtimestamp(due, UTC).isoformat()
    return event


async def _one(conn: AsyncConnection, query: LiteralString) -> tuple[int]:
    row = await (await conn.execute(query)).fetchone()
    assert row is not None
    return row


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _allow_many_files(screens: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = screens + 256
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
