"""What a city has made of the workflow: moves it does without, its own names, its stage clocks.

Only what begins something may be switched off. So a city that stops suspending cases can still
resume those that stand, and no choice of a city makes the workflow unsound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from dispatch.calendar import WorkingCalendar
from dispatch.workflow.clocks import Limits, Stage
from dispatch.workflow.moves import MOVES, Move
from dispatch.working_hours import Period
from grid.naming import Label

OPTIONAL: Final = tuple(move for move, step in MOVES.items() if step.optional)
"""What a city may switch off."""

STAGE_MINUTES: Final[Mapping[str, int]] = {"accept": 15, "check": 30, "dispatch": 15, "verify": 30}
"""How long each stage may take where the city says nothing else; 0 is no clock."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One city's workflow. *photographed* are the moves that must come with a photo."""

    off: frozenset[Move] = frozenset()
    photographed: frozenset[Move] = frozenset()
    names: Mapping[Move, Label] = field(default_factory=dict[Move, Label])
    stages: Limits = field(default_factory=dict[Stage, timedelta])

    @classmethod
    def of(cls, told: Mapping[str, Any] | None) -> Self:
        """What the part ``city`` says under ``workflow``.

        None is a city that was loaded before there were stage clocks: it has none until it is
        loaded again, which is to be done when no process of the release before runs any more.
        """
        if told is None:
            return cls()
        minutes: Mapping[str, float] = told["minutes"]
        return cls(
            off=frozenset(map(Move, told["off"])),
            photographed=frozenset(map(Move, told["photo"])),
            names={Move(move): Label.of(name) for move, name in told["names"].items()},
            stages={
                Stage(f"stage.{name}"): timedelta(minutes=minutes[name])
                for name in STAGE_MINUTES
                if minutes[name] > 0
            },
        )


def _always() -> WorkingCalendar:
    return WorkingCalendar(ZoneInfo(str(UTC)), (), (Period(0, 24 * 60),), {})


@dataclass(frozen=True)
class Terms:
    """What a move is made by: the city's variant of the workflow and its working time.

    Without a city everything is allowed, no stage has a clock, and every hour is worked.
    """

    variant: Variant = Variant()
    calendar: WorkingCalendar = field(default_factory=_always)
