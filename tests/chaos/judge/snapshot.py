"""One look at the books while everything goes on: every equation in one snapshot."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import psycopg
from psycopg import Connection

from tests.chaos.judge.equations import EQUATIONS, QUERY

_OPTIONS: Final = (
    "-c statement_timeout=20s -c lock_timeout=5s -c timezone=UTC "
    "-c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on"
)
_EARLY: Final = """
    SELECT d.case_id, d.kind, extract(epoch FROM d.due_at)::float8
      FROM deadline d
     WHERE d.state = 'fired'
       AND d.due_at > to_timestamp(%s)
"""
_UNDECIDED: Final = "SELECT id FROM inbox WHERE state = 'accepted'"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one look showed; *taken* is False when the database gave none, which proves nothing.

    *t* is unix seconds by the clock of the harness. *early* are deadlines that had fired although
    their time had not come by that clock. *undecided* are the ids of accepted reports.
    """

    t: float
    taken: bool
    problem: str = ""
    equations: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    early: tuple[str, ...] = ()
    undecided: tuple[int, ...] = ()

    @property
    def broken(self) -> list[str]:
        """The equations that do not hold, with their sides."""
        return [
            f"{name}: {left} ≠ {right}"
            for name, (left, right) in self.equations.items()
            if left != right
        ]

    @property
    def holds(self) -> bool:
        """Whether it was taken and all is as it must be."""
        return self.taken and not self.broken and not self.early

    def as_line(self) -> dict[str, Any]:
        """For ``samples.jsonl``."""
        told = {**asdict(self), "broken": self.broken}
        return {**told, "undecided": len(self.undecided)}


class Sampler:
    """Takes snapshots over one connection, made again when it was lost."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._conn: Connection | None = None

    def take(self) -> Snapshot:
        """A snapshot of now; one that could not be taken says why."""
        began_at = time.time()
        try:
            conn = self._connection()
            with conn.transaction():
                return _look(conn)
        except psycopg.Error as err:
            self.close()
            problem = next(iter(str(err).strip().splitlines()), type(err).__name__)
            return Snapshot(began_at, taken=False, problem=problem)

    def close(self) -> None:
        """Let the connection go."""
        if self._conn is not None:
            with suppress(psycopg.Error):
                self._conn.close()
            self._conn = None

    def _connection(self) -> Connection:
        if self._conn is None or self._conn.closed:
            self._conn = connect(self._url)
        return self._conn


def connect(url: str) -> Connection:
    """A connection whose transactions are read-only snapshots. Raises psycopg.Error."""
    return psycopg.connect(
        url, autocommit=True, connect_timeout=2, options=_OPTIONS, application_name="judge"
    )


def _look(conn: Connection) -> Snapshot:
    sides = conn.execute(QUERY).fetchone() or ()
    # After the first statement, so after the moment the snapshot shows.
    now = time.time()
    early = conn.execute(_EARLY, [now]).fetchall()
    undecided = conn.execute(_UNDECIDED).fetchall()
    pairs = zip(sides[::2], sides[1::2], strict=True)
    return Snapshot(
        t=now,
        taken=True,
        equations=dict(zip(EQUATIONS, pairs, strict=True)),
        early=tuple(
            f"case {case_id} {kind}: {due - now:.1f} s before" for case_id, kind, due in early
        ),
        undecided=tuple(report_id for (report_id,) in undecided),
    )
