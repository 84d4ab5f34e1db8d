"""For how long a case has been under way, by its own history. Pure.

A *run* is what a step is counted by: a milestone of the limit, which counts as its unit does, or a
wait for somebody to take or accept the case, which counts every minute. Its *stretches* are when it
ran. Nothing here is stored: the hashed history tells all of it, so that no row can disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from dispatch.escalation.ladder import At, Cause
from dispatch.workflow.clocks import Counting, is_stage

_NOTHING: Final = timedelta(0)


class Line(Protocol):
    """One line of a history; *fields* are those that were hashed, times as texts."""

    @property
    def seq(self) -> int:
        """Its number within the case."""
        ...

    @property
    def kind(self) -> str:
        """What happened."""
        ...

    @property
    def at(self) -> datetime:
        """When."""
        ...

    @property
    def fields(self) -> Mapping[str, Any]:
        """The rest of it."""
        ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """From *begin* up to *end*, None while it goes on."""

    begin: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One thing that time is counted for; *since* is the number of the event that began it.

    *limit* is how much of its own time a milestone has, more by every extension, and *due_at* when
    that is used up if nothing comes between; a wait has neither. What is *over* is reached no more.
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
        last = self.stretches[-1]
        if last.end is not None:
            return replace(self, over=over or self.over)
        return replace(self, stretches=(*self.stretches[:-1], replace(last, end=at)), over=over)

    def gone_on(self, at: datetime) -> Run:
        """As it is when it runs again; one that runs goes on."""
        if self.over or self.stretches[-1].end is None:
            return self
        return replace(self, stretches=(*self.stretches, Stretch(at)))

    def taken_up(self) -> Run:
        """As if nobody had said that it is over: the time since then counts as well."""
        last = replace(self.stretches[-1], end=None)
        return replace(self, stretches=(*self.stretches[:-1], last), over=False)


def wait_for(cause: Cause) -> str:
    """The kind of a wait; no milestone is called so, because codes have no blanks."""
    return f"not {cause}"


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
        if one.end is None:
            return counting.after(kind, one.begin, amount)
        here = counting.between(kind, one.begin, one.end)
        if amount <= here:
            return counting.after(kind, one.begin, amount)
        amount -= here
    return None


def runs(history: Iterable[Line], counting: Counting) -> tuple[Run, ...]:
    """Everything that time is counted for in a case with this whole history, oldest line first."""
    timeline = _Timeline(counting)
    for line in history:
        timeline.add(line)
    return tuple(timeline.runs.values())


@dataclass(slots=True)
class _Timeline:
    """The runs as far as the history was read; of each kind the newest."""

    counting: Counting
    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    lead: str | None = None

    def add(self, line: Line) -> None:
        """Read one more line."""
        match line.kind:
            case "reported":
                self._begin_milestones(line, line.fields["due"])
                self._begin_wait(line, Cause.ACCEPTED)
            case "reopened":
                self._begin_milestones(line, _moments(line))
                self._begin_wait(line, Cause.TAKEN)
            case "returned":
                self._begin_wait(line, Cause.ACCEPTED)
            case "accepted" | "filed":
                self._end(line, wait_for(Cause.ACCEPTED))
            case "assigned" | "transferred":
                self.lead = line.fields["department"]
                self._begin_wait(line, Cause.TAKEN)
            case "taken" if line.fields["department"] == self.lead:
                self._end(line, wait_for(Cause.TAKEN))
            case "sent_back":
                self.lead = None
                self._end(line, wait_for(Cause.TAKEN))
            case _:
                self._add_of_clocks(line)

    def _add_of_clocks(self, line: Line) -> None:
        match line.kind:
            case "suspended":
                self.runs = {kind: run.stopped(line.at) for kind, run in self.runs.items()}
            case "resumed":
                self._move(_moments(line))
                self.runs = {kind: run.gone_on(line.at) for kind, run in self.runs.items()}
            case "extended":
                self._extend(_moments(line))
            case "handled" | "self_handled" | "voided" | "rejected":
                self._end(line, *self.runs)
            case "reworked":
                self._take_up(line)
            case _:
                pass

    def _begin_milestones(self, line: Line, due: Mapping[str, Any]) -> None:
        for kind, told in due.items():
            due_at = _moment(told)
            limit = self.counting.between(kind, line.at, due_at)
            self.runs[kind] = Run(kind, line.seq, (Stretch(line.at),), limit=limit, due_at=due_at)

    def _begin_wait(self, line: Line, cause: Cause) -> None:
        kind = wait_for(cause)
        self.runs[kind] = Run(kind, line.seq, (Stretch(line.at),), cause)

    def _end(self, line: Line, *kinds: str) -> None:
        for kind in kinds:
            if kind in self.runs:
                self.runs[kind] = self.runs[kind].stopped(line.at, over=True)

    def _move(self, due: Mapping[str, datetime]) -> None:
        for kind in due.keys() & self.runs.keys():
            self.runs[kind] = replace(self.runs[kind], due_at=due[kind])

    def _extend(self, due: Mapping[str, datetime]) -> None:
        for kind in due.keys() & self.runs.keys():
            run = self.runs[kind]
            more = self.counting.between(kind, run.due_at or due[kind], due[kind])
            self.runs[kind] = replace(run, limit=run.limit + more, due_at=due[kind])

    def _take_up(self, line: Line) -> None:
        """The time of what was met keeps running, as deadlines have it too."""
        for kind, run in self.runs.items():
            if run.due_at is not None:
                self.runs[kind] = run.taken_up()
        self._begin_wait(line, Cause.TAKEN)


def _moments(line: Line) -> dict[str, datetime]:
    """The milestones that the event begins; stages have ladders of no kind."""
    began: Mapping[str, Any] = line.fields.get("began", {})
    return {kind: _moment(told) for kind, told in began.items() if not is_stage(kind)}


def _moment(told: Any) -> datetime:
    return told if isinstance(told, datetime) else datetime.fromisoformat(told)
