"""Whether the database's clock may be believed: it is held against one that nobody can set.

The other clock counts the seconds since a machine was started. It says nothing about the date, but
knows how much time has passed between two readings; an anchor is the last pair of both that fitted.
Nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

TOLERANCE_S: Final = 5.0
"""A difference of more than this is a jump."""

FARTHEST_S: Final = 3600.0
"""A machine without an anchor believes a clock that is at most so far ahead of what is known.

Long enough for a server to start anew, shorter than any error of a zone.
"""

_GIVES_WAY: Final = 0.001
"""Seconds per second by which an anchor follows a clock that runs faster or slower.

Ten times what two honest oscillators differ by. So a step of four seconds is remembered for an
hour, and two of them are a jump.
"""


class Trust(StrEnum):
    """Whether deadlines may be judged by the database's clock."""

    TRUSTED = "trusted"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Reading:
    """The database's clock, read on *machine* between *before_s* and *after_s* since its start."""

    machine: str
    before_s: float
    after_s: float
    database_at: datetime

    @property
    def middle_s(self) -> float:
        """The best guess at when it was read."""
        return (self.before_s + self.after_s) / 2


@dataclass(frozen=True, slots=True)
class Anchor:
    """It was *database_at* when a machine had run for *boottime_s*."""

    boottime_s: float
    database_at: datetime

    def expected_at(self, boottime_s: float) -> datetime:
        """What the database's clock should say when the machine has run for so long."""
        return self.database_at + timedelta(seconds=boottime_s - self.boottime_s)


@dataclass(frozen=True, slots=True)
class Known:
    """What stands in the database about its clock, as one machine sees it.

    *anchor* is that of the machine, None before its first reading. *latest_at* is the latest time
    that any machine found right; when none did, the time at which a person said so, else that of
    the newest report; None when there is nothing. *drift_s* and *decided_by*, a machine or a
    person, belong to *trust*.
    """

    trust: Trust
    drift_s: float
    decided_by: str
    anchor: Anchor | None
    latest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known after a reading: *anchor* None leaves that of the machine as it is."""

    trust: Trust
    drift_s: float
    anchor: Anchor | None = None


def may_judge(known: Known, reading: Reading) -> bool:
    """Whether a deadline that has passed by this reading has passed indeed."""
    if known.trust is Trust.FROZEN or known.anchor is None:
        return False
    least, most = _drift(known.anchor, reading)
    return least >= -TOLERANCE_S and most <= TOLERANCE_S


def judge(known: Known, reading: Reading) -> Judgement:
    """What the reading says about the clock.

    Who froze releases: what one machine saw cannot be denied by another. A reading that took so
    long that it may be right and may be wrong changes nothing.
    """
    if known.anchor is None:
        return _judge_first(known, reading)
    least, most = _drift(known.anchor, reading)
    drift_s = (least + most) / 2
    if least > TOLERANCE_S or most < -TOLERANCE_S:
        return Judgement(Trust.FROZEN, drift_s)
    if least < -TOLERANCE_S or most > TOLERANCE_S:
        return Judgement(known.trust, known.drift_s)
    if known.trust is Trust.FROZEN and known.decided_by != reading.machine:
        return Judgement(Trust.FROZEN, known.drift_s)
    return Judgement(Trust.TRUSTED, drift_s, _followed(known.anchor, reading))


def _judge_first(known: Known, reading: Reading) -> Judgement:
    """A machine that was just started, or is new, has only what stands in the database.

    Time does not go back, and nobody vouches for a clock that is far ahead of everything that is
    known. What this machine has frozen so it can release; another's freeze of a clock that was
    ahead it cannot, and nobody but a person can when all machines were started anew.
    """
    ahead_s = (reading.database_at - known.latest_at).total_seconds() if known.latest_at else 0.0
    if not -TOLERANCE_S <= ahead_s <= FARTHEST_S:
        return Judgement(Trust.FROZEN, ahead_s)
    is_own = known.decided_by == reading.machine
    if known.trust is Trust.FROZEN and known.drift_s > 0 and not is_own:
        return Judgement(Trust.FROZEN, known.drift_s)
    return Judgement(Trust.TRUSTED, 0.0, Anchor(reading.middle_s, reading.database_at))


def _drift(anchor: Anchor, reading: Reading) -> tuple[float, float]:
    """By how many seconds the database's clock is ahead, at least and at most."""
    least = reading.database_at - anchor.expected_at(reading.after_s)
    most = reading.database_at - anchor.expected_at(reading.before_s)
    return least.total_seconds(), most.total_seconds()


def _followed(anchor: Anchor, reading: Reading) -> Anchor:
    expected_at = anchor.expected_at(reading.middle_s)
    off_s = (reading.database_at - expected_at).total_seconds()
    most_s = _GIVES_WAY * max(0.0, reading.middle_s - anchor.boottime_s)
    step = timedelta(seconds=min(max(off_s, -most_s), most_s))
    return Anchor(reading.middle_s, expected_at + step)
