"""The same reports sent again and again, to two doors at once, by senders that hang up.

    python -m tests.chaos.submissions [--reports 100000] [--seed 1]

Each report is sent one to five times concurrently, each time to either of two web processes; one
attempt in ten hangs up, before the answer or in the middle of it. Who got no answer sends again,
as a phone does. At the end there is one row for each key, every answer for a key has told the
receipt of that row, and the same key with other bytes was refused. Prints one JSON line; exit
code 1 when any of this does not hold. No worker runs: this is about the door alone.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
import uvloop

from app.database import connect
from app.identity.postgres import add_key
from app.migrating import migrate
from app.processes import Processes, free_port
from app.services import down, running
from tests.chaos.line import Answer, Line, LineCut, post
from tests.chaos.stopping import end_tidily
from tests.littletown import settle
from tests.makers import spot

SOURCES: Final = 16
LANES: Final = 48
HANG_UPS: Final = 0.1
MOST_ATTEMPTS: Final = 5
_EVERY_CONFLICT: Final = 50
_PAUSE_S: Final = 0.2
_KEPT: Final = "SELECT client_key, receipt, encode(body_sha256, 'hex') FROM inbox"


@dataclass(slots=True)
class Sent:
    """One report and what its sender saw: the phone's own book."""

    source: str
    key: str
    body: bytes
    receipts: set[str] = field(default_factory=set[str])
    created: int = 0
    hung_up: int = 0
    cut: int = 0
    under_way: int = 0
    overlapped: bool = False

    def note(self, answer: Answer) -> None:
        """Keep what a 201 or 200 told."""
        self.created += answer.status == 201
        self.receipts.add(json.loads(answer.body)["receipt"])


@dataclass(slots=True)
class Books:
    """Everything the senders saw."""

    reports: Sequence[Sent]
    statuses: Counter[int] = field(default_factory=Counter[int])
    attempts: int = 0
    resent: int = 0
    conflicts: int = 0
    conflicts_refused: int = 0
    seconds: float = 0.0


def make_reports(count: int, rng: random.Random) -> list[Sent]:
    """Reports all over Littletown, no two with the same key."""
    made: list[Sent] = []
    for n in range(count):
        lon, lat = spot(rng.uniform(5, 190), rng.uniform(5, 215))
        body = {
            "category": rng.choice(("06010", "09009", "01001")),
            "lon": lon,
            "lat": lat,
            "datum": "wgs84",
            "description": f"第 {n} 件",
        }
        key = str(UUID(int=rng.getrandbits(128), version=4))
        told = json.dumps(body, ensure_ascii=False).encode()
        made.append(Sent(f"device:{n % SOURCES}", key, told))
    return made


class Senders:
    """Phones before two doors. *tokens* gives the API key of each source."""

    def __init__(self, doors: Sequence[str], tokens: Mapping[str, str], rng: random.Random) -> None:
        self._doors, self._tokens, self._rng = doors, tokens, rng

    async def send_all(self, reports: Sequence[Sent]) -> Books:
        """Send everything until everything was answered, then the conflicts."""
        books, start = Books(reports), time.perf_counter()
        turns = deque(
            report for report in reports for _ in range(self._rng.randint(1, MOST_ATTEMPTS))
        )
        await self._work_off(turns, books, hang_ups=HANG_UPS)
        while unanswered := deque(report for report in reports if not report.receipts):
            books.resent += len(unanswered)
            await self._work_off(unanswered, books, hang_ups=0.0)
        await self._conflicts(books)
        books.seconds = time.perf_counter() - start
        return books

    async def _work_off(self, turns: deque[Sent], books: Books, *, hang_ups: float) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(LANES):
                group.create_task(self._lane(turns, books, hang_ups))

    async def _lane(self, turns: deque[Sent], books: Books, hang_ups: float) -> None:
        """Take the next turn, as long as there are any: neighbours in the queue overlap."""
        lines = [Line(door) for door in self._doors]
        while turns:
            report, line = turns.popleft(), self._rng.choice(lines)
            report.overlapped |= report.under_way > 0
            report.under_way += 1
            await self._attempt(report, line, books, self._rng.random() < hang_ups)
            report.under_way -= 1
        for line in lines:
            line.cut()

    async def _attempt(self, report: Sent, line: Line, books: Books, hang_up: bool) -> None:
        books.attempts += 1
        request = self._request(report, line, report.body)
        if hang_up:
            report.hung_up += 1
            read, after_s = self._rng.choice((0, 1, 200)), self._rng.uniform(0, 0.01)
            await line.hang_up(request, bytes_read=read, after_s=after_s)
            return
        try:
            answer = await line.ask(request)
        except LineCut:
            report.cut += 1
            await asyncio.sleep(_PAUSE_S)
            return
        books.statuses[answer.status] += 1
        if answer.status in (200, 201):
            report.note(answer)
        else:
            await asyncio.sleep(_PAUSE_S)

    async def _conflicts(self, books: Books) -> None:
        """Keys that are known, with other bytes: refused, and no receipt told."""
        lines = [Line(door) for door in self._doors]
        for report in books.reports[::_EVERY_CONFLICT]:
            line = self._rng.choice(lines)
            other = report.body.replace("第".encode(), "第二".encode())
            answer = await line.ask(self._request(report, line, other))
            books.conflicts += 1
            refused = answer.status == 409 and b"receipt" not in answer.body
            books.conflicts_refused += refused
        for line in lines:
            line.cut()

    def _request(self, report: Sent, line: Line, body: bytes) -> bytes:
        host = line.url.removeprefix("http://")
        token = self._tokens[report.source]
        return post("/api/reports", body, host=host, token=token, key=report.key)


