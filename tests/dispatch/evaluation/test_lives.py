"""Whatever happens to cases: the identities hold, and the engine's own flags say the same."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.case import State
from dispatch.evaluation.counts import Count, Mark, Period
from dispatch.evaluation.judging import judge, marks_of
from dispatch.evaluation.meanings import MEANINGS, ONLY_OF_PERSONS, Post
from dispatch.evaluation.tables import Table
from dispatch.evaluation.work import read_work
from dispatch.events import canonical
from dispatch.kinds import read_history
from tests.dispatch.evaluation.lives import Life, lives
from tests.makers import NOON

LONG = timedelta(days=400)
MOMENTS = st.integers(0, 60 * 24 * 40).map(lambda minutes: NOON + timedelta(minutes=minutes))
some = settings(max_examples=100)


def marks(life: Life, known_at: datetime | None = None) -> list[Mark]:
    known_at = known_at or life.now
    history = [event for event in life.history if event.at < known_at]
    return list(marks_of(history, read_work(history), known_at)) if history else []


@some
@given(st.lists(lives(), min_size=1, max_size=4), st.tuples(MOMENTS, MOMENTS, MOMENTS))
def test_the_identities_hold_in_every_line_of_every_table_of_every_period(
    told: list[Life], moments: tuple[datetime, datetime, datetime]
):
    begin, until, known_at = sorted(moments)
    period = Period(begin, until, known_at)
    tables = [Table(), *(Table(post) for post in Post)]
    for number, life in enumerate(told):
        history = [event for event in life.history if event.at < known_at]
        for table in tables if history else ():
            table.add(judge(history, period).marks, f"cell {number % 2}")

    assert all(table.is_balanced for table in tables)


@some
@given(lives(), MOMENTS, MOMENTS)
def test_periods_one_after_the_other_sum_up_to_the_whole(
    life: Life, cut: datetime, other: datetime
):
    known_at = max(cut, other, life.now)
    early, late = sorted((cut, other))
    edges = [NOON - LONG, early, late, known_at]
    found = [mark for mark in marks(life, known_at) if mark.at is not None]

    parts = [
        mark
        for begin, until in pairwise(edges)
        for mark in found
        if Period(begin, until, known_at).holds(mark)
    ]

    assert Counter(parts) == Counter(found)


@some
@given(lives())
def test_what_the_engine_calls_overdue_is_late_here_and_nothing_else(life: Life):
    found = Counter(mark.what for mark in marks(life))
    late = found[Count.LATE] + found[Count.LATE_OPEN]

    if life.case.state is not State.VOID:
        assert (late > 0) == life.case.overdue
        assert found[Count.LATE_EXCUSED] + found[Count.LATE_OPEN_EXCUSED] >= life.case.excused


@some
@given(lives())
def test_a_case_that_is_another_one_is_neither_open_nor_refused_and_asked_for_no_work(life: Life):
    """As a case is open or closed, so it is counted."""
    found = Counter(mark.what for mark in marks(life))
    ended = life.case.state in (State.CLOSED, State.VOID)

    assert found[Count.UNCLOSED] == (not ended)
    assert found[Count.VOIDED] == (life.case.state is State.VOID and not life.case.merged_into)
    if life.case.merged_into:
        assert {count for count in found if MEANINGS[count].post is Post.DEPARTMENT} == set()
        assert not any(count.endswith("_open") for count in found)


def test_the_lives_make_every_move_that_takes_more_than_a_reason():
    made = Counter[str]()

    @settings(max_examples=120, database=None, derandomize=True, deadline=None)
    @given(lives())
    def count(life: Life) -> None:
        made.update({event.kind for event in life.history})

    count()

    assert {"graded", "corrected", "merged_into", "separated"} <= made.keys()


@some
@given(lives())
def test_every_count_agrees_with_a_plain_count_of_events(life: Life):
    found = Counter(mark.what for mark in marks(life))
    kinds = Counter(event.kind for event in life.history)
    verified = found[Count.VERIFY_IN_TIME] + found[Count.VERIFY_LATE]

    assert found[Count.FILED] == kinds["filed"]
    assert found[Count.DISPATCHED] == kinds["assigned"]
    assert verified == kinds["verified"] + kinds["reworked"]
    if life.case.state is not State.VOID:
        assert found[Count.HANDLED] == kinds["handled"] + kinds["self_handled"]
        assert found[Count.REWORKED] == kinds["reworked"]
        assert found[Count.CLOSED_IN_TIME] + found[Count.CLOSED_LATE] == kinds["closed"]
        settled = found[Count.NEED] + found[Count.INSIDE] + found[Count.STANDING]
        assert settled == 1 + kinds["reopened"]
        assert found[Count.STANDING] <= (life.case.suspended_at is not None)


@some
@given(lives())
def test_parts_are_never_more_than_what_they_are_parts_of(life: Life):
    found: dict[Count, float] = defaultdict(float)
    for mark in marks(life):
        found[mark.what] += mark.n

    for part, whole in (
        (Count.ACCEPTED_RIGHT, Count.ACCEPTED), (Count.FILED_RIGHT, Count.FILED),
        (Count.DISPATCHED_RIGHT, Count.DISPATCHED), (Count.EXTENDED, Count.NEED),
        (Count.SUSPENDED, Count.NEED), (Count.LATE_EXCUSED, Count.LATE),
        (Count.LATE_OPEN_EXCUSED, Count.LATE_OPEN), (Count.UNCLOSED, Count.REPORTED),
    ):  # fmt: skip
        assert found[part] <= found[whole]
    assert found[Count.DISPOSE_S] >= 0
    assert found[Count.ACCEPT_S] >= 0
    assert not ONLY_OF_PERSONS & found.keys()


@some
@given(lives())
def test_a_history_read_back_from_its_hashed_texts_is_the_same(life: Life):
    texts = [canonical(1, seq, event) for seq, event in enumerate(life.history, 1)]

    read = read_history(f"[{','.join(texts)}]")

    period = Period(NOON - LONG, NOON + LONG, life.now)
    assert judge(read, period).marks == judge(life.history, period).marks
    assert [event.kind for event in read] == [event.kind for event in life.history]


OF_ONE_LIFE = (
    test_what_the_engine_calls_overdue_is_late_here_and_nothing_else,
    test_every_count_agrees_with_a_plain_count_of_events,
    test_parts_are_never_more_than_what_they_are_parts_of,
    test_a_history_read_back_from_its_hashed_texts_is_the_same,
)


@pytest.mark.long
def test_in_ten_thousand_lives_it_is_the_same():
    counted: Counter[Count] = Counter()

    @settings(max_examples=10_000)
    @given(lives())
    def in_each(life: Life):
        counted.update({mark.what for mark in marks(life)})
        for one in OF_ONE_LIFE:
            one.hypothesis.inner_test(life)

    in_each()

    assert counted.keys() >= {Count.NEED, Count.LATE, Count.LATE_OPEN, Count.REWORKED}
