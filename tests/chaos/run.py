"""One run: a world, a plan of faults, a judge that looks on, and the verdict at the end."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from app.services.home import default_home
from tests.chaos.bugs import BUGS
from tests.chaos.bugs.bug import Bug
from tests.chaos.clients.books import Book
from tests.chaos.defects import defects
from tests.chaos.faults.strike import strike
from tests.chaos.judge import Judge, Verdict
from tests.chaos.kinds import KINDS
from tests.chaos.plan import Fault, Plan
from tests.chaos.pulse import Pulse
from tests.chaos.rates import rates
from tests.chaos.recovery import accepted_times, recoveries, worst
from tests.chaos.world import Ground, World, ground, world

SAMPLE_EVERY_S: Final = 1.0
MEMORY_EVERY_S: Final = 5.0
WARM_UP_S: Final = 8.0
SETTLE_S: Final = 60.0
"""How long after the last fault nothing may be left undecided or undelivered."""
FINISH_S: Final = 150.0
"""How long the clients may take to send what they have planned."""

RESULTS: Final = default_home() / "chaos"
"""Where results are kept."""

_UNQUIET: Final = """
    SELECT (SELECT count(*) FROM inbox WHERE state = 'accepted')
         + (SELECT count(*) FROM outbox WHERE position IS NULL)
         + (SELECT count(*) FROM delivery WHERE state = 'pending')
"""


@dataclass
class Run:
    """A run in progress. *judge* is asked every second from the first report on."""

    world: World
    judge: Judge
    plan: Plan
    quiet: bool = False
    pulse: Pulse = field(init=False)
    struck: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __post_init__(self) -> None:
        folder = self.world.folder
        self._faults, self._memory = Book(folder / "faults.jsonl"), Book(folder / "memory.jsonl")
        (folder / "plan.json").write_text(
            json.dumps({"seed": self.plan.seed, "faults": [one.as_dict() for one in self.plan]})
        )
        self.pulse = Pulse(self.world.database_url)
        self._began = time.monotonic()

    def close(self) -> None:
        """Nothing more will be written."""
        self._faults.close()
        self._memory.close()

    async def go(self) -> Verdict:
        """All of it: warm up, strike, let it settle, judge."""
        self.world.start_clients(self.plan.seed)
        async with asyncio.TaskGroup() as group:
            watching = [
                group.create_task(self._sample()),
                group.create_task(self._weigh()),
                group.create_task(self.pulse.watch()),
            ]
            await asyncio.sleep(WARM_UP_S)
            await self._strike_all()
            self._tell("clients finish")
            await settle(self.world, self.judge.awaits_alarms)
            for task in watching:
                task.cancel()
        return await asyncio.to_thread(self.judge.verdict, time.time())

    async def _strike_all(self) -> None:
        """One after the other; a fault that cannot be done breaks the run off at once."""
        async with asyncio.TaskGroup() as strikes:
            for fault in self.plan:
                self._tell(f"fault {fault.n}/{len(self.plan)} {fault.kind} {fault.target}")
                task = strikes.create_task(self._strike(fault))
                if not fault.overlaps:
                    await task
                await asyncio.sleep(fault.pause_s)

    async def _strike(self, fault: Fault) -> None:
        t = time.time()
        await strike(self.world, fault)
        line = {"t": t, **asdict(fault), "args": dict(fault.args), "ended": time.time()}
        self._faults.write(line)
        self.struck.append(line)

    async def _sample(self) -> None:
        while True:
            await asyncio.to_thread(self.judge.sample)
            await asyncio.sleep(SAMPLE_EVERY_S)

    async def _weigh(self) -> None:
        while True:
            t = time.time()
            for name, pid, rss_mb in self.world.processes.memory():
                self._memory.write({"t": t, "name": name, "pid": pid, "rss_mb": rss_mb})
            await asyncio.sleep(MEMORY_EVERY_S)

    def _tell(self, what: str) -> None:
        if not self.quiet:
            print(f"{time.monotonic() - self._began:7.1f}  {what}", file=sys.stderr, flush=True)


async def settle(
    made: World, awaits_alarms: Callable[[], bool], patience_s: float = SETTLE_S
) -> None:
    """Let everybody finish; the clocks go last, for they make new work.

    What still waits after *patience_s* is left as it is, for the judge to see.
    """
    processes = made.processes
    await asyncio.gather(processes.stop("phones", FINISH_S), processes.stop("sensors", FINISH_S))
    await _until_judged(awaits_alarms, patience_s)
    await _until_quiet(made.database_url, patience_s)
    await asyncio.gather(processes.stop("clock-1"), processes.stop("clock-2"))
    await _until_quiet(made.database_url, patience_s)
    await asyncio.sleep(2 * SAMPLE_EVERY_S)  # the screen's last frames
    await processes.stop("screen", FINISH_S)


async def _until_judged(awaits_alarms: Callable[[], bool], patience_s: float) -> None:
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up and await asyncio.to_thread(awaits_alarms):
        await asyncio.sleep(1.0)


async def _until_quiet(database_url: str, patience_s: float) -> None:
    give_up = time.monotonic() + patience_s
    waiting = -1
    while waiting and time.monotonic() < give_up:
        await asyncio.sleep(0.3)
        waiting = await _count(database_url)


async def _count(database_url: str) -> int:
    with suppress(psycopg.OperationalError):
        async with await psycopg.AsyncConnection.connect(database_url) as conn:
            found = await (await conn.execute(_UNQUIET)).fetchone()
            return found[0] if found else 0
    return -1


def run(
    engine: str,
    faults: int,
    seed: int,
    bug: str | None = None,
    short: bool = False,
    *,
    only: Collection[str] = (),
    brokers: int = 1,
    calm: bool = False,
    keep: bool = False,
) -> dict[str, Any]:
    """Run it and say how it went; with *bug* that one of `BUGS` is planted.

    *short* leaves out what takes long; *only* names the sole kinds of faults; *brokers* is how
    many Kafka has; *calm* leaves time between faults. The folder is kept when the judge objects,
    when the run breaks off, or when *keep*.
    """
    home = Path(tempfile.mkdtemp(prefix="citygrid-chaos-"))
    home.chmod(0o711)
    began = time.monotonic()
    print(f"books and logs: {home / 'run'}", file=sys.stderr)
    with ground(engine, home / "ground", brokers) as stands:
        without = impossible(stands, short)
        plan = Plan.of(seed, faults, engine, without=without, only=only, calm=calm)
        told = asyncio.run(run_on(stands, home / "run", plan, BUGS[bug] if bug else None))
    told |= {"brokers": brokers if engine == "kafka" else 0}
    told |= {"seconds": round(time.monotonic() - began, 1), "folder": str(home / "run")}
    _keep_results(told, home / "run")
    if told["ok"] and not keep:
        shutil.rmtree(home)
        told["folder"] = None
    return told


def _keep_results(told: dict[str, Any], folder: Path) -> None:
    """What a run found outlives its folder: the result, and how soon it recovered each time."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    name = f"{told['engine']}-{told['seed']}-{told['faults']}"
    (RESULTS / f"{name}.json").write_text(json.dumps(told, ensure_ascii=False))
    shutil.copy(folder / "recovery.jsonl", RESULTS / f"{name}.recovery.jsonl")


