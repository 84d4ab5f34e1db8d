"""From a change that is committed to the pixels of a screen, and one process serving many screens.

    python -m benchmarks.live --json [--reports N] [--per-second N] [--screens N]

*painted*: reports are posted at the door of the whole system (web, worker, clock, PostgreSQL,
Redis) on Yunxi; a case counts as committed when its event is written, and as painted when a real
Chromium has drawn a frame with its symbol in it. Without a GPU the frames are drawn by the
processor; *received* is the moment before drawing. *fan_out*: see benchmarks/fan_out.py.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Sequence
from functools import partial
from uuid import uuid4

import httpx
import psutil
import psycopg

from app.demo.show import read_scenery
from app.demo.stage import Stage, on_stage
from app.services.home import default_home
from benchmarks.fan_out import fan_out
from benchmarks.intake import bodies
from benchmarks.machine import machine, print_result, quantile
from tests.browser.desk import Desk, chromium, seat
from tests.browser.scene import build_city

WATCH = """() => {
    window.receivedAt = {};
    window.paintedAt = {};
    const { listener } = citygrid.feed;
    const changed = listener.changed;
    listener.changed = (change) => {
        for (const marker of change.fresh) receivedAt[marker.id] = Date.now();
        changed(change);
    };
    const drawn = new Set();
    const look = () => {
        for (const id of Object.keys(receivedAt)) {
            if (id in paintedAt) continue;
            // Drawn when the last frame began: by now that frame has been handed to the screen.
            if (drawn.has(id)) paintedAt[id] = Date.now();
            else if (citygrid.map.shows(Number(id))) drawn.add(id);
        }
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""

COMMITTED = """
    SELECT i.case_id, extract(epoch FROM min(o.created_at)) * 1000
      FROM inbox i
      JOIN outbox o ON o.key = i.case_id::text
     WHERE i.receipt = ANY(%s) AND i.state = 'cased'
     GROUP BY i.case_id
"""


async def painted(stage: Stage, *, reports: int, per_second: float) -> dict[str, object]:
    """The delays of *reports* reports, posted at a steady rate, to a page that shows the city."""
    key = await asyncio.to_thread(stage.key_for, "device:benchmark", "inspector")
    address = await asyncio.to_thread(stage.one_time_login, "dispatcher1")
    size = {"width": 1280, "height": 800}
    async with (
        chromium() as browser,
        seat(browser, stage.url, address.removeprefix(stage.url), viewport=size) as desk,
    ):
        await desk.ready()
        await desk.page.evaluate(WATCH)
        posted = await _post(stage, key, reports, per_second)
        committed = await _committed(stage, list(posted))
        for case_id in committed:
            await desk.until("(id) => window.paintedAt[id] !== undefined", case_id)
        return await _delays(desk, committed)


async def _post(stage: Stage, key: str, reports: int, per_second: float) -> list[str]:
    """Post at a steady rate, whatever the answers take; the receipts."""
    async with await psycopg.AsyncConnection.connect(stage.settings.database_url) as conn:
        scenery = await read_scenery(conn)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=stage.url, headers=headers, timeout=30) as phone:

        async def post(number: int, body: bytes) -> str:
            await asyncio.sleep(number / per_second)
            told = {"Idempotency-Key": str(uuid4())}
            answer = await phone.post("/api/reports", content=body, headers=told)
            answer.raise_for_status()
            return answer.json()["receipt"]

        everything = bodies(scenery, reports, seed=9)
        return list(await asyncio.gather(*(post(n, body) for n, body in enumerate(everything))))


async def _committed(stage: Stage, receipts: Sequence[str]) -> dict[int, float]:
    """When the first event of each case of these reports was written, once all are decided."""
    async with await psycopg.AsyncConnection.connect(
        stage.settings.database_url, autocommit=True
    ) as conn:
        undecided = "SELECT 1 FROM inbox WHERE receipt = ANY(%s) AND state = 'accepted' LIMIT 1"
        while await (await conn.execute(undecided, [list(receipts)])).fetchone():
            await asyncio.sleep(0.05)
        found = await conn.execute(COMMITTED, [list(receipts)])
        return {case_id: float(at_ms) for case_id, at_ms in await found.fetchall()}


async def _delays(desk: Desk, committed: dict[int, float]) -> dict[str, object]:
    received = await desk.page.evaluate("() => window.receivedAt")
    drawn = await desk.page.evaluate("() => window.paintedAt")
    to_page = [received[str(case_id)] - at for case_id, at in committed.items()]
    to_pixels = [drawn[str(case_id)] - at for case_id, at in committed.items()]
    return {
        "cases": len(committed),
        "received_p50_ms": round(quantile(to_page, 0.5), 1),
        "received_p99_ms": round(quantile(to_page, 0.99), 1),
        "painted_p50_ms": round(quantile(to_pixels, 0.5), 1),
        "painted_p99_ms": round(quantile(to_pixels, 0.99), 1),
    }


def _web_pid() -> int:
    for child in psutil.Process(os.getpid()).children(recursive=True):
        if child.cmdline()[-1:] == ["web"]:
            return child.pid
    raise LookupError("no web process among our children")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; always JSON")
    parser.add_argument("--reports", type=int, default=200)
    parser.add_argument("--per-second", type=float, default=4.0)
    parser.add_argument("--open-cases", type=int, default=260)
    parser.add_argument("--screens", type=int, default=1000)
    parser.add_argument("--changes-per-second", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=15.0)
    told = parser.parse_args(arguments)
    with on_stage(
        default_home() / "benchmark",
        database="citygrid_live",
        load=partial(build_city, cases=told.open_cases),
        fresh=True,
    ) as stage:
        seen = asyncio.run(painted(stage, reports=told.reports, per_second=told.per_second))
        many = asyncio.run(
            fan_out(
                stage,
                _web_pid(),
                screens=told.screens,
                per_second=told.changes_per_second,
                seconds=told.seconds,
            )
        )
    print_result(
        {
            **seen,
            "reports": told.reports,
            "per_second": told.per_second,
            "open_cases_before": told.open_cases,
            "fan_out": many,
            "machine": machine(),
        }
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
