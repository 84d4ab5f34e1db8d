"""Ends a process whose stream stands still: work is waiting and nothing moves.

Some stalls of a Faust worker cannot be seen from inside its loop, so a thread looks from outside
and ends the process; whoever supervises it starts it again, and the log redelivers.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

_log: Final = structlog.stdlib.get_logger(__name__)


class Watched(Protocol):
    """A stream as the watchdog sees it; read from another thread."""

    @property
    def name(self) -> str:
        """What it is called in the log."""
        ...

    @property
    def turns(self) -> int:
        """A number that grows whenever a batch is attempted."""
        ...

    def lag(self) -> int:
        """How many records are waiting; 0 when that is not known."""
        ...


@dataclass
class Stall:
    """Judges from a row of looks whether a stream stands still."""

    limit_s: float
    turns: int = -1
    since_s: float = 0.0

    def seen(self, *, lag: int, turns: int, now_s: float) -> bool:
        """True when for *limit_s* records have been waiting and no batch was attempted."""
        if lag == 0 or turns != self.turns:
            self.turns, self.since_s = turns, now_s
        return now_s - self.since_s >= self.limit_s


class Watchdog(threading.Thread):
    """Looks at every one of *watched* until `rest`; ends the process when one stands still."""

    def __init__(
        self,
        watched: Sequence[Watched],
        *,
        limit_s: float = 60.0,
        end_process: Callable[[int], object] = os._exit,
    ) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._watched = [(stream, Stall(limit_s)) for stream in watched]
        self._limit_s, self._end_process = limit_s, end_process
        self._resting = threading.Event()

    def run(self) -> None:
        """Look ten times per limit."""
        while not self._resting.wait(self._limit_s / 10):
            for stream, stall in self._watched:
                lag = stream.lag()
                if stall.seen(lag=lag, turns=stream.turns, now_s=time.monotonic()):
                    _log.critical("stream stands still", stream=stream.name, lag=lag)
                    self._end_process(1)
                    return

    def rest(self) -> None:
        """Stop looking."""
        self._resting.set()
