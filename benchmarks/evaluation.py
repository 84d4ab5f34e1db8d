"""A month of a whole city evaluated: how long it takes, and whether plain SQL counts the same.

    python -m benchmarks.evaluation --json [--cases 100000] [--lives 500] [--keep]

Lives of cases are played by the real rules over a month of 云溪区 Yunxi; each is then stored many
times under other numbers. Reading the histories without judging them is measured in the same run.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from psycopg import AsyncConnection

from app.city.loading import load_pack
from app.city.yunxi.making import make_yunxi
from app.database import connect
from app.evaluation.answering import Evaluation, evaluate
from app.evaluation.asking import GridAsked, Question
from app.http.city import City, read_city
from app.migrating import migrate
from app.policy import Reach
from app.rulebook import load_rulebook
from app.services import running
from app.services.home import default_home
from app.services.postgres import create_database, drop_database, has_database, with_database
from benchmarks.lives import BEGIN, UNTIL, VARIANT, played
from benchmarks.machine import machine, print_result
from benchmarks.storing import multiply, store
from dispatch.evaluation.counts import Count, Period
from dispatch.postgres.evaluation import histories

NAME = "citygrid_evaluation"
CITY = Reach(city=True)
QUESTIONS = (
    ("department", GridAsked.THEN),
    ("cell", GridAsked.THEN),
    ("cell", GridAsked.NOW),
)
TOTALS = """
    SELECT count(*) FILTER (WHERE kind IN ('handled', 'self_handled')),
           count(*) FILTER (WHERE kind = 'assigned'),
           count(*) FILTER (WHERE kind = 'reworked'),
           count(*) FILTER (WHERE kind = 'closed')
      FROM case_event
     WHERE at >= %(begin)s AND at < %(until)s
"""
# The clock wrote of each case that is late when it fell due for the first time.
LATE = """
    SELECT count(DISTINCT case_id)
      FROM case_event
     WHERE kind = 'overdue' AND at < %(until)s
"""


async def play(conn: AsyncConnection[Any], lives: int, cache: Path) -> tuple[int, int]:
    """Play the lives and store each once; how many cases and events."""
    rules = replace(await load_rulebook(conn, cache), variant=VARIANT)
    found = await conn.execute(
        "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_PointOnSurface(geom) AS p FROM cell) AS spots"
    )
    spots = await found.fetchall()
    rng = random.Random(20261001)
    made = [played(rules, rng.choice(spots), rng, n) for n in range(1, lives + 1)]
    await store(conn, made)
    return len(made), sum(len(life.entries) for life in made)


class Watch:
    """Seconds by the clock, and those that this process had a processor."""

    def __init__(self) -> None:
        self._begin = time.perf_counter(), time.process_time()
        self.seconds = self.cpu_seconds = 0.0

    def stop(self) -> None:
        self.seconds = round(time.perf_counter() - self._begin[0], 2)
        self.cpu_seconds = round(time.process_time() - self._begin[1], 2)


async def measure(conn: AsyncConnection[Any], city: City) -> dict[str, Any]:
    """Read without judging, then evaluate by department, by cell as then and as now."""
    period = Period(BEGIN, UNTIL, UNTIL)
    read = Watch()
    async with conn.transaction():
        async for _ in histories(conn, period, *CITY.sql()):
            pass
    read.stop()
    watches: dict[str, Watch] = {}
    found: dict[str, Evaluation] = {}
    for by, grid in QUESTIONS:
        name = f"{by}_{grid}"
        watches[name] = Watch()
        async with conn.transaction():
            question = Question(by, period, grid)
            found[name] = await evaluate(conn, question, city, CITY, datetime.now(UTC))
        watches[name].stop()
    return {
        "read_seconds": read.seconds,
        "seconds": {name: watch.seconds for name, watch in watches.items()},
        "own_cpu_seconds": {name: watch.cpu_seconds for name, watch in watches.items()},
        "ratio_read": round(watches["department_then"].seconds / read.seconds, 2),
        "balanced": all(one.balanced for one in found.values()),
        **await compare(conn, found["cell_then"], found["cell_now"]),
    }


async def compare(conn: AsyncConnection[Any], then: Evaluation, now: Evaluation) -> dict[str, Any]:
    """How the sums differ from those of plain SQL over the same events."""
    told = {"begin": BEGIN, "until": UNTIL}
    [plain] = await (await conn.execute(TOTALS, told)).fetchall()
    [(late,)] = await (await conn.execute(LATE, told)).fetchall()
    total = then.total.counts
    closed = total[Count.CLOSED_IN_TIME] + total[Count.CLOSED_LATE]
    ours = (total[Count.HANDLED], total[Count.DISPATCHED], total[Count.REWORKED])
    return {
        "differences": sum(abs(a - b) for a, b in zip(ours, plain, strict=False)),
        "late": total[Count.LATE] + total[Count.LATE_OPEN],
        "late_by_sql": late,
        "closed": closed,
        "closed_by_sql": plain[3],
        "then_now_differences": sum(
            abs(total.get(one, 0) - now.total.counts.get(one, 0)) for one in Count
        ),
        "lines": {"then": len(then.lines), "now": len(now.lines)},
        "total": {str(one): n for one, n in total.items()},
    }


async def run(url: str, lives: int, count: int, folder: Path) -> dict[str, Any]:
    async with await connect(url) as conn:
        start = time.perf_counter()
        made, events = await play(conn, lives, folder)
        copies = max(0, round(count / made) - 1)
        if copies:
            await multiply(conn, made, copies)
        city = await read_city(conn)
        assert city is not None
        prepared_s = time.perf_counter() - start
        return {
            "cases_stored": made * (copies + 1),
            "events": events * (copies + 1),
            "prepared_seconds": round(prepared_s, 1),
            **await measure(conn, city),
        }


def main() -> None:
    """Measure once and print one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; always JSON")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--lives", type=int, default=500)
    parser.add_argument("--cells", type=int, default=2_000)
    parser.add_argument("--keep", action="store_true", help="leave the database to be looked at")
    told = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="citygrid-evaluation-") as folder,
        running(default_home() / "benchmark", redis=False) as services,
    ):
        server = with_database(services.database_url, "postgres")
        if has_database(server, NAME):
            drop_database(server, NAME)
        url = create_database(server, NAME)
        migrate(url)
        make_yunxi(Path(folder) / "yunxi", told.cells)
        load_pack(Path(folder) / "yunxi", url)
        result = uvloop.run(run(url, told.lives, told.cases, Path(folder)))
        if told.keep:
            print(url)
        else:
            drop_database(server, NAME)
    print_result(vars(told) | result | {"machine": machine()})


if __name__ == "__main__":
    main()