async def run_on(
    stands: Ground, folder: Path, plan: Plan, bug: Bug | None = None
) -> dict[str, Any]:
    """One run on a ground that stands; the result without its duration."""
    async with world(stands, folder, bug) as made:
        with (
            closing(Judge(made.database_url, folder)) as judge,
            closing(Run(made, judge, plan)) as one,
        ):
            verdict = await one.go()
            return _told(one, verdict)


def impossible(stands: Ground, short: bool = False) -> set[str]:
    """Kinds that this machine or this ground cannot do, each of them said aloud."""
    servers = stands.servers
    left_out = {
        "disk-full": None if servers.has_own_disk else "only root can mount a file system to fill",
        "clock-jumped": None if servers.clock else "libfaketime is not installed",
        "leader-moved": None if servers.has_followers else "it takes three brokers",
        "deployed": "it takes long" if short else None,
    }
    for kind, why in left_out.items():
        if why and stands.engine in KINDS[kind].engines:
            print(f"left out: {kind}: {why}", file=sys.stderr)
    return {kind for kind, why in left_out.items() if why}


def _told(one: Run, verdict: Verdict) -> dict[str, Any]:
    """What is printed at the end."""
    folder, plan = one.world.folder, one.plan
    after = recoveries(one.struck, accepted_times(folder), one.pulse.beats)
    with closing(Book(folder / "recovery.jsonl")) as book:
        book.write(*after)
    broken = defects(folder / "logs")
    return {
        "engine": plan.engine,
        "seed": plan.seed,
        "faults": len(one.struck),
        "kinds": dict(Counter(line["kind"] for line in one.struck)),
        **verdict.figures,
        **rates(folder),
        "recovery": worst(after),
        "ended_by_themselves": one.world.processes.codes(),
        "checks": {check.name: check.detail for check in verdict.checks if not check.holds},
        "defects": dict(broken),
        "ok": verdict.ok and not broken,
    }
