"""Deciding past cases again, and what is different then. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np

from dispatch.auto_dispatch import AutoDispatch
from dispatch.context import CityWarning
from dispatch.decide import OUTSIDE, open_case
from dispatch.errors import DispatchError
from dispatch.rulebook import Rulebook
from dispatch.whatif.lateness import first_missed
from dispatch.whatif.past import Past, Verdict, reason
from dispatch.workflow.clocks import Counting
from grid.cell import Place
from grid.errors import GridError


class Difference(StrEnum):
    """In what two decisions differ."""

    DECISION = "decision"  # only one of the two rulebooks can decide the case
    DEPARTMENT = "department"
    CELL = "cell"
    SEVERITY = "severity"
    DEADLINE = "deadline"
    LATENESS = "lateness"  # late with one and in time with the other


@dataclass(frozen=True, slots=True)
class Compared:
    """A past case, and what the other rulebook says of it."""

    past: Past
    after: Verdict

    @property
    def before(self) -> Verdict:
        """What was decided at the time."""
        return self.past.verdict

    @property
    def differences(self) -> tuple[Difference, ...]:
        """All in which the two differ; empty when it comes to the same, whatever the reasons."""
        before, after = self.before, self.after
        if before.problem or after.problem:
            return () if before.problem == after.problem else (Difference.DECISION,)
        late = (before.missed_at is None) != (after.missed_at is None)
        return tuple(
            difference
            for difference, differs in (
                (Difference.DEPARTMENT, before.department != after.department),
                (Difference.CELL, before.cell != after.cell),
                (Difference.SEVERITY, before.severity != after.severity),
                (Difference.DEADLINE, before.due != after.due),
                (Difference.LATENESS, late),
            )
            if differs
        )


def decide_again(
    cases: Sequence[Past],
    rules: Rulebook,
    *,
    as_of: datetime,
    warnings: Sequence[CityWarning] = (),
) -> list[Compared]:
    """The cases in the same order, each decided as if *rules* had been in force when it was opened.

    What is not done yet is looked at as of *as_of*. *warnings* are what the city warned of then.
    Whom the rules would send is told also for a city in which a person files each report, and for
    cases that are held back for a dispatcher.
    """
    routed = replace(rules, auto_file=True, auto_dispatch=AutoDispatch())
    lon_lat = np.array([(one.report.lon, one.report.lat) for one in cases], dtype=np.float64)
    places = rules.grid.places(lon_lat.reshape(-1, 2))
    return [
        Compared(past, _verdict(past, place, routed, as_of, warnings))
        for past, place in zip(cases, places, strict=True)
    ]


def _verdict(
    past: Past,
    place: Place | None,
    rules: Rulebook,
    as_of: datetime,
    warnings: Sequence[CityWarning],
) -> Verdict:
    if place is None:
        return _OUTSIDE
    try:
        opened = open_case(
            past.report,
            place,
            rules,
            case_id=past.case_id,
            now=past.opened_at,
            warnings=warnings,
        )
    except (DispatchError, GridError) as problem:
        return Verdict(problem=f"{type(problem).__name__}: {problem}")
    case = opened.case
    counting = Counting(case, rules.calendar)
    return Verdict(
        department=case.department,
        cell=case.cell,
        areas=case.areas,
        severity=case.severity,
        due=opened.due,
        missed_at=first_missed(opened.due, past.turns, counting, as_of=as_of),
        routing=reason(case.why, "routing"),
        limit=reason(case.why, "limit"),
    )


_OUTSIDE: Final = Verdict(problem=OUTSIDE)
