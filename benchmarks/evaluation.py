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
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

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
from benchmarks.machine import machine, print_result
from dispatch import case as cases
from dispatch import decide as decisions
from dispatch import events as e
from dispatch.case import Case, Entry, Move, Order
from dispatch.evaluation.counts import Count, Period
from dispatch.postgres.evaluation import histories
from dispatch.report import Channel, Report
from dispatch.rulebook import Rulebook
from dispatch.workflow.clocks import Deadline, ended, is_stage
from dispatch.workflow.errors import MoveRefused
from dispatch.workflow.facts import StageOverdue
from dispatch.workflow.variant import STAGE_MINUTES, Terms, Variant

NAME = "citygrid_evaluation"
ZONE = ZoneInfo("Asia/Shanghai")
BEGIN, UNTIL = datetime(2026, 10, 1, tzinfo=ZONE), datetime(2026, 11, 1, tzinfo=ZONE)
VARIANT = Variant.of({"off": [], "photo": [], "names": {}, "minutes": STAGE_MINUTES})
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


@dataclass
class Life:
    """A case as it goes on; every deadline that passes is told, as the clock would."""

    now: datetime
    rules: Rulebook
    entries: list[Entry]
    deadlines: dict[str, Deadline] = field(default_factory=dict[str, Deadline])

    def __post_init__(self) -> None:
        for entry in self.entries:
            self._follow(entry.event)

    @property
    def case(self) -> Case:
        return self.entries[-1].case

    def happen(self, event: e.Event) -> None:
        entry = cases.continued(self.case, event)
        self.entries.append(entry)
        self._follow(entry.event)

    def _follow(self, event: e.Event) -> None:
        for kind, ending in ended(event, self.deadlines.values()):
            self.deadlines[kind] = replace(self.deadlines[kind], ending=ending)
        due = event.due if isinstance(event, e.CaseReported) else {}
        for kind, due_at in {**due, **event.began}.items():
            self.deadlines[kind] = Deadline(kind, due_at)

    def wait(self, span: timedelta) -> None:
        until = self.now + span
        while True:
            due = [d for d in self.deadlines.values() if d.ending is None and d.due_at < until]
            if not due:
                break
            first = min(due, key=lambda one: one.due_at)
            self.now = max(self.now, first.due_at)
            told: dict[str, Any] = {"at": self.now, "actor": "clock", "due_at": first.due_at}
            stage = is_stage(first.kind)
            self.happen(
                StageOverdue(stage=first.kind, **told)
                if stage
                else e.CaseOverdue(milestone=first.kind, **told)
            )
        self.now = until

    def order(self, move: Move, by: str, **more: Any) -> None:
        terms = Terms(VARIANT, self.rules.calendar)
        order = Order(move, "because", by=self.case.department, **more)
        deadlines = list(self.deadlines.values())
        try:
            event = cases.obey(
                self.case, order, actor=by, now=self.now, terms=terms, deadlines=deadlines
            )
        except MoveRefused:
            return
        self.happen(event)


