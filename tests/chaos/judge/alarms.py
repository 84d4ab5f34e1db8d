"""Alarms: what the sensors measured beyond a threshold became a report, once per window."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from tests.chaos.judge.books import Line
from tests.chaos.judge.trial import Checks, Problems, Trial

_LOSES_SAMPLES: Final = ("broker-destroyed", "broker-truncated")
BEHIND_S: Final = 30.0
"""Who reads the log may be so far behind; what is younger is lost with it."""


def missing(trial: Trial) -> Problems:
    """Windows that the sensors know to have crossed a threshold, without an alarm."""
    raised = {row.key for row in trial.facts.reports if row.channel == "sensor"}
    for window in sorted(set(_demanded(trial))):
        if key_of(window) not in raised:
            yield f"{window} crossed its threshold and became no alarm"


def invented(trial: Trial) -> Problems:
    """Alarms of windows in which nothing was measured beyond a threshold."""
    crossed = {
        (f"sensor:{window.split('|')[1]}", key_of(window))
        for line in trial.books.sensors
        for window in line["over"]
    }
    for row in trial.facts.reports:
        if row.channel == "sensor" and not row.replayed and row.name not in crossed:
            yield f"alarm {row.name} is of no window that crossed its threshold"


def refused(trial: Trial) -> Problems:
    """Batches that were not taken, or of which not exactly the bad samples were refused."""
    answered = {line["key"] for line in trial.books.sensors if line["status"] is not None}
    for line in trial.books.sensors:
        if line["key"] not in answered:
            yield f"batch {line['key']} was never taken"
        elif line["status"] not in (None, 202):
            yield f"batch {line['key']} was answered {line['status']}"
        elif line["refused"] not in (None, line["bad"]):
            yield f"of batch {line['key']} {line['refused']} samples were refused"


def key_of(window: str) -> str:
    """The key of the alarm of a window, ``device|rule|start``."""
    return hashlib.sha256(window.encode()).hexdigest()


def _demanded(trial: Trial) -> Iterator[str]:
    """Windows of acknowledged samples that no loss of the log can have taken.

    Samples are the one thing that is only in the log: with the log they may be lost.
    """
    losses = [line["t"] for line in trial.books.faults if line["kind"] in _LOSES_SAMPLES]
    for line in trial.books.sensors:
        if line["status"] == 202 and not _may_be_lost(line, losses):
            yield from line["over"]


def _may_be_lost(line: Line, losses: list[float]) -> bool:
    return any(-1.0 <= loss - line["t"] <= BEHIND_S for loss in losses)


CHECKS: Final[Checks] = {
    "every window that crossed a threshold became an alarm": missing,
    "no alarm was invented": invented,
    "every batch of samples was taken in the end": refused,
}
