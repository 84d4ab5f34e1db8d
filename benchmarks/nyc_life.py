"""The life of the New York day: every request decided when it was made and closed when it was.

    python -m benchmarks.nyc_day --life --json

Then what-if, twice: with one rule changed, and with one limit changed. What comes out is held
against the raw file, read by nothing but the csv module.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import hashlib
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from app.city.loading import load_pack
from app.city.newyork.making import make_newyork
from app.database import connect
from app.migrating import migrate
from app.replay.living import Life, Lived, live
from app.replay.reading import Incident
from app.rulebook import load_rulebook
from app.services import running
from app.services.home import default_home
from app.services.postgres import create_database, drop_database
from app.whatif.proposals import Proposal, rulebook_to_try
from app.whatif.telling import as_json
from app.whatif.trying import try_out
from benchmarks.machine import machine, print_result
from dispatch.report import Channel, Submission
from dispatch.whatif.deciding import Compared
from dispatch.whatif.postgres import Choice

NEW_YORK = ZoneInfo("America/New_York")
TIMES = "%m/%d/%Y %I:%M:%S %p"
PARKING = "Illegal Parking"
ONE_RULE = """\
[[rule]]
name = "parking-by-night"
when = 'category == "Illegal-Parking" && hour < 6'
department = "DOT"
because_zh = "试行：夜间违停由交通局处置"
because_en = "On trial: parking by night is for the Department of Transportation"
"""
LIMIT, SHORT_LIMIT = timedelta(hours=8), timedelta(hours=2)

_DEPARTMENTS = """
    SELECT c.department, count(*) AS cases,
           count(*) FILTER (WHERE c.state = 'closed') AS closed,
           count(*) FILTER (WHERE c.overdue) AS late,
           round((count(*) FILTER (WHERE c.overdue))::numeric / count(*), 4)::float8 AS late_share,
           round((percentile_cont(0.5) WITHIN GROUP (
               ORDER BY extract(epoch FROM c.closed_at - c.opened_at)) / 3600)::numeric, 2)::float8
               AS median_hours_to_close
      FROM cases c
     GROUP BY c.department
     ORDER BY count(*) DESC, c.department
"""
_OUTCOMES = "SELECT id, client_key, state FROM inbox"


@dataclass(frozen=True)
class Request:
    """A line of the raw file, as far as the checks look at it; times are New York's, aware."""

    key: str
    category: str
    created: datetime
    closed: datetime | None

    def late(self, limit: timedelta, as_of: datetime) -> bool:
        """Whether the limit passed first; one closed before it was made was never closed."""
        closed = self.closed if self.closed and self.closed >= self.created else None
        return (closed or as_of) - self.created >= limit


