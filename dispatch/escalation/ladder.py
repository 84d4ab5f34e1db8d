"""Ladders as a city writes them: which cases they are for, their steps, and the quiet hours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from dispatch.deadlines import EVERY_CATEGORY
from dispatch.escalation.errors import BrokenStep
from dispatch.workflow.case import Case
from grid.naming import Label, Row
from grid.patrol.shift import Shift

MOST_PERCENT: Final = 1000
MOST_MINUTES: Final = 43_200
_SHARE: Final = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,2})?) ?%")
_WAIT: Final = re.compile(r"([0-9]{1,5}) min not (taken|accepted)")
_WEEK: Final = frozenset(range(1, 8))


class Cause(StrEnum):
    """What a step is counted by."""

    LIMIT = "limit"
    TAKEN = "taken"
    ACCEPTED = "accepted"


class Told(StrEnum):
    """Who can be told: a role within reach of the case, or whoever is on duty for its cell."""

    HANDLER = "handler"
    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    COMMANDER = "commander"
    ON_DUTY = "on_duty"


@dataclass(frozen=True, slots=True)
class At:
    """When a step is reached: a *share* of the limit, or a *wait* for what the cause names."""

    cause: Cause
    share: float = 0.0
    wait: timedelta = timedelta(0)

    @classmethod
    def of(cls, text: str) -> Self:
        """The moment written ``80%`` or ``15 min not taken``; BrokenStep when it is neither.

        >>> At.of("150%").share, At.of("10 min not accepted").cause.value
        (1.5, 'accepted')
        """
        if found := _SHARE.fullmatch(text):
            percent = float(found[1])
            if not 0 < percent <= MOST_PERCENT:
                raise BrokenStep(text, f"more than 0 and at most {MOST_PERCENT} per cent")
            return cls(Cause.LIMIT, share=percent / 100)
        if found := _WAIT.fullmatch(text):
            minutes = int(found[1])
            if not 0 < minutes <= MOST_MINUTES:
                raise BrokenStep(text, f"from 1 to {MOST_MINUTES} minutes")
            return cls(Cause(found[2]), wait=timedelta(minutes=minutes))
        raise BrokenStep(text, "write it like 80%, 15 min not taken or 15 min not accepted")

    @property
    def name(self) -> str:
        """The one way to write it; by this name it stands in histories."""
        if self.cause is Cause.LIMIT:
            return f"{round(self.share * 100, 2):g}%"
        return f"{self.wait // timedelta(minutes=1)} min not {self.cause}"


@dataclass(frozen=True, slots=True)
class Supervision:
    """A supervision order that a step gives, to be followed *within* a time, if that is said."""

    reason: Label
    within: timedelta | None

    @classmethod
    def of(cls, row: Row) -> Self:
        """As a step of the part ``escalation`` writes it."""
        minutes = row["minutes"]
        return cls(Label.of(row["reason"]), timedelta(minutes=minutes) if minutes else None)


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: at which moment who is told over which channels, and what is ordered then.

    *take_over* is a department that gets the case. It is told again after *repeat*, until somebody
    acknowledges it or it was told *most* times.
    """

    at: At
    tell: tuple[str, ...]
    by: tuple[str, ...]
    supervision: Supervision | None = None
    take_over: str | None = None
    repeat: timedelta | None = None
    most: int = 1

    @classmethod
    def of(cls, row: Row) -> Self:
        """One step as the part ``escalation`` writes it."""
        repeat = row["repeat_minutes"]
        return cls(
            At.of(row["at"]),
            tuple(row["tell"]),
            tuple(row["by"]),
            Supervision.of(row["supervision"]) if row["supervision"] else None,
            row["take_over"],
            timedelta(minutes=repeat) if repeat else None,
            row["most"],
        )

    @property
    def name(self) -> str:
        """How it is called in histories."""
        return self.at.name


@dataclass(frozen=True, slots=True)
class Ladder:
    """Steps for the cases of a category (a code, its beginning, ``*``), severities and an area.

    No *severities* means all, no *area* the whole city. *row* is its number in the city pack.
    """

    row: int
    name: str
    category: str
    severities: frozenset[int]
    area: str | None
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, row: Row) -> Self:
        """One ladder as the part ``escalation`` writes it."""
        return cls(
            row["row"],
            row["name"],
            row["category"],
            frozenset(row["severity"]),
            row["area"] or None,
            tuple(map(Step.of, row["steps"])),
        )

    def is_for(self, case: Case) -> bool:
        """Whether the case climbs this one, if none before it is for it."""
        return (
            (self.category == EVERY_CATEGORY or case.category.startswith(self.category))
            and (not self.severities or case.severity in self.severities)
            and (self.area is None or self.area in case.areas)
        )


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours in which nobody is told, each day by the clocks of the city.

    Cases of the severities *through* are told of all the same. The hours hold their first instant
    and not their last.
    """

    hours: Shift
    through: frozenset[int]
    zone: ZoneInfo

    @classmethod
    def of(cls, row: Row, zone: ZoneInfo) -> Self:
        """As the part ``escalation`` writes them; they come back daily as a shift does."""
        daily = {"row": 0, "grid": "", "person": "", "weekdays": _WEEK}
        return cls(Shift.of({**daily, **row}), frozenset(row["through"]), zone)

    def over(self, at: datetime, severity: int) -> datetime:
        """The first moment from *at* on at which people may be told."""
        hours = None if severity in self.through else self.hours.stretch_at(at, self.zone)
        return hours.until if hours else at


@dataclass(frozen=True, slots=True)
class Ladders:
    """All ladders of a city, in order: the first one that is for a case is the one it climbs."""

    ladders: tuple[Ladder, ...] = ()
    quiet: Quiet | None = None

    @classmethod
    def of(cls, part: Mapping[str, Any], zone: ZoneInfo) -> Self:
        """The ladders of the part ``escalation`` of a city pack."""
        rows: Sequence[Row] = part["ladders"]
        quiet = part["quiet"]
        return cls(tuple(map(Ladder.of, rows)), Quiet.of(quiet, zone) if quiet else None)

    def find(self, case: Case) -> Ladder | None:
        """The ladder of a case, None when the city escalates none such."""
        return next((one for one in self.ladders if one.is_for(case)), None)

    def open(self, at: datetime, severity: int) -> datetime:
        """The first moment from *at* on that lies in no quiet hours."""
        return self.quiet.over(at, severity) if self.quiet else at
