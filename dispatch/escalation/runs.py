"""How much time was used up of what a step is counted by, and when a step is reached. Pure.

A *run* is a milestone of the limit, which counts as its unit does, or a wait for somebody to take
or accept the case, which counts every minute. Its *stretches* are when it ran, and who had the
case: where departments keep a working time of their own, each stretch counts by that of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dispatch.escalation.ladder import At, Cause
from dispatch.workflow.clocks import Counting

_NOTHING: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From *begin* up to *end*, None while it goes on, in the hands of *by*; None is nobody.

    *worth* is what an hour of their working time is in hours of whoever has the case now.
    """

    begin: datetime
    end: datetime | None = None
    by: str | None = None
    worth: float = 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """One thing that time is counted for; *since* is the number of the event that began it.

    *limit* is how much of its own time a milestone has, and *due_at* when that is used up if
    nothing comes between; a wait has neither. What is *over* is reached no more.
    """

    kind: str
    since: int
    stretches: tuple[Stretch, ...]
    cause: Cause = Cause.LIMIT
    limit: timedelta = _NOTHING
    due_at: datetime | None = None
    over: bool = False

    def stopped(self, at: datetime, *, over: bool = False) -> Run:
        """As it is when it stands, or is over, from *at* on."""
        return replace(self, stretches=stopped(self.stretches, at), over=over or self.over)

    def gone_on(self, at: datetime, by: str | None) -> Run:
        """As it is when it runs again, in the hands of *by*; one that runs goes on."""
        return self if self.over else replace(self, stretches=gone_on(self.stretches, at, by))

    def taken_up(self) -> Run:
        """As if nobody had said that it is over: the time since then counts as well."""
        last = replace(self.stretches[-1], end=None)
        return replace(self, stretches=(*self.stretches[:-1], last), over=False)

    def due(self, due_at: datetime, counting: Counting) -> Run:
        """As it is when it is due then: its limit is all of its own time up to that moment."""
        limit = _used_by(self.kind, self.stretches, due_at, counting)
        return replace(self, limit=limit, due_at=due_at)

    def handed_on(
        self, at: datetime, by: str | None, due_at: datetime | None, counting: Counting
    ) -> Run:
        """As it is in other hands from *at* on, due then or when it was; None is nobody's.

        As large a part of it is used up as before. What is left is counted by the working time of
        the others, and what an hour of before was worth follows from that.
        """
        last = self.stretches[-1]
        if self.due_at is None or last.end is not None:
            return self
        due_at = due_at or self.due_at
        before = counting.kept_by(last.by).between(self.kind, at, self.due_at)
        after = counting.kept_by(by).between(self.kind, at, due_at)
        worth = after / before if min(before, after) > _NOTHING else 1.0
        gone = [replace(one, worth=one.worth * worth) for one in stopped(self.stretches, at)]
        return replace(self, stretches=(*gone, Stretch(at, by=by))).due(due_at, counting)


def stopped(stretches: tuple[Stretch, ...], at: datetime) -> tuple[Stretch, ...]:
    """They stand from *at* on."""
    last = stretches[-1]
    return stretches if last.end else (*stretches[:-1], replace(last, end=at))


def gone_on(stretches: tuple[Stretch, ...], at: datetime, by: str | None) -> tuple[Stretch, ...]:
    """They go on from *at* on, if they stood."""
    return (*stretches, Stretch(at, by=by)) if stretches[-1].end else stretches


def reached_at(run: Run, at: At, counting: Counting) -> datetime | None:
    """When a step of the run is reached; None when it is not as things stand.

    A share below the whole is reached as soon as so much of the limit's own time is used up, the
    whole exactly when the milestone is due, and more when so much time beyond that has passed.
    """
    if run.over or run.cause is not at.cause:
        return None
    if run.due_at is None:
        return _used_up(run.kind, run.stretches, at.wait, counting)
    if at.share < 1:
        return _used_up(run.kind, run.stretches, at.share * run.limit, counting)
    beyond = [one for one in run.stretches if one.end is None or one.end > run.due_at]
    if not beyond:
        return None
    if at.share == 1:
        return run.due_at
    late = [replace(one, begin=max(one.begin, run.due_at)) for one in beyond]
    return _used_up(run.kind, late, (at.share - 1) * run.limit, counting)


def _used_up(
    kind: str, stretches: Iterable[Stretch], amount: timedelta, counting: Counting
) -> datetime | None:
    for one in stretches:
        own = counting.kept_by(one.by)
        if one.end is None:
            return own.after(kind, one.begin, amount / one.worth)
        here = own.between(kind, one.begin, one.end) * one.worth
        if amount <= here:
            return own.after(kind, one.begin, amount / one.worth)
        amount -= here
    return None


def _used_by(
    kind: str, stretches: Iterable[Stretch], until: datetime, counting: Counting
) -> timedelta:
    used = _NOTHING
    for one in stretches:
        end = min(one.end or until, until)
        if end > one.begin:
            used += counting.kept_by(one.by).between(kind, one.begin, end) * one.worth
    return used
