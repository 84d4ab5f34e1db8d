"""Situations in real days: found early, and where there are none no more than chance allows.

Smaller versions of `benchmarks.situations`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.situating import newyork
from benchmarks.situating import outbreak as tainan
from benchmarks.situating.living import Falseness, Life, Town, false_alarms, found, scan_through
from dispatch.situations.patterns import Patterns

pytestmark = pytest.mark.long


def is_within(false: Falseness, deviations: float = 2.5) -> bool:
    """Whether there are no more false finds than allowed, but for what counting leaves open."""
    return false.finds <= false.allowed + deviations * math.sqrt(max(1.0, false.allowed))


def test_the_outbreak_is_flagged_before_a_fiftieth_of_it_has_happened(shared_data: Path):
    town = tainan.tainan(shared_data)
    days = tainan.days(date(2015, 6, 1), date(2015, 7, 31))

    life = scan_through(town, tainan.PATTERNS, days)

    situations = [found(one, town, days[0]) for one in life.situations]
    assert situations
    assert min(one.share_of_all for one in situations) < 0.02
    # It began in the north of the town; what is flagged there holds its cases and grows.
    north = [one for one in situations if one.place.startswith("北區")]
    assert north
    assert max(one.members for one in north) > 30


def test_shuffled_days_of_the_outbreak_make_no_more_than_chance_may(shared_data: Path):
    town = tainan.tainan(shared_data)
    often = replace(tainan.RULE, recurrence=timedelta(days=10))
    days = tainan.days(date(2015, 7, 10), date(2015, 8, 10))

    false = false_alarms(town, Patterns((tainan.DENGUE,), (), (often,)), days, copies=2, seed=3)

    assert is_within(false), false


def test_shuffled_hours_of_new_york_make_no_more_than_chance_may(shared_data: Path):
    town, told = newyork.new_york(shared_data), newyork.patterns()
    often = tuple(replace(one, recurrence=timedelta(hours=20)) for one in told.scans)

    false = false_alarms(
        town, Patterns(told.families, (), often), newyork.hours()[::3], copies=3, seed=3
    )

    assert is_within(false), false


def test_the_new_york_day_has_situations_each_with_its_own_cases(shared_data: Path):
    town = newyork.new_york(shared_data)

    life: Life = newyork.live_through(town)

    assert {one.way for one in life.situations} == {"rule", "scan"}
    for one in life.situations:
        if one.goes_on:
            assert len(one.members) >= 3


def test_a_copy_has_the_same_cases_in_each_area_and_at_each_time(shared_data: Path):
    town: Town = tainan.tainan(shared_data)

    copy = town.shuffled(np.random.default_rng(1)).cases["dengue"]

    cases = town.cases["dengue"]
    assert (copy.areas == cases.areas).all()
    assert (np.sort(copy.at_s) == np.sort(cases.at_s)).all()
    assert (copy.at_s != cases.at_s).any()