def outcome(books: Books, kept: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """What the senders saw, held against the rows (key, receipt, SHA-256 of the bytes) kept."""
    rows = {key: (receipt, sha256) for key, receipt, sha256 in kept}
    reports = books.reports
    seen_whole = [one for one in reports if not one.hung_up and not one.cut]
    faults = {
        "lost": sum(one.key not in rows for one in reports),
        "invented": len(rows.keys() - {one.key for one in reports}),
        "doubled": len(kept) - len(rows),
        "other_bytes_kept": sum(
            rows[one.key][1] != hashlib.sha256(one.body).hexdigest()
            for one in reports
            if one.key in rows
        ),
        "other_receipt_told": sum(
            one.receipts != {rows[one.key][0]} for one in reports if one.key in rows
        ),
        "created_twice": sum(one.created > 1 for one in reports),
        "never_created": sum(one.created == 0 for one in seen_whole),
        "conflicts_taken": books.conflicts - books.conflicts_refused,
        "other_answers": sum(
            n for status, n in books.statuses.items() if status not in (200, 201, 503)
        ),
        "cut_by_the_door": sum(one.cut for one in reports),
    }
    return {
        "keys": len(reports),
        "rows": len(kept),
        "attempts": books.attempts,
        "hung_up": sum(one.hung_up for one in reports),
        "resent": books.resent,
        "overlapped": sum(one.overlapped for one in reports),
        "conflicts_refused": books.conflicts_refused,
        "statuses": {str(status): n for status, n in sorted(books.statuses.items())},
        **faults,
        "seconds": round(books.seconds, 1),
        "per_second": round(books.attempts / max(books.seconds, 1e-9), 1),
        "ok": not any(faults.values()),
    }


@contextmanager
def two_doors(database_url: str, folder: Path) -> Generator[list[str]]:
    """Two web processes on the database; the addresses of both, once they are ready."""
    told = {
        "CITY_DATABASE_URL": database_url,
        "CITY_HOME": str(folder),
        "CITY_LOG_LEVEL": "warning",
    }
    with Processes(told, folder / "logs") as processes:
        doors: list[str] = []
        for name in ("web-1", "web-2"):
            port = free_port()
            processes.start(name, "web", CITY_PORT=str(port))
            doors.append(f"http://127.0.0.1:{port}")
        for door in doors:
            processes.wait_ready(door)
        yield doors


async def prepare_town(database_url: str) -> dict[str, str]:
    """Put Littletown into an empty schema; the API key of each source."""
    async with await connect(database_url) as conn:
        await settle(conn)
        return {
            source: await add_key(conn, source, ["inspector"], source)
            for source in (f"device:{n}" for n in range(SOURCES))
        }


def submit(database_url: str, folder: Path, count: int, seed: int) -> dict[str, Any]:
    """The whole of it on a database that holds the schema and nothing else."""
    rng = random.Random(seed)
    tokens = asyncio.run(prepare_town(database_url))
    with two_doors(database_url, folder) as doors:
        books = uvloop.run(Senders(doors, tokens, rng).send_all(make_reports(count, rng)))
    with psycopg.connect(database_url) as conn:
        kept = conn.execute(_KEPT).fetchall()
        deadlocks = conn.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    told = outcome(books, [(key, receipt, sha256) for key, receipt, sha256 in kept])
    return {"seed": seed, **told, "deadlocks": deadlocks[0] if deadlocks else None}


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a server of its own, submit, print, remove everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args(arguments)
    home = Path(tempfile.mkdtemp(prefix="citygrid-submissions-"))
    home.chmod(0o711)  # the server's own account enters it
    try:
        with running(home, redis=False) as services:
            migrate(services.database_url)
            result = submit(services.database_url, home, told.reports, told.seed)
    finally:
        down(home)
        shutil.rmtree(home)
    print(json.dumps(result))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
