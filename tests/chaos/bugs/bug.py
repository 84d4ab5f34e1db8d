"""What a seeded bug is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _nothing() -> None:
    """A bug that lives in the database alone changes no process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One wrong that the harness plants and must catch.

    *processes* are the commands that run with it. *provoked_by* are kinds of faults that bring it
    to light, *aimed_at* a pattern of their targets where only some do; without any the load alone
    shows it, after *shows_after_s* or so. *nets* are the safety nets of the product that would
    make good what the bug breaks; they are taken away with it, for a bug that harms nobody cannot
    be seen. *caught_by* are words of the checks of the judge that should object. *apply* patches
    the process in memory; *sql* is executed once on the new database after its migration.
    """

    name: str
    says: str
    processes: tuple[str, ...]
    caught_by: tuple[str, ...]
    provoked_by: tuple[str, ...] = ()
    aimed_at: str = ""
    shows_after_s: float = 12.0
    nets: tuple[str, ...] = ()
    apply: Callable[[], None] = _nothing
    sql: str = ""
