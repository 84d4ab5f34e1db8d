"""The New York day: every 311 request of 2024-09-01 through the Open311 door.

    python -m benchmarks.nyc_day --json
    python -m benchmarks.nyc_day --json --kafka --workers 2 --faults --compare
    python -m benchmarks.nyc_day --json --life

With --faults one worker is killed (SIGKILL) after a third of the day and started again, and the
broker is restarted after half of it. With --compare the day is first played on the embedded engine,
and the outcome of each request must be the same. With --life no door takes part: see
`benchmarks.nyc_life`.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gzip
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from app.city.loading import load_pack
from app.city.newyork.making import make_newyork
from app.demo.stage import Stage, on_stage
from app.replay.reading import Columns, Incident, read_incidents
from app.replay.sending import Answer, Open311Door, Played, play
from app.services import restart
from app.services.home import default_home
from benchmarks import nyc_life
from benchmarks.machine import machine, print_result
from dispatch.ledger import as_json
from dispatch.postgres.ledger import read_books

DATA = Path(__file__).parents[2] / "shared" / "data"
FILE = "nyc_311_dev/nyc311_allagency_2024-09-01.csv.gz"
COLUMNS = Columns(
    columns={
        "key": "Unique Key",
        "category": "Complaint Type",
        "lon": "Longitude",
        "lat": "Latitude",
        "happened_at": "Created Date",
        "description": "Descriptor",
    },
    addresses=("Incident Address", "Intersection Street 1", "Street Name", "Landmark", "Borough"),
    time_format="%m/%d/%Y %I:%M:%S %p",
    timezone="America/New_York",
)
BOROUGHS = {"MANHATTAN": 1, "BRONX": 2, "BROOKLYN": 3, "QUEENS": 4, "STATEN ISLAND": 5}


@dataclass(frozen=True)
class Outcome:
    """What became of one request; *root* is the request its case was opened from."""

    state: str
    root: str | None
    department: str | None
    areas: tuple[str, ...]


@dataclass(frozen=True)
class Day:
    """One day played: what the door said, what was decided, the books, and how long it took."""

    played: Played
    outcomes: Mapping[str, Outcome]
    books: Mapping[str, Any]
    seconds: float
    faults: Sequence[str]


def incidents(data: Path = DATA, most: int | None = None) -> list[Incident]:
    """The requests of the day, oldest first."""
    return read_incidents(data / FILE, COLUMNS)[:most]


def play_day(
    requests: Sequence[Incident],
    *,
    home: Path,
    pack: Path,
    kafka: bool = False,
    workers: int = 1,
    faults: bool = False,
) -> Day:
    """Play the requests on a fresh database, wait until all are decided, and read the outcomes."""
    with on_stage(
        home,
        database="citygrid_nyc",
        load=partial(load_pack, pack),
        fresh=True,
        workers=workers,
        kafka=kafka,
    ) as stage:
        plan = _Faults(stage, len(requests), kafka) if faults else None
        start = time.monotonic()
        played = asyncio.run(_play(stage, requests, plan))
        books = asyncio.run(_settled(stage))
        seconds = time.monotonic() - start
        outcomes = _outcomes(stage, requests)
    return Day(played, outcomes, books, seconds, plan.done if plan else ())


class _Faults:
    """Kill a worker, start it again, restart the broker: each once, at its share of the answers."""

    def __init__(self, stage: Stage, total: int, kafka: bool) -> None:
        self.done: list[str] = []
        acts: list[tuple[float, str, Callable[[], object]]] = [
            (1 / 3, "worker-1 killed", lambda: stage.processes.kill("worker-1")),
            (5 / 12, "worker-1 started", lambda: stage.processes.start("worker-1", "worker")),
        ]
        if kafka:
            home = stage.settings.home
            acts.append((1 / 2, "broker restarted", lambda: restart(home, "kafka")))
        self._plan = [(share * total, name, act) for share, name, act in acts]

    def at(self, answered: int) -> None:
        """Carry out what is due."""
        while self._plan and answered >= self._plan[0][0]:
            _, name, act = self._plan.pop(0)
            act()
            self.done.append(name)


async def _play(stage: Stage, requests: Sequence[Incident], plan: _Faults | None) -> Played:
    door = Open311Door(stage.url, await asyncio.to_thread(stage.key_for, "open311:nyc", "citizen"))
    answered = 0
    due = asyncio.Event()

    def on_answer(_: Answer) -> None:
        nonlocal answered
        answered += 1
        due.set()

    async def disturb(plan: _Faults) -> None:
        while True:
            await due.wait()
            due.clear()
            await asyncio.to_thread(plan.at, answered)

    disturber = asyncio.create_task(disturb(plan)) if plan else None
    try:
        await door.learn_services()
        return await play(
            requests, door, speed=None, ends_at=datetime.now(UTC), on_answer=on_answer
        )
    finally:
        if disturber:
            disturber.cancel()
        await door.close()


async def _settled(stage: Stage, patience_s: float = 120.0) -> Mapping[str, Any]:
    give_up = time.monotonic() + patience_s
    async with await psycopg.AsyncConnection.connect(
        stage.settings.database_url, autocommit=True
    ) as conn:
        while True:
            books = await read_books(conn)
            if not books.inbox.in_flight or time.monotonic() > give_up:
                return as_json(books)
            await asyncio.sleep(0.05)


def _outcomes(stage: Stage, requests: Sequence[Incident]) -> dict[str, Outcome]:
    names = {str(request.key): request.name for request in requests}
    with psycopg.connect(stage.settings.database_url) as conn:
        rows = conn.execute(
            """
            SELECT i.client_key, i.state,
                   (SELECT f.client_key FROM inbox f
                     WHERE f.case_id = i.case_id AND f.state = 'cased'),
                   c.department, c.areas
              FROM inbox i
              LEFT JOIN cases c ON c.id = i.case_id
            """
        ).fetchall()
    return {
        names[key]: Outcome(state, names[root] if root else None, department, tuple(areas or ()))
        for key, state, root, department, areas in rows
    }


def agreement(data: Path, outcomes: Mapping[str, Outcome]) -> tuple[float, float]:
    """Shares whose department is the agency of the data, and whose district is the declared one.

    Of requests that became or joined a case; for the district, of those that declare one of the 59
    community districts.
    """
    departments: Counter[bool] = Counter()
    districts: Counter[bool] = Counter()
    for row in _rows(data):
        outcome = outcomes.get(row["Unique Key"])
        if outcome is None or outcome.department is None:
            continue
        departments[outcome.department == row["Agency"]] += 1
        if declared := _district(row["Community Board"]):
            districts[declared in outcome.areas] += 1
    return _share(departments), _share(districts)


def _rows(data: Path) -> list[dict[str, str]]:
    with gzip.open(data / FILE, "rt", encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def _district(board: str) -> str | None:
    match = re.fullmatch(r"(\d\d) (.+)", board.strip())
    if not match or match[2] not in BOROUGHS or not 1 <= int(match[1]) <= 18:
        return None
    return f"{BOROUGHS[match[2]]}{match[1]}"


def _share(counted: Counter[bool]) -> float:
    return round(counted[True] / counted.total(), 5) if counted else 0.0


def report(day: Day, data: Path) -> dict[str, object]:
    """The printed figures of one day."""
    states = Counter(outcome.state for outcome in day.outcomes.values())
    departments, districts = agreement(data, day.outcomes)
    return {
        "total": len(day.played.answers),
        "accepted": day.played.accepted,
        "refused_at_the_door": dict(day.played.refusals),
        **{state: states[state] for state in ("cased", "merged", "rejected", "dead")},
        "department_agreement": departments,
        "district_agreement": districts,
        "balanced": day.books["balanced"],
        "seconds": round(day.seconds, 2),
        "faults": list(day.faults),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Play and print; 1 when the books do not balance or a comparison differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; always JSON")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--most", type=int, help="only the first so many requests")
    parser.add_argument("--kafka", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--life", action="store_true", help="decide and close at the dates told")
    told = parser.parse_args(arguments)
    requests = incidents(told.data, told.most)
    if told.life:
        return nyc_life.main(told.data, FILE, requests)
    with tempfile.TemporaryDirectory(prefix="citygrid-nyc-") as folder:
        pack = Path(folder) / "newyork"
        make_newyork(pack, told.data)
        home = default_home() / "benchmark"
        plain = play_day(requests, home=home, pack=pack) if told.compare else None
        day = play_day(
            requests,
            home=home,
            pack=pack,
            kafka=told.kafka,
            workers=told.workers,
            faults=told.faults,
        )
    result = report(day, told.data)
    if plain:
        result["embedded"] = report(plain, told.data)
        result["differing_outcomes"] = differing(plain, day)
    result |= {"engine": "kafka" if told.kafka else "embedded", "workers": told.workers}
    print_result({**result, "machine": machine()})
    return 0 if day.books["balanced"] and not result.get("differing_outcomes") else 1


def differing(one: Day, other: Day) -> int:
    """How many requests came out differently."""
    names = one.outcomes.keys() | other.outcomes.keys()
    return sum(one.outcomes.get(name) != other.outcomes.get(name) for name in names)


if __name__ == "__main__":
    sys.exit(main())
