"""What if on many past cases: the real command line, from its start to the last line of its table.

    python -m benchmarks.whatif --cases 100000 --json

First a past is made in Yunxi, which is not measured: some thousand cases by the ordinary actions,
and copies of them under other ids until there are enough. Then a pack with one more rule and
another limit is tried on all of it.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from psycopg import AsyncConnection
from rich.console import Console
from rich.progress import track

from app.city.yunxi.making import CELLS, make_yunxi
from app.database import connect
from app.rulebook import load_rulebook
from app.services.home import default_home
from benchmarks.machine import machine, print_result
from benchmarks.nyc_life import loaded_city
from dispatch import actions
from dispatch import case as cases
from dispatch import events as e
from dispatch.ports import Changes
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.inbox import accept_many
from dispatch.report import Channel, Submission
from dispatch.rulebook import Rulebook
from dispatch.workflow.clocks import Ending

BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
PERIOD = timedelta(days=60)
LIVED = 4_000
"""So many reports are lived through; the other cases are copies."""
TOGETHER = 40
"""So many are reported at one moment, and handled at one."""
HANDLED_SHARE = 0.9
LONGEST_WORK_H = 200.0
RULE = """\
[[rule]]
name = "severe-by-night"
when = 'severity <= 2 && (hour >= 22 || hour < 6)'
department = "{department}"
because_zh = "试行：夜间严重事项"
because_en = "On trial: what is severe, by night"

