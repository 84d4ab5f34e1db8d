"""The steps of a release: drafted, compared, approved, ordered to come into force."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from grid.versions.changes import Comparison, Kind
from grid.versions.errors import AlreadyApproved, CodesUsedAgain, NotApproved, NotCompared, TooSoon

LEAD: Final = timedelta(seconds=5)
"""The least time between an order and the switch."""


class Stage(StrEnum):
    """How far a release has come."""

    DRAFTED = "drafted"
    COMPARED = "compared"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Release:
    """A drafted version. *comparison* is what `summary_of` gives, against version *base*."""

    version: int
    note: str
    drafted_by: str
    drafted_at: datetime
    base: int | None = None
    comparison: Mapping[str, Any] | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None

    @property
    def stage(self) -> Stage:
        """How far it has come."""
        if self.approved_by is not None:
            return Stage.APPROVED
        return Stage.DRAFTED if self.comparison is None else Stage.COMPARED


@dataclass(frozen=True, slots=True)
class Reign:
    """A version in force from a moment on; *active_until* is None when nothing follows."""

    version: int
    active_from: datetime
    active_until: datetime | None


def summary_of(comparison: Comparison) -> dict[str, Any]:
    """What is kept of a comparison: its sums, and the codes that stand for other ground."""
    relocated = [change.after[0] for change in comparison.of(Kind.RELOCATED)]
    return comparison.as_dict() | {Kind.RELOCATED.value: relocated}


def check_approval(release: Release, active: int) -> None:
    """Refuse a release that nobody can answer for while version *active* is in force.

    Raises AlreadyApproved, NotCompared (with *active*), CodesUsedAgain.
    """
    if release.approved_by is not None:
        raise AlreadyApproved(release.version, release.approved_by)
    if release.comparison is None or release.base != active:
        raise NotCompared(release.version, release.base, active)
    if used_again := release.comparison.get(Kind.RELOCATED.value):
        raise CodesUsedAgain(release.version, used_again)


def check_activation(
    release: Release, *, active: int, was_in_force: bool, active_from: datetime, now: datetime
) -> None:
    """Refuse an order for what is not approved, not as it was compared, or too near.

    *active* is the version in force at *active_from* without the order. A release that was in
    force before may come back whatever follows it. Raises NotApproved, NotCompared, TooSoon.
    """
    if release.stage is not Stage.APPROVED:
        raise NotApproved(release.version)
    if release.base != active and not was_in_force:
        raise NotCompared(release.version, release.base, active)
    check_lead(active_from, now)


def check_lead(active_from: datetime, now: datetime) -> None:
    """Refuse a moment that leaves no time to get ready. Raises TooSoon."""
    if active_from < now + LEAD:
        raise TooSoon(active_from, now + LEAD)
