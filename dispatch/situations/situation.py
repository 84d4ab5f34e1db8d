"""A situation: several cases and alarms that are one thing. What it is follows from its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dispatch.situations import changes as c
from dispatch.situations.facts import Fact, in_order


class State(StrEnum):
    """Where a situation stands; each says how it gets there."""

    OPEN = "open"  # just flagged, or reopened
    GROWING = "growing"  # more came to it (open | stable → growing)
    STABLE = "stable"  # nothing came for a while (open | growing → stable)
    ENDED = "ended"  # nothing came for long (stable → ended)
    DISMISSED = "dismissed"  # a person says that it is none (any but merged → dismissed)
    MERGED = "merged"  # an older one goes on for both (open | growing | stable → merged)


GOING_ON: Final = frozenset({State.OPEN, State.GROWING, State.STABLE})
WAYS: Final = ("rule", "scan")


@dataclass(frozen=True, slots=True)
class Member:
    """A case or alarm of a situation, since when, and by whom."""

    fact: Fact
    joined_at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One situation. *id* is None until it is stored.

    *rules* are all that take it for one, the first that did first; *why* holds the figures of each
    by its name. *members* are by key; *detached* are keys that are never taken in again by rule.
    *zone* are the areas of the hot spot, none where only simple rules found it. *moved_at* is when
    something last came to it. *version* counts its history.
    """

    id: int | None
    family: str
    way: str
    rules: tuple[str, ...]
    why: Mapping[str, Mapping[str, Any]]
    flagged_at: datetime
    moved_at: datetime
    plan: str | None = None
    state: State = State.OPEN
    members: Mapping[str, Member] = field(default_factory=dict[str, Member])
    detached: frozenset[str] = frozenset()
    zone: tuple[str, ...] = ()
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    over_at: datetime | None = None
    reason: str = ""
    merged_into: int | None = None
    version: int = 1

    @property
    def goes_on(self) -> bool:
        """Whether it is neither over, nor dismissed, nor part of another."""
        return self.state in GOING_ON

    @property
    def facts(self) -> list[Fact]:
        """What it is made of, by time."""
        return in_order(member.fact for member in self.members.values())

    @property
    def first_at(self) -> datetime:
        """When the first of it happened."""
        return min(member.fact.at for member in self.members.values())

    @property
    def last_at(self) -> datetime:
        """When the last of it happened."""
        return max(member.fact.at for member in self.members.values())

    @property
    def areas(self) -> tuple[str, ...]:
        """All areas that it touches, of every level."""
        of_members = {area for one in self.members.values() for area in one.fact.areas}
        return tuple(sorted(of_members | set(self.zone)))

    @property
    def departments(self) -> tuple[str, ...]:
        """Departments that answered for a case of it when that joined."""
        found = {one.fact.department for one in self.members.values()}
        return tuple(sorted(one for one in found if one is not None))


def flag(change: c.SituationFlagged) -> Situation:
    """The situation that begins with being flagged."""
    return Situation(
        id=None,
        family=change.family,
        way=change.way,
        rules=(change.rule,),
        why={change.rule: change.why},
        flagged_at=change.at,
        moved_at=change.at,
        plan=change.plan,
        members=_joined({}, change.facts, change),
        zone=change.zone,
    )


def evolve(situation: Situation | None, change: c.Change) -> Situation:
    """The situation after a change; only a flagged one begins with None."""
    if situation is None:
        if not isinstance(change, c.SituationFlagged):
            raise TypeError(f"a history begins with flagged, not {change.kind}")
        return flag(change)
    after = _after(situation, change)
    return replace(after, version=situation.version + 1)


def fold(history: Iterable[c.Change]) -> Situation:
    """The situation that a history makes; ValueError for an empty one."""
    situation: Situation | None = None
    for change in history:
        situation = evolve(situation, change)
    if situation is None:
        raise ValueError("a situation has a history")
    return situation


def _after(one: Situation, change: c.Change) -> Situation:
    match change:
        case c.SituationGrown():
            return _grown(one, change.facts, change, change.zone)
        case c.SituationAbsorbed():
            return _grown(one, change.facts, change, change.zone)
        case c.SituationSupported():
            return _supported(one, change)
        case c.SituationSteadied():
            return replace(one, state=State.STABLE)
        case c.SituationEnded():
            return replace(one, state=State.ENDED, over_at=change.at)
        case c.SituationReopened():
            again = _grown(one, change.facts, change, ())
            return replace(again, state=State.OPEN, over_at=None, reason="", moved_at=change.at)
        case c.SituationMerged():
            return replace(one, state=State.MERGED, over_at=change.at, merged_into=change.other)
        case _:
            return _after_order(one, change)


def _after_order(one: Situation, change: c.Change) -> Situation:
    """After what a person ordered."""
    match change:
        case c.SituationAcknowledged():
            return replace(one, acknowledged_at=change.at, acknowledged_by=change.actor)
        case c.SituationDismissed():
            over = {"over_at": change.at, "reason": change.reason}
            return replace(one, state=State.DISMISSED, **over)
        case c.MemberAttached():
            keys = {fact.key for fact in change.facts}
            members = _joined(one.members, change.facts, change)
            return replace(one, members=members, detached=one.detached - keys)
        case c.MemberDetached():
            members = {key: of for key, of in one.members.items() if key != change.key}
            return replace(one, members=members, detached=one.detached | {change.key})
        case _:
            raise TypeError(f"nothing follows from {change.kind}")


def _grown(
    one: Situation, facts: Iterable[Fact], change: c.Change, zone: tuple[str, ...]
) -> Situation:
    return replace(
        one,
        state=State.GROWING,
        members=_joined(one.members, facts, change),
        zone=_both(one.zone, zone),
        moved_at=change.at,
    )


def _supported(one: Situation, change: c.SituationSupported) -> Situation:
    return replace(
        one,
        rules=_both(one.rules, (change.rule,)),
        why={**one.why, change.rule: change.why},
        plan=one.plan or change.plan,
        zone=_both(one.zone, change.zone),
    )


def _joined(
    members: Mapping[str, Member], facts: Iterable[Fact], change: c.Change
) -> dict[str, Member]:
    """The members with more; whoever is one already stays as it joined."""
    more = {fact.key: Member(fact, change.at, change.actor) for fact in in_order(facts)}
    return {**more, **members}


def _both(these: tuple[str, ...], those: tuple[str, ...]) -> tuple[str, ...]:
    """All of both, each once, in their order."""
    return tuple(dict.fromkeys((*these, *those)))