def played(rules: Rulebook, spot: tuple[float, float], rng: random.Random, number: int) -> Life:
    """One case from its report until somebody closes it, or the month is over."""
    opened_at = BEGIN + timedelta(days=31 * rng.random() ** 0.9)
    place = rules.grid.place(*spot)
    assert place is not None
    matters = rules.catalogue.reportable
    report = Report(
        id=number, channel=Channel.API, source="device:1",
        category=matters[int(len(matters) * rng.random() ** 3)].code,
        lon=spot[0], lat=spot[1], happened_at=opened_at, received_at=opened_at,
        body_sha256=bytes(32),
    )  # fmt: skip
    made = decisions.open_case(report, place, rules, case_id=number, now=opened_at)
    life = Life(opened_at, rules, list(made.entries))
    department = life.case.department or ""
    # Departments differ: some are slow, always the same ones.
    slow = 0.35 + 0.9 * (hash_of(department) % 100) / 100
    life.wait(timedelta(minutes=rng.expovariate(1 / 20)))
    if rng.random() < 0.03:
        life.order(Move.SEND_BACK, "handler")
        life.wait(timedelta(minutes=rng.expovariate(1 / 12)))
        life.order(Move.ASSIGN, "dispatcher", department=department)
    if rng.random() < 0.05 and life.case.due_at:
        until = life.case.due_at + timedelta(hours=30)
        life.order(Move.ASK_EXTENSION, "handler", until=until)
        life.order(Move.EXTEND, "dispatcher")
    if rng.random() < 0.02:
        life.order(Move.SUSPEND, "supervisor")
        life.wait(timedelta(hours=rng.expovariate(1 / 60)))
        life.order(Move.RESUME, "supervisor")
    while life.now < UNTIL + timedelta(days=2):
        due_at = life.case.due_at or life.now
        allowed = max(due_at - life.now, timedelta(hours=1))
        life.wait(allowed * rng.lognormvariate(-0.75, 0.75) * slow)
        life.order(Move.HANDLE, "handler")
        life.wait(timedelta(minutes=rng.expovariate(1 / 18)))
        if rng.random() < 0.06 * slow:
            life.order(Move.REWORK, f"inspector{number % 7}")
            continue
        life.order(Move.VERIFY, f"inspector{number % 7}")
        life.order(Move.CLOSE, "operator")
        break
    if life.case.overdue and rng.random() < 0.15:
        life.order(Move.APPEAL, "handler")
        life.order(Move.EXCUSE, "supervisor")
    return life


def hash_of(text: str) -> int:
    """The same on every run, unlike `hash`."""
    return sum(ord(letter) * (n + 3) for n, letter in enumerate(text)) * 7919


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


async def store(conn: AsyncConnection[Any], made: Sequence[Life]) -> None:
    async with conn.transaction(), conn.cursor() as cursor:
        async with cursor.copy(
            "COPY cases (id, number, state, category, severity, cell, grid_version, areas,"
            " department, position, reported_at, opened_at, overdue, closed_at, reports, why,"
            " version, head) FROM STDIN"
        ) as copy:
            for life in made:
                case = life.case
                await copy.write_row(
                    (case.id, case.number, str(case.state), case.category, case.severity,
                     case.cell, case.grid_version, list(case.areas), case.department,
                     f"SRID=4326;POINT({case.lon} {case.lat})", case.reported_at, case.opened_at,
                     case.overdue, case.closed_at, case.reports, "{}", case.version, case.head)
                )  # fmt: skip
        async with cursor.copy(
            "COPY case_event (case_id, seq, kind, at, actor, canon, hash) FROM STDIN"
        ) as copy:
            for life in made:
                for entry in life.entries:
                    event, case = entry.event, entry.case
                    await copy.write_row(
                        (case.id, case.version, event.kind, event.at, event.actor, entry.canon,
                         case.head)
                    )  # fmt: skip


async def multiply(conn: AsyncConnection[Any], lives: int, copies: int) -> None:
    """Store every case again under other numbers; the chains of the copies prove nothing."""
    told = {"lives": lives, "copies": copies}
    await conn.execute("SET statement_timeout = 0")
    await conn.execute(
        """
        INSERT INTO cases (id, number, state, category, severity, cell, grid_version, areas,
                           department, position, reported_at, opened_at, overdue, closed_at,
                           reports, why, version, head)
        SELECT id + %(lives)s * n, number || '-' || n, state, category, severity, cell,
               grid_version, areas, department, position, reported_at, opened_at, overdue,
               closed_at, reports, why, version, head
          FROM cases, generate_series(1, %(copies)s) AS n
        """,
        told,
    )
    await conn.execute(
        """
        INSERT INTO case_event (case_id, seq, kind, at, actor, canon, hash)
        SELECT case_id + %(lives)s * n, seq, kind, at, actor,
               replace(canon, '"case":' || case_id || ',',
                       '"case":' || case_id + %(lives)s * n || ','), hash
          FROM case_event, generate_series(1, %(copies)s) AS n
        """,
        told,
    )
    await conn.execute("ANALYZE cases, case_event")


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
