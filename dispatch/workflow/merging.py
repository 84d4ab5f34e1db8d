"""Two cases that are one: what is said in both histories, and when it may not be. Pure.

The case that is merged (并案) becomes void and keeps everything it had; the other goes on for both
and counts the reports of both. Taken out again (撤销并案), the case stands where it stood, with the
deadlines it had. Reports that join a case without ever being one are in `dispatch.matching`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from dispatch.events import Event
from dispatch.workflow.case import Case
from dispatch.workflow.errors import CannotMerge, MergedFurther


@dataclass(frozen=True, slots=True, kw_only=True)
class _WithAnother(Event):
    """What happens between this case and another: its id and the number that people quote."""

    other: int
    number: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedInto(_WithAnother):
    """It is the same incident as another case, which goes on for both."""

    kind: ClassVar[str] = "merged_into"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSeparated(_WithAnother):
    """It is an incident of its own after all; `began` holds its deadlines, due when they were."""

    kind: ClassVar[str] = "separated"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMerged(_WithAnother):
    """Another case was merged into this one, with so many reports."""

    kind: ClassVar[str] = "case_merged"
    reports: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseUnmerged(_WithAnother):
    """A case that had been merged into this one was taken out, with so many reports."""

    kind: ClassVar[str] = "case_unmerged"
    reports: int


class Obstacle(StrEnum):
    """Why two cases cannot be merged: what the other one is."""

    UNKNOWN = "is not there"
    ITSELF = "is the same case"
    ENDED = "has ended"
    SUSPENDED = "is suspended, and its clocks stand"
    LESS_SEVERE = "is less severe: grade it first"


def merged(
    case: Case, other: Case | None, *, told: int, actor: str, reason: str, at: datetime
) -> MergedInto:
    """The case goes on as *other*; CannotMerge says what is in the way.

    *told* is the id that was asked for. Nothing urgent may disappear in what is less so.
    """
    if obstacle := next(_obstacles(case, other), None):
        raise CannotMerge(case.id, told, obstacle)
    number = other.number if other else ""
    return MergedInto(at=at, actor=actor, other=told, number=number, reason=reason)


def _obstacles(case: Case, other: Case | None) -> Iterator[Obstacle]:
    if other is None:
        yield Obstacle.UNKNOWN
        return
    if other.id == case.id:
        yield Obstacle.ITSELF
    if other.state.ended:
        yield Obstacle.ENDED
    if other.suspended_at is not None:
        yield Obstacle.SUSPENDED
    if other.severity > case.severity:
        yield Obstacle.LESS_SEVERE


def separated(
    case: Case, other: Case | None, *, actor: str, reason: str, at: datetime
) -> CaseSeparated:
    """The case stands again that was merged into *other*.

    MergedFurther when that was merged itself: the reports are counted there as well by then, so the
    way back is the way there. CannotMerge when it is another case that it was merged into.
    """
    if other is None or other.id != case.merged_into:
        raise CannotMerge(case.id, case.merged_into or 0, Obstacle.UNKNOWN)
    if other.merged_into is not None:
        raise MergedFurther(other.id, other.merged_into)
    return CaseSeparated(at=at, actor=actor, other=other.id, number=other.number, reason=reason)


def counterpart(event: Event, case: Case) -> Event | None:
    """What the other case's history says when this happened to *case*; None of anything else."""
    match event:
        case MergedInto():
            return _told(CaseMerged, event, case)
        case CaseSeparated():
            return _told(CaseUnmerged, event, case)
        case _:
            return None


def _told(
    kind: type[CaseMerged] | type[CaseUnmerged], event: MergedInto | CaseSeparated, case: Case
) -> Event:
    return kind(
        at=event.at,
        actor=event.actor,
        other=case.id,
        number=case.number,
        reports=case.reports,
        reason=event.reason,
    )
