"""The judge: looks at the books while a run goes on, and says at the end whether all was right.

Imports nothing of the product. What it knows of the database it knows by SQL of its own, and how
a history is hashed it knows from the documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from tests.chaos.clients.books import Book
from tests.chaos.judge import alarms, cases, deadlines, effects, reports, running
from tests.chaos.judge.books import read_books
from tests.chaos.judge.facts import read_facts
from tests.chaos.judge.snapshot import Sampler, Snapshot, connect
from tests.chaos.judge.trial import Check, Checks, Problems, Trial, judged

CHECKS: Final[Checks] = {
    **reports.CHECKS,
    **cases.CHECKS,
    **deadlines.CHECKS,
    **effects.CHECKS,
    **alarms.CHECKS,
    **running.CHECKS,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge found. *figures* count it: lost, doubled, snapshots …"""

    checks: list[Check]
    figures: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)

    @property
    def broken(self) -> list[Check]:
        """The checks that do not."""
        return [check for check in self.checks if not check.holds]


class Judge:
    """Judges one run: its database, reached past all faults of the network, and its folder."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self._url, self._folder = database_url, folder
        self._sampler = Sampler(database_url)
        self._book = Book(folder / "samples.jsonl")
        self._snapshots: list[Snapshot] = []
        self._first_seen: dict[int, float] = {}

    def sample(self) -> Snapshot:
        """Look once, and write down what was seen. Blocks for as long as the database takes."""
        snapshot = self._sampler.take()
        self._snapshots.append(snapshot)
        self._book.write(snapshot.as_line())
        if snapshot.taken:
            seen = self._first_seen
            self._first_seen = {one: seen.get(one, snapshot.t) for one in snapshot.undecided}
        return snapshot

    def close(self) -> None:
        """Let the database and the book of samples go."""
        self._sampler.close()
        self._book.close()

    def awaits_alarms(self) -> bool:
        """Whether there are samples whose alarms may be on their way: the log holds them a while.

        True also when the database cannot be asked.
        """
        try:
            with connect(self._url) as conn:
                facts = read_facts(conn)
        except psycopg.Error:
            return True
        trial = Trial(facts, read_books(self._folder), 0.0, [], {})
        return any(alarms.missing(trial))

    def verdict(self, now: float) -> Verdict:
        """Judge the whole run, once the clients have written their books and all is quiet.

        *now* is unix seconds by the clock of the harness. Raises psycopg.Error when the database
        cannot be read.
        """
        self.close()
        with connect(self._url) as conn:
            facts = read_facts(conn)
        trial = Trial(facts, read_books(self._folder), now, self._snapshots, self._first_seen)
        checks = [judged(name, check(trial)) for name, check in CHECKS.items()]
        return Verdict(checks, figures(trial))


def figures(trial: Trial) -> dict[str, int]:
    """What only books and database together can tell, in numbers."""
    snapshots = trial.snapshots
    return {
        "lost": _count(reports.lost(trial)),
        "doubled": _count(reports.doubled(trial)) + _count(reports.outcomes(trial)),
        "effects_missing": _count(effects.received(trial)),
        "effects_unknown": _count(effects.unknown(trial)),
        "alarms": sum(row.channel == "sensor" for row in trial.facts.reports),
        "deadlines_fired": sum(one.state == "fired" for one in trial.facts.deadlines),
        "snapshots_true": sum(snapshot.holds for snapshot in snapshots),
        "snapshots_wrong": sum(snapshot.taken and not snapshot.holds for snapshot in snapshots),
        "snapshots_not_taken": sum(not snapshot.taken for snapshot in snapshots),
    }


def _count(problems: Problems) -> int:
    return sum(1 for _ in problems)
