"""Asked to stop, a run tidies up: it leaves by its own ``finally``, as with Ctrl-C."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


def end_tidily() -> None:
    """From now on both signals end the program by SystemExit, with the exit code of a shell."""
    for number in SIGNALS:
        signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    for again in SIGNALS:
        signal.signal(again, signal.SIG_IGN)  # tidying up is not broken off by asking twice
    sys.exit(128 + number)
