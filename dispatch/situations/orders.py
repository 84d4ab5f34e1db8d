"""What a person may do with a situation: see to it, say that it is none, add to it or take away."""

from __future__ import annotations

from datetime import datetime

from dispatch.situations import changes as c
from dispatch.situations.errors import AlreadyMember, LastMember, NoMember, SituationOver
from dispatch.situations.facts import Fact
from dispatch.situations.situation import Situation, State


def acknowledge(situation: Situation, *, reason: str, by: str, now: datetime) -> c.Change:
    """Somebody sees to a situation that goes on. Raises SituationOver."""
    _refuse_over(situation, "acknowledge")
    return c.SituationAcknowledged(at=now, actor=by, reason=reason)


def dismiss(situation: Situation, *, reason: str, by: str, now: datetime) -> c.Change:
    """Somebody says that a situation, perhaps one that has ended, is none. Raises SituationOver."""
    if situation.state in (State.DISMISSED, State.MERGED):
        raise SituationOver(situation.state, "dismiss")
    return c.SituationDismissed(at=now, actor=by, reason=reason)


def reopen(situation: Situation, *, reason: str, by: str, now: datetime) -> c.Change:
    """Somebody says that a situation that ended or was dismissed goes on. Raises SituationOver."""
    if situation.state not in (State.ENDED, State.DISMISSED):
        raise SituationOver(situation.state, "reopen")
    return c.SituationReopened(at=now, actor=by, reason=reason)


def attach(
    situation: Situation, fact: Fact, *, reason: str, by: str, now: datetime
) -> c.MemberAttached:
    """Somebody adds a case or an alarm. Raises SituationOver and AlreadyMember."""
    _refuse_over(situation, "attach to")
    if fact.key in situation.members:
        raise AlreadyMember(fact.key)
    return c.MemberAttached(at=now, actor=by, facts=(fact,), reason=reason)


def detach(situation: Situation, key: str, *, reason: str, by: str, now: datetime) -> c.Change:
    """Somebody takes a case or an alarm away. Raises SituationOver, NoMember and LastMember."""
    _refuse_over(situation, "detach from")
    if key not in situation.members:
        raise NoMember(key)
    if len(situation.members) == 1:
        raise LastMember(key)
    return c.MemberDetached(at=now, actor=by, key=key, reason=reason)


def _refuse_over(situation: Situation, order: str) -> None:
    if not situation.goes_on:
        raise SituationOver(situation.state, order)