@dataclass(frozen=True)
class Trial:
    """What-if beside its check: the requests that it lists, and those of the raw file."""

    listed: frozenset[str]
    expected: frozenset[str]
    told: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The figures, and whether the two lists are the same."""
        figures = {name: self.told[name] for name in ("cases", "changed", "before", "after")}
        lists = {"listed": len(self.listed), "expected": len(self.expected)}
        return {"same_list": self.listed == self.expected, **lists, **figures}


@dataclass(frozen=True)
class LivedDay:
    """A day that was lived again. *outcomes* are the states of the requests by their key."""

    lived: Lived
    outcomes: Mapping[str, str]
    departments: Sequence[Mapping[str, Any]]
    rule: Trial
    limit: Trial
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """What is printed."""
        states = Counter(self.outcomes.values())
        return {
            "requests": self.lived.reports,
            **{state: states[state] for state in ("cased", "merged", "rejected", "dead")},
            "closed": self.lived.closed,
            "left_open": states["cased"] - self.lived.closed,
            "late": self.lived.late,
            "closed_before_made_and_left_open": self.lived.impossible,
            "departments": list(self.departments),
            "one_rule_changed": self.rule.as_json(),
            "one_limit_changed": self.limit.as_json(),
            "seconds": round(self.seconds, 1),
        }


def raw_requests(file: Path) -> dict[str, Request]:
    """The lines of the file by their key, read by nothing but the csv module."""
    with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as text:
        return {row["Unique Key"]: _request(row) for row in csv.DictReader(text)}


def _request(row: Mapping[str, str]) -> Request:
    closed = _moment(row["Closed Date"]) if row["Closed Date"] else None
    return Request(row["Unique Key"], row["Complaint Type"], _moment(row["Created Date"]), closed)


def _moment(text: str) -> datetime:
    # In UTC: a span between two times of one zone would be that of the clocks on the wall.
    return datetime.strptime(text, TIMES).replace(tzinfo=NEW_YORK).astimezone(UTC)


async def live_day(
    database_url: str, incidents: Sequence[Incident], raw: Mapping[str, Request], pack: Path
) -> LivedDay:
    """Live through the requests in a database into which the pack was loaded, then try twice."""
    start = time.monotonic()
    async with await connect(database_url) as conn:
        rules = await load_rulebook(conn, pack.parent)
        codes = {one.name.en: one.code for one in rules.catalogue}
        lives = [_life(one, codes[one.category], raw[one.name]) for one in incidents]
        until = max(max(life.made_at, life.done_at or life.made_at) for life in lives)
        lived = await live(conn, lives, rules, until=until)
        seconds = time.monotonic() - start
        async with conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_DEPARTMENTS)
            departments = await cursor.fetchall()
        names = {str(one.key): one.name for one in incidents}
        found = await (await conn.execute(_OUTCOMES)).fetchall()
        keys = {report: names[key] for report, key, _ in found}
        outcomes = {names[key]: state for _, key, state in found}
        opened = [raw[key] for key, state in outcomes.items() if state == "cased"]
        parked = [one for one in opened if one.category == PARKING]
        by_night = {one.key for one in parked if one.created.astimezone(NEW_YORK).hour < 6}
        later = {
            one.key for one in parked if one.late(SHORT_LIMIT, until) != one.late(LIMIT, until)
        }
        rule = await _try(conn, _one_rule(pack), "department", until)
        limit = await _try(conn, _one_limit(pack), "lateness", until)
    return LivedDay(
        lived,
        outcomes,
        departments,
        Trial(frozenset(keys[n] for n in rule[0]), frozenset(by_night), rule[1]),
        Trial(frozenset(keys[n] for n in limit[0]), frozenset(later), limit[1]),
        seconds,
    )


def _life(incident: Incident, code: str, raw: Request) -> Life:
    located = incident.lon is not None and incident.lat is not None
    report = Submission(
        source="open311:nyc",
        client_key=str(incident.key),
        body_sha256=hashlib.sha256(incident.name.encode()).digest(),
        channel=Channel.OPEN311,
        category=code,
        lon=incident.lon,
        lat=incident.lat,
        datum=incident.datum if located else "none",
        given_lon=incident.lon,
        given_lat=incident.lat,
        happened_at=incident.happened_at,
        description=incident.description,
        address=incident.address,
    )
    return Life(report, raw.closed)


def _one_rule(pack: Path) -> Proposal:
    file = pack.parent / "one-rule.toml"
    file.write_text(ONE_RULE, encoding="utf-8")
    return Proposal(parts={"routing": file})


def _one_limit(pack: Path) -> Proposal:
    """The limit of one category two hours instead of eight; the others stay."""
    file = pack.parent / "one-limit.csv"
    lines = (pack / "limits.csv").read_text(encoding="utf-8-sig").splitlines()
    changed = [
        line.replace(",8,urgent_hour", ",2,urgent_hour")
        if line.startswith("Illegal-Parking,")
        else line
        for line in lines
    ]
    file.write_text("\n".join(changed) + "\n", encoding="utf-8")
    return Proposal(parts={"limits": file})


async def _try(
    conn: AsyncConnection[Any], proposal: Proposal, difference: str, as_of: datetime
) -> tuple[set[int], dict[str, Any]]:
    """The reports whose cases differ in this, and everything that was counted."""
    listed: set[int] = set()

    def take(cases: Sequence[Compared]) -> None:
        listed.update(one.past.report.id for one in cases if difference in one.differences)

    tried = await rulebook_to_try(conn, proposal, _beside(proposal))
    outcome = await try_out(conn, tried, Choice(), as_of=as_of, on_changed=take)
    return listed, as_json(outcome, tried)


def _beside(proposal: Proposal) -> Path:
    """The folder of the file that is tried, where the index of the grid lies too."""
    return next(iter(proposal.parts.values())).parent


@contextmanager
def loaded_city(home: Path, pack: Path, name: str) -> Generator[str]:
    """The address of a fresh database with the pack loaded; it is dropped afterwards."""
    with running(home, redis=False) as services:
        drop_database(services.database_url, name)
        url = create_database(services.database_url, name)
        try:
            migrate(url)
            load_pack(pack, url)
            yield url
        finally:
            drop_database(services.database_url, name)


def main(data: Path, file: str, incidents: Sequence[Incident]) -> int:
    """Live, try and print; 1 when a list is not that of the raw file."""
    with tempfile.TemporaryDirectory(prefix="citygrid-nyc-") as folder:
        pack = Path(folder) / "newyork"
        make_newyork(pack, data)
        with loaded_city(default_home() / "benchmark", pack, "citygrid_nyc_life") as url:
            day = asyncio.run(live_day(url, incidents, raw_requests(data / file), pack))
    print_result({**day.as_json(), "machine": machine()})
    return 0 if all(trial.listed == trial.expected for trial in (day.rule, day.limit)) else 1
