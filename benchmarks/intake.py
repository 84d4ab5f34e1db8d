"""Reports accepted, decided, durable with all effects: how many a second, and how long each takes.

    python -m benchmarks.intake --json [--reports N] [--connections N] [--engines embedded kafka]

Beside it, in the same run, the machine's own figure: pgbench's TPC-B-like transactions a second on
the same PostgreSQL server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import uvloop

from app.city.loading import load_pack
from app.city.yunxi.making import make_yunxi
from app.demo.show import read_scenery
from app.demo.simulation import Scenery
from app.demo.stage import Stage, on_stage
from app.services import running
from app.services.home import default_home
from app.services.postgres import create_database, drop_database
from benchmarks.machine import machine, print_result, quantile

_PGBENCH_S = 5


class Client:
    """One kept-alive connection that sends prepared requests; lean, to leave the cores alone."""

    def __init__(self, url: str, key: str) -> None:
        split = urlsplit(url)
        self._host, self._port = split.hostname or "", split.port or 80
        self._head = (
            f"POST /api/reports HTTP/1.1\r\nHost: {split.netloc}\r\n"
            f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        )

    async def run(self, bodies: Sequence[bytes], took_ms: list[float]) -> int:
        """Send all of them one after the other; how many were answered 201."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        created = 0
        for body in bodies:
            begin = time.perf_counter()
            head = f"{self._head}Idempotency-Key: {uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", answer.lower())
            await reader.readexactly(int(length[1]) if length else 0)
            took_ms.append((time.perf_counter() - begin) * 1e3)
            created += answer.startswith(b"HTTP/1.1 201")
        writer.close()
        return created


def bodies(scenery: Scenery, count: int, seed: int = 1) -> list[bytes]:
    """Reports all over the city; hardly any two of the same incident."""
    rng = random.Random(seed)
    made: list[bytes] = []
    for _ in range(count):
        lon, lat = rng.choice(scenery.spots)
        code, name = rng.choice(scenery.categories)
        report = {
            "category": code,
            "lon": round(lon + rng.uniform(-3e-4, 3e-4), 7),
            "lat": round(lat + rng.uniform(-3e-4, 3e-4), 7),
            "datum": "wgs84",
            "description": f"{name}，请尽快处理",
            "accuracy_m": 8.0,
        }
        made.append(json.dumps(report, ensure_ascii=False).encode())
    return made


async def _load(
    stage: Stage, key: str, reports: int, connections: int
) -> tuple[int, list[float], float]:
    async with await psycopg.AsyncConnection.connect(stage.settings.database_url) as conn:
        scenery = await read_scenery(conn)
    await _send(stage.url, key, bodies(scenery, 500, seed=2), connections)
    await _all_decided(stage)
    everything = bodies(scenery, reports)
    start = time.perf_counter()
    created, took_ms = await _send(stage.url, key, everything, connections)
    await _all_decided(stage)
    return created, took_ms, time.perf_counter() - start


async def _send(
    url: str, key: str, everything: Sequence[bytes], connections: int
) -> tuple[int, list[float]]:
    took_ms: list[float] = []
    shares = [everything[n::connections] for n in range(connections)]
    done = await asyncio.gather(*(Client(url, key).run(share, took_ms) for share in shares))
    return sum(done), took_ms


async def _all_decided(stage: Stage) -> None:
    async with await psycopg.AsyncConnection.connect(
        stage.settings.database_url, autocommit=True
    ) as conn:
        while await _waits(conn):
            await asyncio.sleep(0.02)


async def _waits(conn: psycopg.AsyncConnection) -> bool:
    found = await conn.execute("SELECT EXISTS (SELECT 1 FROM inbox WHERE state = 'accepted')")
    return await found.fetchone() == (True,)


def measure(
    engine: str, pack: Path, reports: int, connections: int, workers: int
) -> dict[str, object]:
    """One engine on a fresh database."""
    with on_stage(
        default_home() / "benchmark",
        database="citygrid_intake",
        load=partial(load_pack, pack),
        fresh=True,
        workers=workers,
        kafka=engine == "kafka",
    ) as stage:
        key = stage.key_for("device:benchmark", "inspector")
        created, took_ms, seconds = uvloop.run(_load(stage, key, reports, connections))
        with psycopg.connect(stage.settings.database_url) as conn:
            rows = conn.execute(
                "SELECT extract(epoch FROM decided_at - received_at) FROM inbox"
                " ORDER BY id OFFSET 500"
            ).fetchall()
            states = conn.execute("SELECT state, count(*) FROM inbox GROUP BY state").fetchall()
    to_decided_ms = [float(row[0]) * 1e3 for row in rows]
    return {
        "accepted": created,
        "per_second": round(created / seconds, 1),
        "accept_p50_ms": round(quantile(took_ms, 0.5), 2),
        "accept_p99_ms": round(quantile(took_ms, 0.99), 2),
        "p50_ms": round(quantile(to_decided_ms, 0.5), 1),
        "p99_ms": round(quantile(to_decided_ms, 0.99), 1),
        "outcomes": dict(states),
    }


def pgbench(server_url: str, clients: int = 8) -> float:
    """Transactions a second of pgbench's own workload, scale 10, on the same server."""
    url = create_database(server_url, "pgbench_here")
    program = next(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    try:
        subprocess.run([program, "-i", "-q", "-s", "10", url], check=True, capture_output=True)
        ran = subprocess.run(
            [program, "-n", "-c", str(clients), "-j", "2", "-T", str(_PGBENCH_S), url],
            check=True,
            capture_output=True,
            text=True,
        )
    finally:
        drop_database(server_url, "pgbench_here")
    found = re.search(r"tps = ([\d.]+)", ran.stdout)
    return float(found[1]) if found else 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each engine and pgbench, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; always JSON")
    parser.add_argument("--reports", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--engines", nargs="+", default=["embedded", "kafka"])
    told = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="citygrid-intake-") as folder:
        pack = Path(folder) / "yunxi"
        make_yunxi(pack)
        engines = {
            engine: measure(engine, pack, told.reports, told.connections, told.workers)
            for engine in told.engines
        }
    with running(default_home() / "benchmark") as services:
        tps = pgbench(services.database_url)
    print_result(
        {
            "reports": told.reports,
            "connections": told.connections,
            "engines": engines,
            "pgbench_tps": round(tps, 1),
            "machine": machine(),
        }
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
