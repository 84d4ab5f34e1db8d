"""Another grid comes into force, and the old one again, while reports pour in.

    python -m benchmarks.activation --json [--rate 200] [--seconds 60] [--cells 2000] [--workers 2]

A tenth of the cells is cut in two. Every report is sent to the door of a whole system; afterwards
each case is held against the grid that was in force when it was opened.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import uvloop
from psycopg import AsyncConnection

from app.city.checking import check_pack
from app.city.loading import load_pack
from app.city.yunxi.making import make_yunxi
from app.database import connect
from app.demo.show import read_scenery
from app.demo.stage import Stage, on_stage
from app.grid import releasing
from app.services.home import default_home
from benchmarks.grid import cut_some
from benchmarks.intake import Client, bodies
from benchmarks.machine import machine, print_result, quantile
from dispatch.ledger import equations
from dispatch.postgres.clock import now
from dispatch.postgres.ledger import read_books
from geo.measure import area_m2
from grid.tiling import Tiling
from grid.versions.comparing import compare
from grid.versions.postgres import read_cells

TICK_S = 0.1
CONNECTIONS = 4
LEAD = timedelta(seconds=6)
NEAR_S = 2.0
BY = "benchmark"

WRONG_GRID = """
    SELECT count(*) FILTER (WHERE grid_version <> active_grid_version(opened_at)),
           count(*) FILTER (WHERE cell IS DISTINCT FROM cell_at(position, grid_version, 0))
      FROM cases
"""
WAITED = """
    SELECT extract(epoch FROM i.decided_at - i.received_at)::float8,
           EXISTS (SELECT FROM grid_activation a
                    WHERE abs(extract(epoch FROM i.received_at - a.active_from)) < %s)
      FROM inbox i
"""


def some_cut(tiling: Tiling) -> Tiling:
    """The same ground with a tenth of the cells cut in two."""
    cells = cut_some(tiling.cells, 0.1)
    shapes = np.array([cell.geometry for cell in cells], dtype=object)
    return replace(tiling, cells=cells, sizes_m2=area_m2(shapes).tolist())


async def make_release(conn: AsyncConnection, tiling: Tiling) -> int:
    """Drafted, compared, approved."""
    async with conn.transaction():
        version = await releasing.draft(conn, tiling, "", BY)
        found = compare(await read_cells(conn, 1), await read_cells(conn, version))
        await releasing.keep_comparison(conn, 1, version, found, BY)
        await releasing.approve(conn, version, BY)
    return version


async def order(conn: AsyncConnection, version: int) -> None:
    async with conn.transaction():
        await releasing.activate(conn, version, await now(conn) + LEAD, BY)


async def stream(stage: Stage, key: str, reports: Sequence[bytes], rate: int) -> tuple[int, float]:
    """Send at an even rate; how many were acknowledged, in how many seconds."""
    each = max(1, round(rate * TICK_S))
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        sent = []
        for number, start in enumerate(range(0, len(reports), each)):
            await asyncio.sleep(max(0.0, begin + number * TICK_S - time.perf_counter()))
            some = reports[start : start + each]
            shares = [some[n::CONNECTIONS] for n in range(CONNECTIONS)]
            sent += [
                group.create_task(Client(stage.url, key).run(share, []))
                for share in shares
                if share
            ]
    return sum(task.result() for task in sent), time.perf_counter() - begin


async def play(stage: Stage, key: str, tiling: Tiling, rate: int, seconds: int) -> dict[str, Any]:
    """Stream for so long; the new grid after a third of the time, the old one after two."""
    async with await connect(stage.settings.database_url) as conn:
        version = await make_release(conn, tiling)
        everything = bodies(await read_scenery(conn), rate * seconds)
        streaming = asyncio.create_task(stream(stage, key, everything, rate))
        for turn in (version, 1):
            await asyncio.sleep(seconds / 3 - (0 if turn == 1 else LEAD.total_seconds()))
            await order(conn, turn)
        acknowledged, took_s = await streaming
        while await _one(conn, "SELECT count(*) FROM inbox WHERE state = 'accepted'"):
            await asyncio.sleep(0.1)
        wrong = await (await conn.execute(WRONG_GRID)).fetchone()
        versions = await conn.execute("SELECT grid_version, count(*) FROM cases GROUP BY 1")
        waited = await (await conn.execute(WAITED, [NEAR_S])).fetchall()
        lines = equations(await read_books(conn))
        return {
            "sent": len(everything),
            "acknowledged": acknowledged,
            "stored": await _one(conn, "SELECT count(*) FROM inbox"),
            "sent_per_second": round(len(everything) / took_s, 1),
            "balanced": all(line.holds for line in lines),
            "decided_by_another_grid": wrong[0] if wrong else None,
            "in_another_cell": wrong[1] if wrong else None,
            "cases_by_version": dict(await versions.fetchall()),
            "p99_ms": _p99_ms([took for took, _ in waited]),
            "p99_near_a_switch_ms": _p99_ms([took for took, near in waited if near]),
            "near_a_switch": sum(near for _, near in waited),
        }


def _p99_ms(waited_s: list[float]) -> float:
    return round(quantile(waited_s, 0.99) * 1e3, 1)


async def _one(conn: AsyncConnection, query: str) -> int:
    row = await (await conn.execute(query)).fetchone()  # pyright: ignore[reportArgumentType]
    return row[0] if row else 0


def main() -> None:
    """Play once and print one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; always JSON")
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--cells", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=2)
    told = parser.parse_args()
    if told.seconds < 3 * (LEAD.total_seconds() + NEAR_S):
        parser.error("give it 24 seconds at least: both switches need time before and after")
    with tempfile.TemporaryDirectory(prefix="citygrid-activation-") as folder:
        pack = Path(folder) / "yunxi"
        make_yunxi(pack, told.cells)
        tiling = some_cut(check_pack(pack).sound().tiling)
        with on_stage(
            default_home() / "benchmark",
            database="citygrid_activation",
            load=partial(load_pack, pack),
            fresh=True,
            workers=told.workers,
        ) as stage:
            key = stage.key_for("device:benchmark", "inspector")
            result = uvloop.run(play(stage, key, tiling, told.rate, told.seconds))
    print_result(vars(told) | result | {"machine": machine()})


if __name__ == "__main__":
    main()
