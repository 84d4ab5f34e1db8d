"""The clock of a private PostgreSQL, to be moved while the server runs (libfaketime).

Only the server's idea of the date moves. Its monotonic clock, and every clock of everybody else,
stay what they are; so whoever judges a run has time that was never disturbed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

_LIBRARY: Final = "faketime/libfaketime.so.1"
_SHARED: Final = Path("/dev/shm")


class NoFaketime(Exception):
    """The library that moves clocks is not installed."""

    def __init__(self) -> None:
        super().__init__("libfaketime is not here; as root: apt-get install faketime")


class MovableClock:
    """The clock of the PostgreSQL in one home folder; it stays where it is put over restarts."""

    def __init__(self, home: Path) -> None:
        """Takes effect when the server is started the next time. Raises NoFaketime."""
        self._offset = home / "clock.offset"
        self._environment = home / "postgres.environment"
        self._before = set(_left_behind())
        self.set_right()
        variables = {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self._environment.write_text(
            "".join(f"{name}={value}\n" for name, value in variables.items())
        )

    def move(self, by: timedelta) -> None:
        """Put the clock so far from what is right, at once and for every backend."""
        draft = self._offset.with_suffix(".new")
        draft.write_text(f"{by.total_seconds():+.3f}\n")
        draft.chmod(0o644)
        draft.replace(self._offset)

    def set_right(self) -> None:
        """Undo every move."""
        self.move(timedelta(0))

    def sweep(self) -> None:
        """Remove what the library leaves in shared memory when its process is killed."""
        for path in set(_left_behind()) - self._before:
            path.unlink(missing_ok=True)


@contextmanager
def movable_clock(home: Path) -> Generator[MovableClock]:
    """A clock that can be moved, for a PostgreSQL that is started and stopped within the block."""
    clock = MovableClock(home)
    try:
        yield clock
    finally:
        clock.sweep()


def _library() -> Path:
    found = sorted(Path("/usr/lib").glob(f"*/{_LIBRARY}"))
    if not found:
        raise NoFaketime
    return found[0]


def _left_behind() -> Iterator[Path]:
    yield from _SHARED.glob("*faketime_*")
