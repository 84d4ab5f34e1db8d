"""One case judged: what its history comes to in a period."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from dispatch import events as e
from dispatch.evaluation.counts import Mark, Period
from dispatch.evaluation.door import case_marks, dispatch_marks, door_marks
from dispatch.evaluation.stages import stage_marks
from dispatch.evaluation.work import Work, read_work, work_marks
from dispatch.kinds import read_history
from dispatch.workflow import facts as f

Told = e.CaseReported | f.CaseCorrected
"""What tells category and place of a case."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A case as it was opened, the work it asked for, and its *marks* that count in the period.

    *told* says last what it is about and where it lies: a correction, or that it was opened.
    """

    opened: e.CaseReported
    told: Told
    work: Work
    marks: Sequence[Mark]


def judge(history: Sequence[e.Event], period: Period) -> Judged:
    """The case of a history that holds nothing from ``period.known_at`` on."""
    work = read_work(history)
    marks = marks_of(history, work, period.known_at)
    counted = [mark for mark in marks if period.holds(mark)]
    told = [event for event in history if isinstance(event, e.CaseReported | f.CaseCorrected)]
    return Judged(cast("e.CaseReported", history[0]), told[-1], work, counted)


def judge_all(texts: Sequence[str], period: Period) -> list[Judged]:
    """The cases of a batch of histories as they are stored."""
    return [judge(read_history(one), period) for one in texts]


def marks_of(history: Sequence[e.Event], work: Work, known_at: datetime) -> Iterator[Mark]:
    """Everything that is counted of a case, whatever the period."""
    yield from case_marks(history)
    yield from door_marks(history)
    yield from stage_marks(history, known_at)
    yield from dispatch_marks(history)
    yield from work_marks(work, known_at)
