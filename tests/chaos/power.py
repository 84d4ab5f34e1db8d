"""The power of the harness: plant each bug in a world of its own and see how soon it is caught.

``python -m tests.chaos.power [BUG …]``: a line per bug, a JSON object at the end, exit code 1 when
a bug escapes or the judge objects to a control, which has none.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from tests.chaos.bugs import BUGS, CONTROLS, PLANTED
from tests.chaos.bugs.bug import Bug
from tests.chaos.clients.books import Book, read_book
from tests.chaos.faults.strike import strike
from tests.chaos.judge import Judge
from tests.chaos.kinds import ENGINES, KINDS
from tests.chaos.plan import Fault, Plan
from tests.chaos.run import impossible, settle
from tests.chaos.stopping import end_tidily
from tests.chaos.table import write_table
from tests.chaos.world import Ground, World, ground, world

ROUNDS: Final = (8, 20, 40)
"""Faults of one world after the other, each new; a bug that outlives the last has escaped."""
WARM_UP_S: Final = 4.0
SAMPLE_EVERY_S: Final = 0.5
PATIENCE_S: Final = 18.0
"""How long after the clients have finished the city may still be at work."""
AS_IF_LATER_S: Final = 30.0
"""The judge is asked as if so much later: of its minute for what is undecided half is enough, for a
bug does not mend itself by waiting."""


@dataclass(frozen=True, slots=True)
class Catch:
    """How a hunt ended. *caught_by* names the checks that objected, none if none did.

    *looking* is 'snapshot' when books that did not balance were seen while everything went on,
    'verdict' when it took the whole account at the end. *faults* counts all rounds.
    """

    bug: str
    caught_by: tuple[str, ...]
    looking: str
    faults: int
    seconds: float
    seed: int

    @property
    def foreseen(self) -> tuple[str, ...]:
        """Those of the checks that speak of the bug."""
        words = PLANTED[self.bug].caught_by
        return tuple(one for one in self.caught_by if any(word in one for word in words))

    @property
    def as_wanted(self) -> bool:
        """A bug is caught, and by a check that speaks of it; a control by no other check."""
        return bool(self.foreseen) if self.bug in BUGS else self.foreseen == self.caught_by


def hunt(stands: Ground, bug: Bug, seed: int) -> Catch:
    """One round after the other until the judge objects; a control has the second round alone."""
    began, struck, objection = time.monotonic(), 0, _Objection("", ())
    for number, faults in enumerate(ROUNDS[1:2] if bug.name in CONTROLS else ROUNDS, 1):
        folder = stands.folder / f"{bug.name}-{number}"
        plan = _plan(stands, bug, seed + number - 1, faults)
        objection, count = asyncio.run(
            _round(stands, folder, bug, plan, number * bug.shows_after_s)
        )
        struck += count
        if objection.checks:
            break
        shutil.rmtree(folder)
    spent_s = round(time.monotonic() - began, 1)
    return Catch(bug.name, objection.checks, objection.looking, struck, spent_s, seed)


@dataclass(frozen=True, slots=True)
class _Objection:
    looking: str
    checks: tuple[str, ...]


def _plan(stands: Ground, bug: Bug, seed: int, faults: int) -> Sequence[Fault]:
    """Faults of the kinds that provoke the bug, aimed at where it is."""
    if not bug.provoked_by:
        return ()
    chance = random.Random(seed)
    without = impossible(stands)
    plan = Plan.of(seed, faults, stands.engine, only=bug.provoked_by, without=without)
    return [_aimed(fault, bug, chance) for fault in plan]


def _aimed(fault: Fault, bug: Bug, chance: random.Random) -> Fault:
    near = [one for one in KINDS[fault.kind].targets if re.fullmatch(bug.aimed_at, one)]
    return replace(fault, target=chance.choice(near)) if near else fault


async def _round(
    stands: Ground, folder: Path, bug: Bug, plan: Sequence[Fault], load_s: float
) -> tuple[_Objection, int]:
    """One world: what the judge objected to, if anything, and how many faults it took."""
    async with world(stands, folder, bug) as made:
        judge = Judge(made.database_url, folder)
        watching = asyncio.create_task(_first_objection(judge))
        try:
            count = await _provoke(made, plan, watching, load_s)
            if not watching.done():
                await settle(made, judge.awaits_alarms, PATIENCE_S)
        finally:
            watching.cancel()
            seen = (await asyncio.gather(watching, return_exceptions=True))[0]
        if isinstance(seen, _Objection):
            made.processes.kill_all()
            return seen, count
        if isinstance(seen, Exception):
            raise seen
        verdict = await asyncio.to_thread(judge.verdict, time.time() + AS_IF_LATER_S)
    wrong = tuple(check.name for check in verdict.checks if not check.holds)
    return _Objection("verdict", wrong), count


async def _provoke(
    made: World, plan: Sequence[Fault], watching: asyncio.Task[_Objection], load_s: float
) -> int:
    """Load, and one fault after the other until the judge objects; how many it were."""
    made.start_clients(1)
    await asyncio.wait({watching}, timeout=WARM_UP_S if plan else load_s)
    with closing(Book(made.folder / "faults.jsonl")) as book:
        for count, fault in enumerate(plan):
            if watching.done():
                return count
            began_at = time.time()
            await strike(made, fault)
            book.write({"t": began_at, **fault.as_dict(), "ended": time.time()})
            await asyncio.wait({watching}, timeout=fault.pause_s)
    return len(plan)


async def _first_objection(judge: Judge) -> _Objection:
    """Look at the books until they are wrong."""
    while True:
        snapshot = await asyncio.to_thread(judge.sample)
        if snapshot.taken and not snapshot.holds:
            early = ("no deadline fired early",) if snapshot.early else ()
            broken = tuple(name.partition(": ")[0] for name in snapshot.broken)
            return _Objection("snapshot", early + broken)
        await asyncio.sleep(SAMPLE_EVERY_S)


def measure(
    engine: str, names: Sequence[str], seed: int, note: Callable[[Catch], None] = lambda _: None
) -> list[Catch]:
    """Hunt each of them on one ground; each end is told to *note* and to standard error."""
    home = Path(tempfile.mkdtemp(prefix="citygrid-power-"))
    home.chmod(0o711)
    found: list[Catch] = []
    with ground(engine, home / "ground") as stands:
        for name in names:
            found.append(one := hunt(stands, PLANTED[name], seed))
            note(one)
            print(_line(one), file=sys.stderr, flush=True)
    if all(one.as_wanted for one in found):
        shutil.rmtree(home)
    else:
        print(f"the runs are kept in {home / 'ground'}", file=sys.stderr)
    return found


def _line(one: Catch) -> str:
    mark = "✓" if one.as_wanted else "✗"
    told = "; ".join((*one.foreseen, *(set(one.caught_by) - set(one.foreseen))))
    how = f"{one.looking}: {told}" if one.caught_by else "nothing objected"
    return f"{mark} {one.bug}: {one.faults} faults, {one.seconds:.0f} s, {how}"


def as_json(engine: str, found: Sequence[Catch]) -> dict[str, Any]:
    """What is printed at the end."""
    bugs = [one for one in found if one.bug in BUGS]
    return {
        "engine": engine,
        "bugs": len(bugs),
        "caught": sum(one.as_wanted for one in bugs),
        "escaped": [one.bug for one in bugs if not one.as_wanted],
        "false_alarms": [one.bug for one in found if one.bug in CONTROLS and not one.as_wanted],
        "catches": [asdict(one) for one in found],
        "ok": all(one.as_wanted for one in found),
    }


def resumed(engine: str, names: Sequence[str], seed: int, book: Path) -> list[Catch]:
    """The same with a book: what stands in it is not hunted again, so that a hunt can be broken
    off. One book is for one engine and seed."""
    known = {line["bug"]: _caught(line) for line in read_book(book)}
    rest = [name for name in names if name not in known]
    if rest:
        with closing(Book(book)) as writer:
            measure(engine, rest, seed, lambda one: writer.write(asdict(one)))
    found = [_caught(line) for line in read_book(book)]
    return sorted(found, key=lambda one: list(PLANTED).index(one.bug))


def _caught(line: dict[str, Any]) -> Catch:
    checks = tuple(line.pop("caught_by"))
    return Catch(caught_by=checks, **line)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.power", description=__doc__)
    parser.add_argument("bug", nargs="*", default=list(PLANTED), help="all when none is named")
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--book", type=Path, help="note each end there, and go on from there")
    parser.add_argument("--write", type=Path, help="put the table into this document")
    given = parser.parse_args()
    if unknown := sorted(set(given.bug) - PLANTED.keys()):
        parser.error(f"there is no bug {unknown[0]}; there are {', '.join(PLANTED)}")
    if given.book:
        found = resumed(given.engine, given.bug, given.seed, given.book)
    else:
        found = measure(given.engine, given.bug, given.seed)
    if given.write:
        write_table(given.write, given.engine, found)
    told = as_json(given.engine, found)
    print(json.dumps(told, ensure_ascii=False))
    return 0 if told["ok"] else 1


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
