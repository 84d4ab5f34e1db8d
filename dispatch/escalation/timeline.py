"""For how long a case has been under way, by its own history: its *runs*. Pure.

Nothing here is stored: the hashed history tells all of it, so that no row can disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from dispatch.escalation.ladder import Cause
from dispatch.escalation.runs import Run, Stretch, gone_on, stopped
from dispatch.workflow.clocks import Counting, is_stage


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


def wait_for(cause: Cause) -> str:
    """The kind of a wait; no milestone is called so, because codes have no blanks."""
    return f"not {cause}"


def runs(history: Iterable[Line], counting: Counting) -> tuple[Run, ...]:
    """Everything that time is counted for in a case with this whole history, oldest line first."""
    timeline = _Timeline(counting)
    for line in history:
        timeline.add(line)
    return tuple(timeline.runs.values())


@dataclass(slots=True)
class _Timeline:
    """The runs as far as the history was read; of each kind the newest.

    *course* is when any limit would have run since the case was opened, or opened again. *as_if*
    says that the line before gave the case another limit, as if whoever gets it next had had it
    from the start.
    """

    counting: Counting
    runs: dict[str, Run] = field(default_factory=dict[str, Run])
    lead: str | None = None
    course: tuple[Stretch, ...] = ()
    as_if: bool = False

    def add(self, line: Line) -> None:
        """Read one more line."""
        match line.kind:
            case "reported":
                self._open(line, _milestones(line.fields["due"]))
                self._begin_wait(line, Cause.ACCEPTED)
            case "reopened":
                self._open(line, _begun(line))
                self._begin_wait(line, Cause.TAKEN)
            case "returned":
                self._begin_wait(line, Cause.ACCEPTED)
            case "accepted" | "filed":
                self._end(line, wait_for(Cause.ACCEPTED))
            case "assigned" | "transferred":
                self._hand_on(line, line.fields["department"])
                self._begin_wait(line, Cause.TAKEN)
            case "taken" if line.fields["department"] == self.lead:
                self._end(line, wait_for(Cause.TAKEN))
            case "sent_back":
                self._hand_on(line, None)
                self._end(line, wait_for(Cause.TAKEN))
            case _:
                self._add_of_clocks(line)
        self.as_if = line.kind == "corrected" and bool(line.fields.get("routed") and _begun(line))

    def _add_of_clocks(self, line: Line) -> None:
        match line.kind:
            case "suspended":
                self.course = stopped(self.course, line.at)
                self.runs = {kind: run.stopped(line.at) for kind, run in self.runs.items()}
            case "resumed":
                self._go_on(line)
            case "corrected" if due := _begun(line):
                self._replace_limit(line, due)
            case "handled" | "voided" | "rejected":
                self._end(line, *self.runs)
            case "self_handled":
                self.lead = line.fields["department"]
                self._end(line, *self.runs)
            case "reworked":
                self._take_up(line)
            case _:
                self._move(_begun(line))

    def _open(self, line: Line, due: Mapping[str, datetime]) -> None:
        self.course = (Stretch(line.at),)
        self._begin_milestones(line, due)

    def _begin_milestones(self, line: Line, due: Mapping[str, datetime]) -> None:
        stretches = _in_hands_of(self.lead, self.course)
        for kind, due_at in due.items():
            self.runs[kind] = Run(kind, line.seq, stretches).due(due_at, self.counting)

    def _replace_limit(self, line: Line, due: Mapping[str, datetime]) -> None:
        """Another limit, as if it had been that one from the start."""
        self.runs = {kind: run for kind, run in self.runs.items() if run.due_at is None}
        self._begin_milestones(line, due)

    def _begin_wait(self, line: Line, cause: Cause) -> None:
        kind = wait_for(cause)
        self.runs[kind] = Run(kind, line.seq, (Stretch(line.at),), cause)

    def _end(self, line: Line, *kinds: str) -> None:
        for kind in kinds:
            if kind in self.runs:
                self.runs[kind] = self.runs[kind].stopped(line.at, over=True)

    def _hand_on(self, line: Line, department: str | None) -> None:
        self.lead = department
        due = _begun(line)
        for kind, run in self.runs.items():
            if self.as_if and run.due_at is not None:
                had = replace(run, stretches=_in_hands_of(department, run.stretches))
                self.runs[kind] = had.due(run.due_at, self.counting)
            else:
                self.runs[kind] = run.handed_on(line.at, department, due.get(kind), self.counting)

    def _go_on(self, line: Line) -> None:
        self.course = gone_on(self.course, line.at, self.lead)
        self.runs = {kind: run.gone_on(line.at, self.lead) for kind, run in self.runs.items()}
        self._move(_begun(line))

    def _move(self, due: Mapping[str, datetime]) -> None:
        for kind in due.keys() & self.runs.keys():
            self.runs[kind] = self.runs[kind].due(due[kind], self.counting)

    def _take_up(self, line: Line) -> None:
        """The time of what was met keeps running, as deadlines have it too."""
        for kind, run in self.runs.items():
            if run.due_at is not None:
                self.runs[kind] = run.taken_up()
        self._begin_wait(line, Cause.TAKEN)


def _in_hands_of(department: str | None, stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    return tuple(replace(one, by=department) for one in stretches)


def _begun(line: Line) -> dict[str, datetime]:
    """The milestones that the event begins; stages have ladders of no kind."""
    return _milestones(line.fields.get("began", {}))


def _milestones(told: Mapping[str, Any]) -> dict[str, datetime]:
    return {kind: _moment(due_at) for kind, due_at in told.items() if not is_stage(kind)}


def _moment(told: Any) -> datetime:
    return told if isinstance(told, datetime) else datetime.fromisoformat(told)
