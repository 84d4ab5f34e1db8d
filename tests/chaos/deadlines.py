"""Deadlines while clock processes are killed, PostgreSQL crashes and its clock jumps.

    python -m tests.chaos.deadlines [--deadlines 10000] [--seconds 240] [--kills 50] [--jumps 10]
                                    [--seed 1] [--at-once] [--lead 55]

Four fifths of the deadlines are spread over the run, one fifth is due all at once; with --at-once
all of them are, one clock process is killed while they fall due, and the clock jumps before and
meanwhile. Two clock processes, each started again at once when it ends. The clock of the database
goes two hours ahead or five days back for some seconds, several times, and is killed at while it is
wrong. At the end every deadline has one event, none earlier than it was due by a clock that nobody
moved. Prints one JSON line; exit code 1 when any of this does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

from app.database import DatabaseAway, connect
from app.migrating import migrate
from app.processes import Processes
from app.services import down, restart, running
from dispatch import actions
from dispatch.deadlines import Limits
from dispatch.matching import Matching, MergeRule
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.inbox import accept_many
from dispatch.rulebook import Rulebook
from tests.chaos.faults.time import MovableClock, movable_clock
from tests.chaos.lateness import (
    CLOCKS,
    UndisturbedClock,
    Witness,
    judge,
    read_deadlines,
    read_events,
)
from tests.chaos.stopping import end_tidily
from tests.littletown import settle
from tests.makers import NOON, label, rulebook, submission

JUMPS: Final = (timedelta(hours=2), timedelta(days=-5))
KILLS: Final = ("one-clock", "both-clocks", "postgres", "backend-killed", "backend-ended")
_WEIGHTS: Final = (20, 8, 10, 6, 6)
_LEAD_S: Final = 15.0
_MADE_PER_S: Final = 250
_MOMENTS: Final = 300
_AT_ONCE: Final = "at-once"
_PATIENCE_S: Final = 60.0
_BACKEND_WITHIN_S: Final = 5.0
_BACKENDS: Final = "SELECT pid FROM pg_stat_activity WHERE application_name = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Strike:
    """What happens so many seconds after the first deadline; *by_s* is how far a clock is moved."""

    at_s: float
    kind: str
    by_s: float = 0.0


def plan(seed: int, *, seconds: float, kills: int, jumps: int) -> list[Strike]:
    """Kills spread over the run, and jumps with the clock right again before the next. Pure."""
    chance = random.Random(f"{seed} {seconds} {kills} {jumps}")
    kinds = chance.choices(KILLS, _WEIGHTS, k=kills)
    strikes = [Strike(chance.uniform(0, seconds), kind) for kind in kinds]
    for n in range(jumps):
        each = seconds / jumps
        start = n * each + chance.uniform(0.05, 0.3) * each
        end = start + chance.uniform(0.2, 0.4) * each
        strikes.append(Strike(start, "jump", JUMPS[n % len(JUMPS)].total_seconds()))
        strikes.append(Strike(chance.uniform(start, end), "one-clock"))
        strikes.append(Strike(end, "right"))
    return sorted(strikes, key=lambda one: one.at_s)


def plan_at_once(seconds: float) -> list[Strike]:
    """Everything is due half way: by a clock that is ahead before, by one that is behind then.

    A clock process is killed with its hands full, twice. Pure.
    """
    ahead, behind = (jump.total_seconds() for jump in JUMPS)
    half = seconds / 2
    return [
        Strike(0.2 * half, "jump", ahead),
        Strike(0.7 * half, "right"),
        Strike(half + 0.5, "one-clock"),
        Strike(half + 1.0, "jump", behind),
        Strike(half + 1.5, "one-clock"),
        Strike(half + 3.0, "right"),
    ]


def limits(lead_s: float, seconds: float) -> Limits:
    """A condition for each moment at which something is due, counted from the opening of a case.

    One of them has two milestones, both due half way through the run.
    """
    at = {f"at-{n}": seconds * n / _MOMENTS for n in range(_MOMENTS)}
    told = [(condition, "resolve", moment) for condition, moment in at.items()]
    told += [(_AT_ONCE, milestone, seconds / 2) for milestone in ("stop", "resolve")]
    return Limits.of(
        [
            {"row": row, "category": "*", "condition": condition, "name": label(condition),
             "milestone": milestone, "amount": (lead_s + moment) / 3600, "unit": "urgent_hour",
             "default": condition == "at-0"}
            for row, (condition, milestone, moment) in enumerate(told, 1)
        ]
    )  # fmt: skip


def conditions(deadlines: int, *, at_once: bool) -> list[str]:
    """Those of cases with so many deadlines in all, every ninth or all with two due at once."""
    if at_once:
        return [_AT_ONCE] * (deadlines // 2)
    cases = deadlines * 9 // 10
    return [_AT_ONCE if n % 9 == 0 else f"at-{n % _MOMENTS}" for n in range(cases)]


async def open_cases(url: str, wanted: Sequence[str], rules: Rulebook, opened_at: datetime) -> None:
    """A case under each of the conditions."""
    async with await connect(url) as conn:
        for first in range(0, len(wanted), actions.BATCH):
            told = [
                submission(condition=condition, happened_at=NOON + timedelta(seconds=first + n))
                for n, condition in enumerate(wanted[first : first + actions.BATCH])
            ]
            async with conn.transaction():
                ids = [one.report_id for one in await accept_many(conn, told)]
                await actions.decide(PostgresBook(conn), ids, rules, now=opened_at)


@dataclass
class Drill:
    """A PostgreSQL with a movable clock, two clock processes, and what is done to them."""

    home: Path
    url: str
    movable: MovableClock
    processes: Processes
    done: Counter[str]

    async def start(self) -> None:
        """Start the clock processes; each is to be found by its name among the sessions."""
        for name in CLOCKS:
            self.processes.start(name, "clock", PGAPPNAME=name, CITY_DATABASE_URL=self.url)

    async def tend(self) -> None:
        """Start again what ended by itself, until cancelled."""
        while True:
            self.processes.start_ended()
            await asyncio.sleep(0.1)

    async def strike(self, strikes: Sequence[Strike], start: float) -> None:
        """Carry out the plan; *start* is by the monotonic clock."""
        chance = random.Random(len(strikes))
        for one in strikes:
            await asyncio.sleep(max(0.0, start + one.at_s - time.monotonic()))
            await self._carry_out(one, chance)
            self.done[f"{one.kind} {timedelta(seconds=one.by_s)}" if one.by_s else one.kind] += 1
        self.movable.set_right()

    async def _carry_out(self, one: Strike, chance: random.Random) -> None:
        match one.kind:
            case "one-clock":
                self._kill(chance.choice(CLOCKS))
            case "both-clocks":
                for name in CLOCKS:
                    self._kill(name)
            case "postgres":
                await asyncio.to_thread(restart, self.home, "postgres", crash=True)
            case "backend-killed":
                await self._end_backend(signal.SIGKILL, chance)
            case "backend-ended":
                await self._end_backend(signal.SIGTERM, chance)
            case "jump":
                self.movable.move(timedelta(seconds=one.by_s))
            case _:
                self.movable.set_right()

    def _kill(self, name: str) -> None:
        self.processes.kill(name)
        self.processes.start(name, "clock", PGAPPNAME=name, CITY_DATABASE_URL=self.url)

    async def _end_backend(self, number: signal.Signals, chance: random.Random) -> None:
        """End the backend of a clock process; killed, it takes all others with it."""
        give_up = time.monotonic() + _BACKEND_WITHIN_S
        while time.monotonic() < give_up:
            with contextlib.suppress(DatabaseAway, psycopg.Error, ProcessLookupError):
                async with await connect(self.url) as conn:
                    found = await (await conn.execute(_BACKENDS, [list(CLOCKS)])).fetchall()
                if found:
                    os.kill(chance.choice(found)[0], number)
                    return
            await asyncio.sleep(0.1)
        self.done["no backend to end"] += 1


async def run(home: Path, movable: MovableClock, url: str, args: argparse.Namespace) -> Any:
    """One run on a server that was just started; what it showed."""
    lead_s: float = args.lead or _LEAD_S + args.deadlines / _MADE_PER_S
    rules = rulebook(
        limits=limits(lead_s, args.seconds), matching=Matching((MergeRule(within=timedelta(0)),))
    )
    async with await connect(url) as conn:
        await settle(conn)
    opened_at, opened = datetime.now(UTC), time.monotonic()
    wanted = conditions(args.deadlines, at_once=args.at_once)
    await open_cases(url, wanted, rules, opened_at)
    strikes = _planned(args)
    witness = Witness(url, UndisturbedClock())
    with Processes({}, home / "logs") as processes:
        drill = Drill(home, url, movable, processes, Counter())
        await drill.start()
        helpers = [asyncio.create_task(one) for one in (witness.watch(), drill.tend())]
        await _until_looked_at(url)
        made_s = time.monotonic() - opened
        if made_s > lead_s:
            sys.exit(f"making took {made_s:.0f} s of {lead_s:.0f}: say --lead {2 * made_s:.0f}")
        await drill.strike(strikes, opened + lead_s)
        await _until_all_fired(url, opened + lead_s + args.seconds)
        await asyncio.sleep(0.5)
        for one in helpers:
            one.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
    return {**await _judged(url, witness), "made_s": round(made_s, 1), "struck": dict(drill.done)}


async def _until_looked_at(url: str) -> None:
    """Wait for the first reading of the clock: whoever never saw it right takes it as it is."""
    async with asyncio.timeout(_PATIENCE_S), await connect(url) as conn:
        looked = "SELECT EXISTS (SELECT FROM clock_anchor)"
        while await (await conn.execute(looked)).fetchone() != (True,):
            await asyncio.sleep(0.1)


def _planned(args: argparse.Namespace) -> list[Strike]:
    if args.at_once:
        return plan_at_once(args.seconds)
    return plan(args.seed, seconds=args.seconds, kills=args.kills, jumps=args.jumps)


async def _until_all_fired(url: str, last_due: float) -> None:
    give_up = last_due + _PATIENCE_S
    while time.monotonic() < give_up:
        with contextlib.suppress(DatabaseAway, psycopg.Error):
            async with await connect(url) as conn:
                found = await conn.execute("SELECT count(*) FROM deadline WHERE state = 'pending'")
                if await found.fetchone() == (0,):
                    return
        await asyncio.sleep(0.3)


async def _judged(url: str, witness: Witness) -> Mapping[str, Any]:
    async with await connect(url) as conn:
        due, fired = await read_deadlines(conn)
        told = judge(due, await read_events(conn), witness.seen, witness.outages)
        found = await conn.execute(
            "SELECT target, count(*) FROM audit WHERE action = 'clock.judge' GROUP BY target"
        )
        noticed = dict(await found.fetchall())
    return {
        **told,
        "ok": told["ok"] and fired == len(due),
        "fired": fired,
        "outages": len(witness.outages),
        "outages_s": round(sum(end - start for start, end in witness.outages), 1),
        "judged": noticed,
    }


def drill(args: argparse.Namespace) -> dict[str, Any]:
    """A run in a home of its own, which is removed at the end; what it showed."""
    home = Path(tempfile.mkdtemp(prefix="citygrid-deadlines-"))
    home.chmod(0o711)
    try:
        with movable_clock(home) as movable, running(home, redis=False) as services:
            migrate(services.database_url)
            told = asyncio.run(run(home, movable, services.database_url, args))
    finally:
        down(home)
        shutil.rmtree(home)
    return {"name": "deadlines", **vars(args), **told}


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deadlines", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--jumps", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", action="store_true")
    parser.add_argument("--lead", type=float, help="seconds in which the cases are to be made")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    end_tidily()
    outcome = drill(options(sys.argv[1:]))
    print(json.dumps(outcome))
    sys.exit(0 if outcome["ok"] else 1)
