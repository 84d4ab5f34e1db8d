"""Working time held against counting every minute, on random calendars of many zones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from itertools import chain
from random import Random
from typing import Any

import numpy as np
import pytest

from dispatch.calendar import Unit, WorkingCalendar
from dispatch.workflow import clocks
from dispatch.workflow.clocks import Counting, Deadline, Ending
from tests.dispatch.minutes import BEGIN, DAY, Marked, instant_of, minute_of, wall
from tests.dispatch.workflow.test_clocks import a_case

ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # changes by half an hour
    "Antarctica/Troll",  # changes by two hours
    "America/Nuuk",  # changes before midnight
    "America/Havana",  # changes at midnight, forward and back
    "America/Santiago",  # changes at midnight; back in April
    "Africa/Cairo",  # skips from 24:00 to 01:00
    "Africa/Casablanca",  # changes around Ramadan
)
OPENING, YEARS = date(2024, 1, 1), 3 * 365
"""Where things happen: late enough after the first minute, early enough before the last."""


def random_edges(chance: Random) -> list[int]:
    """Where periods begin and end; an hour a day is worked at least, or limits take years."""
    step, periods = chance.choice((1, 30)), chance.randint(1, 3)
    while True:
        edges = sorted(chance.sample(range(0, 1441, step), 2 * periods))
        if sum(edges[1::2]) - sum(edges[::2]) >= 60:
            return edges


def random_calendar(chance: Random) -> dict[str, Any]:
    """One to three periods, a weekend of up to three days, holidays in a row and single days."""
    edges = random_edges(chance)
    times = [f"{minute // 60:02}:{minute % 60:02}" for minute in edges]
    first = OPENING + timedelta(days=chance.randrange(YEARS))
    days = {first + timedelta(days=n): "holiday" for n in range(chance.randint(0, 9))}
    for _ in range(chance.randint(0, 8)):
        near = first + timedelta(days=chance.randint(-20, 20))
        days[near] = chance.choice(("holiday", "workday", "workday"))
    return {
        "timezone": chance.choice(ZONES),
        "weekend": chance.sample(range(1, 8), chance.choice((0, 1, 2, 2, 3))),
        "periods": [list(pair) for pair in zip(times[::2], times[1::2], strict=True)],
        "days": [{"date": str(day), "kind": kind} for day, kind in sorted(days.items())],
    }


@cache
def changes_of_clocks(zone: str) -> list[int]:
    """The minutes in which clocks jump or begin to stand, in the years that are looked at."""
    first = minute_of(instant_of((OPENING - date(1970, 1, 1)).days * DAY)) - BEGIN
    steps = np.diff(wall(zone)[first : first + YEARS * DAY])
    stands = (steps == 0) & (np.roll(steps, 1) == 1)
    return (np.flatnonzero((steps > 1) | stands) + first + BEGIN + 1).tolist()


@dataclass
class Trial:
    """One random calendar, as the product reads it and as the oracle does."""

    seed: int

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        self.content = random_calendar(self.chance)
        self.product = WorkingCalendar.of(self.content)
        self.oracle = Marked.of(self.content)

    def moment(self) -> int:
        """Near the single days, near a change of the clocks or anywhere; often on an edge."""
        days = [date.fromisoformat(row["date"]) for row in self.content["days"]]
        days.append(OPENING + timedelta(days=self.chance.randrange(YEARS)))
        around = [(self.chance.choice(days) - date(1970, 1, 1)).days * DAY]
        around += self.chance.sample(jumps, 1) if (jumps := self.jumps()) else []
        minute = self.chance.choice(around)
        minute += self.chance.randint(*self.chance.choice(((-2 * DAY, DAY), (-150, 150))))
        return self.edge(minute) if self.chance.random() < 0.3 else minute

    def jumps(self) -> list[int]:
        return changes_of_clocks(self.content["timezone"])

    def edge(self, minute: int) -> int:
        """The next minute in which the city begins or ends working."""
        marks = self.oracle.marks(minute, minute + 30 * DAY)
        found = np.flatnonzero(marks[1:] != marks[:-1])
        return minute + int(found[0]) + 1 if len(found) else minute

    def amount(self) -> Fraction:
        return self.chance.randint(0, 12) + Fraction(self.chance.choice((0, 0, 0, 1, 2, 3)), 4)

    def differences(self) -> Iterator[str]:
        """Whatever the two do not agree on, in words."""
        for unit in Unit:
            begin, amount = self.moment(), self.amount()
            found = self.product.add(instant_of(begin), float(amount), unit)
            right = instant_of(self.oracle.add(begin, amount, unit))
            if found != right:
                yield f"{amount} {unit} from {instant_of(begin)}: {found}, not {right}"
        begin, end = sorted((self.moment(), self.moment()))
        end = min(end, begin + 60 * DAY)
        found = self.product.working_time(instant_of(begin), instant_of(end))
        if found != (right := timedelta(minutes=self.oracle.between(begin, end))):
            yield f"worked from {instant_of(begin)} to {instant_of(end)}: {found}, not {right}"
        yield from self.differences_of_a_life()

    def differences_of_a_life(self) -> Iterator[str]:
        """A case is suspended, resumed and given more time; each milestone in its own unit."""
        units = dict(zip(("stop", "resolve"), self.chance.sample(list(Unit), 2), strict=True))
        limit = {kind: (self.chance.randint(1, 9), unit) for kind, unit in units.items()}
        case = replace(CASE, why={"limit": {"milestones": _told(limit)}})
        opened = self.moment()
        due = {k: int(self.oracle.add(opened, Fraction(n), u)) for k, (n, u) in limit.items()}
        first = min(due, key=lambda kind: due[kind])
        stood = self.chance.randrange(opened, due[first])
        resumed = stood + self.chance.randint(0, 9 * DAY)
        more = self.chance.randint(1, 9 * DAY)

        case = replace(case, suspended_at=instant_of(stood))
        counting = Counting(case, self.product)
        stand = [Deadline(kind, instant_of(at), Ending.CANCELLED) for kind, at in due.items()]
        found = clocks.resumed(counting, stand, instant_of(resumed))
        right = {k: self.later(units[k], resumed, stood, at) for k, at in due.items()}
        yield from _differing(f"suspended {instant_of(stood)}, resumed", found, right)

        # What is due in the very moment falls due, whatever is granted.
        right = {kind: at for kind, at in right.items() if at > resumed}
        if not right:
            return
        first = min(right, key=lambda kind: right[kind])
        until = right[first] + more
        run = [Deadline(kind, instant_of(at)) for kind, at in right.items()]
        found = clocks.extended(counting, run, instant_of(until), instant_of(resumed))
        extended = {k: self.later(units[k], at, right[first], until) for k, at in right.items()}
        yield from _differing("extended", found, {**extended, first: until})

    def later(self, unit: Unit, at: int, begin: int, end: int) -> int:
        """As much later than *at* as lies between the two others, in the time of the unit."""
        if unit in (Unit.WORK_HOUR, Unit.WORK_DAY):
            return int(self.oracle.after(at, self.oracle.between(begin, end)))
        return at + end - begin


CASE = a_case()


def _told(limit: dict[str, tuple[int, Unit]]) -> dict[str, str]:
    return {kind: f"{amount} {unit}" for kind, (amount, unit) in limit.items()}


def _differing(what: str, found: Any, right: dict[str, int]) -> Iterator[str]:
    if found != {kind: instant_of(at) for kind, at in right.items()}:
        yield f"{what}: {found}, not {right}"


def disagreements(count: int) -> list[tuple[int, str]]:
    """Seed and difference; none when product and oracle agree on so many calendars."""
    trials = (((seed, one) for one in Trial(seed).differences()) for seed in range(count))
    return list(chain.from_iterable(trials))


def test_working_time_agrees_with_counting_every_minute() -> None:
    assert disagreements(150) == []


@pytest.mark.long
def test_working_time_agrees_with_counting_every_minute_on_ten_thousand_calendars() -> None:
    assert disagreements(10_000) == []
