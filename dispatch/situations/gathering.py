"""Gathering: which facts a simple rule takes for one thing. The order they came in changes nothing.

A fact is dense when, counted from it, enough of the family lies within the radius and no longer
ago than the rule looks back. What a dense fact counted is one thing with it; things that share a
fact are one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dispatch.situations.facts import Fact, Kind, in_metres, in_order, positions
from dispatch.situations.patterns import BurstRule

Gathered = tuple[Fact, ...]
"""Facts that are one thing, by time."""


def gather(facts: Sequence[Fact], rule: BurstRule) -> list[Gathered]:
    """The things that the facts of a rule make, the one that began first first."""
    ordered = in_order(fact for fact in facts if rule.concerns(fact))
    if len(ordered) < min(rule.at_least, 2) and not rule.counts_reports:
        return []
    near = _near(ordered, rule)
    dense = [n for n in range(len(ordered)) if _holds([ordered[m] for m in near[n]], rule)]
    return [tuple(ordered[n] for n in one) for one in _joined([near[n] for n in dense])]


def _near(facts: Sequence[Fact], rule: BurstRule) -> list[NDArray[np.intp]]:
    """For each fact the numbers of those that count for it, itself among them."""
    places = in_metres(positions(facts))
    seconds = np.array([fact.at.timestamp() for fact in facts])
    firsts = np.searchsorted(seconds, seconds - rule.within.total_seconds(), side="left")
    lasts = np.searchsorted(seconds, seconds, side="right")
    found: list[NDArray[np.intp]] = []
    for n, (first, last) in enumerate(zip(firsts.tolist(), lasts.tolist(), strict=True)):
        apart = np.hypot(*(places[first:last] - places[n]).T)
        found.append(first + np.flatnonzero(apart <= rule.radius_m))
    return found


def _holds(facts: Sequence[Fact], rule: BurstRule) -> bool:
    if rule.alarm is not None and not any(rule.alarm.met_by(fact) for fact in facts):
        return False
    if len({source for fact in facts for source in fact.sources}) < rule.sources:
        return False
    return weight(facts, counts_reports=rule.counts_reports) >= rule.at_least


def weight(facts: Sequence[Fact], *, counts_reports: bool = False) -> int:
    """How many things the facts are, or how many people told of them."""
    if not counts_reports:
        return len({fact.thing for fact in facts})
    told: dict[str, int] = {}
    for fact in facts:
        reports = fact.reports if fact.kind is Kind.CASE else 1
        told[fact.thing] = max(told.get(fact.thing, 0), reports)
    return sum(told.values())


def _joined(groups: Sequence[NDArray[np.intp]]) -> list[list[int]]:
    """Groups that share a number made one, each sorted, by their smallest number."""
    of: dict[int, set[int]] = {}
    for group in groups:
        whole: set[int] = set(group.tolist())
        for number in group.tolist():
            whole |= of.get(number, set())
        for number in whole:
            of[number] = whole
    distinct = {id(one): one for one in of.values()}
    return sorted(sorted(one) for one in distinct.values())
