"""Other deadlines, the same work: what would have been kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.whatif.lateness import first_missed
from dispatch.whatif.past import Turn
from dispatch.workflow.clocks import Counting
from tests.dispatch.whatif.makers import HOUR, RULES, opened
from tests.makers import NOON, report

# Category 01001 counts two hours around the clock, 06010 one working day.
URGENT = Counting(opened(report(category="01001")).case, RULES.calendar)
BY_DAY = Counting(opened(report()).case, RULES.calendar)
LATER = NOON + timedelta(days=30)


def missed(
    *turns: Turn, due: Mapping[str, datetime] | None = None, counting: Counting = URGENT
) -> datetime | None:
    return first_missed(due or {"resolve": NOON + 2 * HOUR}, turns, counting, as_of=LATER)


def test_work_done_at_the_very_instant_is_late():
    assert missed(Turn("handled", NOON + 2 * HOUR)) == NOON + 2 * HOUR
    assert missed(Turn("handled", NOON + 1.99 * HOUR)) is None


def test_work_done_after_the_deadline_is_late_since_the_deadline():
    assert missed(Turn("handled", NOON + 3 * HOUR)) == NOON + 2 * HOUR


def test_work_that_is_not_done_is_late_as_of_the_moment_it_is_looked_at():
    assert missed() == NOON + 2 * HOUR
    assert missed(due={"resolve": LATER}) == LATER
    assert missed(due={"resolve": LATER + HOUR}) is None


def test_a_case_that_was_dropped_waits_for_nothing():
    assert missed(Turn("voided", NOON + HOUR)) is None


def test_while_suspended_no_deadline_passes_and_as_much_is_left_afterwards():
    stood = (Turn("suspended", NOON + HOUR), Turn("resumed", NOON + 10 * HOUR))

    assert missed(*stood, Turn("handled", NOON + 10.99 * HOUR)) is None
    assert missed(*stood, Turn("handled", NOON + 12 * HOUR)) == NOON + 11 * HOUR


def test_what_is_left_of_a_working_day_counts_only_while_the_city_works():
    due = {"resolve": NOON + timedelta(days=1, hours=2)}  # Tuesday, 14:00 in the city
    stood = (Turn("suspended", NOON + 4 * HOUR), Turn("resumed", NOON + timedelta(days=1)))

    # Left at 16:00 were two hours of that day and three and a half before noon of the next. From
    # Tuesday 12:00 on the city works four hours on that day, the rest on Wednesday until 10:00.
    assert missed(*stood, due=due, counting=BY_DAY) == NOON + timedelta(days=1, hours=22)


def test_a_case_that_is_suspended_after_its_deadline_was_late_before():
    assert missed(Turn("suspended", NOON + 2 * HOUR)) == NOON + 2 * HOUR


def test_an_extension_moves_a_deadline_only_to_later():
    given_time = Turn("extended", NOON + HOUR, {"resolve": NOON + 5 * HOUR})
    handled = Turn("handled", NOON + 6 * HOUR)

    assert missed(given_time, handled) == NOON + 5 * HOUR
    assert missed(given_time, handled, due={"resolve": NOON + 8 * HOUR}) is None


def test_an_extension_of_a_milestone_with_another_name_is_kept_too():
    given_time = Turn("extended", NOON + HOUR, {"stop": NOON + 5 * HOUR, "remove": NOON + 9 * HOUR})

    assert missed(given_time, Turn("handled", NOON + 4 * HOUR)) is None


def test_an_extension_that_came_too_late_for_the_other_limit_helps_nothing():
    given_time = Turn("extended", NOON + 3 * HOUR, {"resolve": NOON + 5 * HOUR})

    assert missed(given_time, Turn("handled", NOON + 4 * HOUR)) == NOON + 2 * HOUR


def test_rework_never_gives_time():
    turns = (Turn("handled", NOON + HOUR), Turn("reworked", NOON + 4 * HOUR))

    assert missed(*turns, Turn("handled", NOON + 5 * HOUR)) == NOON + 2 * HOUR


def test_reopening_begins_the_whole_limit_anew():
    again = NOON + timedelta(days=3)
    turns = (Turn("handled", NOON + HOUR), Turn("reopened", again))

    assert missed(*turns, Turn("handled", again + HOUR)) is None
    assert missed(*turns, Turn("handled", again + 3 * HOUR)) == again + 2 * HOUR


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.integers(1, 20_000))
def test_a_longer_limit_is_never_missed_earlier(minutes: int, more: int, done: int):
    work = Turn("handled", NOON + timedelta(minutes=done))
    short, long = (NOON + timedelta(minutes=minutes + extra) for extra in (0, more))

    sooner = missed(work, due={"resolve": short})
    later = missed(work, due={"resolve": long})

    assert later is None or (sooner is not None and sooner <= later)
