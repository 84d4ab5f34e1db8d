"""Counts before and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dispatch.rulebook import Rulebook
from dispatch.whatif.deciding import Difference, decide_again
from dispatch.whatif.past import Past, Turn
from dispatch.whatif.summary import Summary
from grid.catalogue import Catalogue
from tests.dispatch.whatif.makers import HOUR, RULES, past, with_rule
from tests.makers import CATEGORIES, CITY, COMMUNITY, NOON

LATER = NOON + timedelta(days=30)
DONE = Turn("handled", NOON + HOUR)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def summed(*cases: Past, rules: Rulebook, hourly: bool = True) -> Summary:
    summary = Summary(SHANGHAI, LATER, hourly)
    summary.add(decide_again(cases, rules, as_of=LATER))
    return summary


def test_what_moves_leaves_one_department_and_comes_to_another():
    rules = with_rule("category == '06010'", "fire")

    summary = summed(past(DONE), past(DONE), past(DONE, category="01001"), rules=rules)

    assert (summary.cases, summary.changed) == (3, 2)
    assert summary.differences == {Difference.DEPARTMENT: 2}
    lines = {
        code: (one.before.cases, one.after.cases, one.moved_in, one.moved_out)
        for code, one in summary.departments.items()
    }
    assert lines == {"sanitation": (2, 0, 0, 2), "fire": (0, 2, 2, 0), "water": (1, 1, 0, 0)}


def test_every_area_above_a_cell_counts_the_case():
    summary = summed(past(DONE), rules=RULES)

    assert summary.areas[CITY].before.cases == summary.areas[COMMUNITY].after.cases == 1


def test_lateness_is_counted_with_how_long_was_waited():
    late = past(Turn("handled", NOON + 5 * HOUR), missed_at=NOON + 2 * HOUR, category="01001")

    summary = summed(late, past(DONE, category="01001"), rules=RULES)

    assert (summary.whole.before.late, summary.whole.after.late) == (1, 1)
    assert summary.whole.before.late_share == 0.5
    assert summary.whole.after.late_by == 3 * HOUR


def test_first_dispatch_is_right_when_who_was_sent_did_the_work():
    rules = with_rule("category == '06010'", "fire")

    summary = summed(past(DONE), past(DONE, category="01001"), past(), rules=rules)

    assert summary.whole.before.accuracy == 1.0
    assert summary.whole.after.accuracy == 0.5


def test_nothing_handled_is_no_accuracy_and_not_a_bad_one():
    assert summed(past(), rules=RULES).whole.before.accuracy is None


def test_work_is_told_by_the_hour_or_day_of_the_city():
    hours, days = (summed(past(DONE), rules=RULES, hourly=hourly) for hourly in (True, False))

    assert hours.workload_after == {(datetime(2026, 11, 23, 12, tzinfo=SHANGHAI), "sanitation"): 1}
    assert days.workload_after == {(datetime(2026, 11, 23, tzinfo=SHANGHAI), "sanitation"): 1}


def test_a_case_that_cannot_be_decided_is_counted_and_given_to_nobody():
    catalogue = Catalogue.of({"standard": "own", "categories": CATEGORIES[:1]})

    summary = summed(past(DONE), rules=replace(RULES, catalogue=catalogue))

    assert summary.differences == {Difference.DECISION: 1}
    assert (summary.whole.after.cases, summary.whole.after.accuracy) == (1, 0.0)
    assert summary.departments["sanitation"].after.cases == 0
    assert summary.departments["sanitation"].moved_out == 1
