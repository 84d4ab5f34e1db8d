"""What is borne of a device: how old, how far ahead, how many, and from where its samples come.

The settings say it for the whole installation, the table ``[samples]`` of the city pack for a city
and for some of its devices. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final, Self

from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one device.

    *oldest* and *ahead* bound the time of a sample by the clock here. *per_minute* samples are
    borne for long, and what an hour brings at once: that is what comes after an outage.
    A stated position may be *moved_m* metres from the registered one. *stuck* is how long a value
    may stay the same before that is counted; zero: for ever.
    """

    oldest: timedelta = timedelta(hours=72)
    ahead: timedelta = timedelta(minutes=5)
    per_minute: int = 600
    moved_m: float = 200.0
    stuck: timedelta = timedelta(0)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the installation has them."""
        return cls(
            oldest=settings.samples_oldest,
            ahead=settings.samples_ahead,
            per_minute=settings.samples_per_minute,
        )

    def changed(self, told: Mapping[str, Any]) -> Limits:
        """These, with what a table of the pack says otherwise; spans are seconds there."""
        spans = {
            name: timedelta(seconds=told[f"{name}_s"]) for name in SPANS if f"{name}_s" in told
        }
        return replace(self, **spans, **{name: told[name] for name in NUMBERS if name in told})


SPANS: Final = ("oldest", "ahead", "stuck")
NUMBERS: Final = ("per_minute", "moved_m")


class LimitsByDevice:
    """The limits of every device of a city."""

    def __init__(self, usual: Limits, told: Mapping[str, Any] | None = None) -> None:
        self.usual = usual.changed(told or {})
        special: Sequence[Mapping[str, Any]] = (told or {}).get("devices", ())
        self._special = [(one["devices"], self.usual.changed(one)) for one in special]
        self._found: dict[str, Limits] = {}

    def find(self, device: str) -> Limits:
        """Those of a device of the city: of the first pattern that fits, else the usual ones."""
        if device not in self._found:
            fitting = (limits for pattern, limits in self._special if fnmatchcase(device, pattern))
            self._found[device] = next(fitting, self.usual)
        return self._found[device]


def burst(per_minute: int) -> float:
    """How many samples are borne at once."""
    return per_minute * 60.0


@dataclass(slots=True)
class Pace:
    """How many samples of one device are borne now: a bucket of an hour that fills by the clock."""

    left: float
    at: datetime

    def may(self, now: datetime, per_minute: int) -> bool:
        """Whether one more is borne; takes it then."""
        passed_s = max(0.0, (now - self.at).total_seconds())
        self.left = min(burst(per_minute), self.left + passed_s * per_minute / 60)
        self.at = max(now, self.at)
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass(slots=True)
class Still:
    """Since when, by its own times, a device says the same."""

    value: float
    since: datetime
    until: datetime

    def is_stuck(self, value: float, at: datetime, bound: timedelta) -> bool:
        """Whether this sample says, longer than *bound*, what those before it said.

        A sample that is older than what is known neither begins nor ends anything.
        """
        if at < self.since:
            return False
        if value != self.value:
            if at >= self.until:
                self.value, self.since, self.until = value, at, at
            return False
        self.until = max(self.until, at)
        return bool(bound) and at - self.since > bound