"""


# A copy has a history that no audit would let pass; what-if reads it as it reads the real one.
_COPIES: Final = (
    """
    INSERT INTO cases (id, number, state, category, severity, cell, grid_version, areas, department,
                       position, reported_at, opened_at, due_at, overdue, closed_at, reports,
                       handled_by, why, version, head)
    SELECT id + n * %(lived)s, number || '-' || n, state, category, severity, cell, grid_version,
           areas, department, position, reported_at, opened_at, due_at, overdue, closed_at, reports,
           handled_by, why, version, head
      FROM cases, generate_series(1, %(times)s) AS n
     WHERE id + n * %(lived)s <= %(last)s
    """,
    """
    INSERT INTO case_event (case_id, seq, kind, at, actor, canon, hash)
    SELECT case_id + n * %(lived)s, seq, kind, at, actor, canon, hash
      FROM case_event, generate_series(1, %(times)s) AS n
     WHERE case_id + n * %(lived)s <= %(last)s
    """,
    """
    INSERT INTO deadline (case_id, kind, round, due_at, state, ended_at)
    SELECT case_id + n * %(lived)s, kind, round, due_at, state, ended_at
      FROM deadline, generate_series(1, %(times)s) AS n
     WHERE case_id + n * %(lived)s <= %(last)s
    """,
    """
    INSERT INTO inbox (receipt, source, client_key, body_sha256, channel, category, position, datum,
                       given_lon, given_lat, happened_at, body, state, case_id, decided_at)
    SELECT receipt || '-' || n, source, client_key || '-' || n, body_sha256, channel, category,
           position, datum, given_lon, given_lat, happened_at, body, state,
           case_id + n * %(lived)s, decided_at
      FROM inbox, generate_series(1, %(times)s) AS n
     WHERE state = 'cased' AND case_id + n * %(lived)s <= %(last)s
    """,
    "ANALYZE",
)


async def make_past(url: str, cache: Path, count: int, seed: int = 1) -> None:
    """About so many cases spread over the period, nine in ten handled some time later."""
    chance = Random(seed)
    async with await connect(url) as conn:
        await conn.execute("SET synchronous_commit TO off")
        await conn.execute("SET statement_timeout TO '30min'")
        rules = await load_rulebook(conn, cache)
        spots = await _spots(conn)
        lived = min(count, LIVED)
        starts = range(0, lived, TOGETHER)
        for start in track(starts, "a past", console=Console(stderr=True), transient=True):
            numbers = range(start, min(start + TOGETHER, lived))
            now = BEGIN + PERIOD * chance.random()
            told = [_report(n, chance.choice(spots), rules, chance, now) for n in numbers]
            await _live(conn, told, rules, now, chance)
        if count > lived:
            copies = {"lived": lived, "times": count // lived, "last": count}
            for statement in _COPIES:
                await conn.execute(statement.encode(), copies if "%(" in statement else None)


async def _spots(conn: AsyncConnection[Any]) -> list[tuple[float, float]]:
    """A position in every cell."""
    found = await conn.execute(
        "SELECT ST_X(p), ST_Y(p) FROM cell, LATERAL ST_PointOnSurface(geom) AS p ORDER BY code"
    )
    return [(x, y) for x, y in await found.fetchall()]


def _report(
    n: int, at: tuple[float, float], rules: Rulebook, chance: Random, now: datetime
) -> Submission:
    category = chance.choice(rules.catalogue.reportable)
    lon, lat = at
    return Submission(
        source="benchmark",
        client_key=str(n),
        body_sha256=hashlib.sha256(str(n).encode()).digest(),
        channel=Channel.API,
        category=category.code,
        lon=lon,
        lat=lat,
        datum="wgs84",
        given_lon=lon,
        given_lat=lat,
        happened_at=now,
        description="路边垃圾堆放",
    )


async def _live(
    conn: AsyncConnection[Any],
    told: Sequence[Submission],
    rules: Rulebook,
    now: datetime,
    chance: Random,
) -> None:
    book = PostgresBook(conn)
    async with conn.transaction():
        ids = [one.report_id for one in await accept_many(conn, told)]
        await actions.decide(book, ids, rules, now=now)
        found = await conn.execute(
            "SELECT case_id FROM inbox WHERE id = ANY(%s) AND state = 'cased'", [ids]
        )
        opened = [case_id for (case_id,) in await found.fetchall()]
        handled = [one for one in opened if chance.random() < HANDLED_SHARE]
        await _handle(book, handled, rules, now + timedelta(hours=chance.random() * LONGEST_WORK_H))


async def _handle(
    book: PostgresBook, case_ids: Sequence[int], rules: Rulebook, at: datetime
) -> None:
    """Many at once, which no person could; what is written is what `actions.move` writes."""
    changes = Changes()
    for case in (await book.cases(case_ids)).values():
        entry = cases.continued(case, e.CaseHandled(at=at, actor="benchmark"))
        changes.changed[case.id] = entry.case
        changes.entries.append(entry)
        limit: Any = case.why["limit"]
        changes.settled += [(case.id, kind, Ending.MET) for kind in limit["milestones"]]
    await book.save(changes, city=rules.city, now=at)


def tried_pack(folder: Path, pack: Path) -> Path:
    """The pack of the city with a rule in front and two hours more for every working-hour limit."""
    make_yunxi(folder, CELLS)
    routing = folder / "routing.toml"
    department = (pack / "departments.csv").read_text(encoding="utf-8-sig").splitlines()[1]
    text = RULE.format(department=department.partition(",")[0])
    routing.write_text(text + routing.read_text(encoding="utf-8"), encoding="utf-8")
    limits = folder / "limits.csv"
    limits.write_text(
        limits.read_text(encoding="utf-8-sig").replace(",4,work_hour", ",6,work_hour"),
        encoding="utf-8",
    )
    return folder


def measure(url: str, home: Path, pack: Path, table: Path) -> dict[str, Any]:
    """One run of the command line."""
    command = [sys.executable, "-m", "app", "whatif", str(pack), "--json", "--csv", str(table)]
    told = os.environ | {"CITY_DATABASE_URL": url, "CITY_HOME": str(home)}
    start = time.monotonic()
    done = subprocess.run(command, env=told, stdout=subprocess.PIPE, check=True)
    seconds = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = json.loads(done.stdout.splitlines()[-1])
    with table.open("rb") as lines:
        rows = sum(1 for _ in lines) - 1
    return {
        "cases": outcome["cases"],
        "changed": outcome["changed"],
        "rows": rows,
        "differences": outcome["differences"],
        "seconds": round(seconds, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "cases_per_second": round(outcome["cases"] / seconds),
        "peak_mib": round(used.ru_maxrss / 1024),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a past, try, print; 1 when the table does not hold every changed case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; always JSON")
    parser.add_argument("--cases", type=int, default=100_000)
    told = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="citygrid-whatif-") as folder:
        pack, home = Path(folder) / "yunxi", Path(folder) / "home"
        make_yunxi(pack, CELLS)
        with loaded_city(default_home() / "benchmark", pack, "citygrid_whatif") as url:
            asyncio.run(make_past(url, home / "cache", told.cases))
            tried = tried_pack(Path(folder) / "tried", pack)
            result = measure(url, home, tried, Path(folder) / "changed.csv")
    print_result({**result, "machine": machine()})
    return 0 if result["rows"] == result["changed"] else 1


if __name__ == "__main__":
    sys.exit(main())
