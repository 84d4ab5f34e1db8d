"""Indicators, score, grades and ranks."""

import pytest

from dispatch.evaluation.counts import Count as C
from dispatch.evaluation.indicators import INDICATORS, Better
from dispatch.evaluation.scoring import Scoring, ranks

WELL = {C.NEED: 10, C.IN_TIME: 10, C.HANDLED: 10, C.CLOSED_IN_TIME: 10}
HALF = {
    C.NEED: 10, C.IN_TIME: 4, C.LATE: 2, C.LATE_OPEN: 4, C.EXTENDED: 5, C.HANDLED: 8,
    C.REWORKED: 2, C.CLOSED_IN_TIME: 4, C.CLOSED_LATE: 2,
}  # fmt: skip


def test_nothing_to_measure_has_no_value_which_is_not_nought():
    assert [one.of({}).value for one in INDICATORS.values()] == [None] * len(INDICATORS)


def test_the_score_of_the_example_is_the_weighted_sum_by_hand():
    # 处置率 60 %, 按期处置率 40 %, 返工率 25 %, 超期待处置率 40 %, 延期率 50 %.
    by_hand = 30 * 0.6 + 20 * 0.4 + 20 * 0.75 + 20 * 0.6 + 10 * 0.5

    assert Scoring().score(HALF) == pytest.approx(by_hand)
    assert Scoring().score(WELL) == 100


def test_what_was_excused_counts_neither_for_nor_against_anybody():
    excused = HALF | {C.LATE_EXCUSED: 2, C.LATE_OPEN_EXCUSED: 4}

    found = {key: INDICATORS[key].of(excused) for key in ("dispose_rate", "in_time_rate")}

    assert [(one.above, one.below) for one in found.values()] == [(4, 4), (4, 4)]
    assert INDICATORS["late_open_rate"].of(excused).above == 0


def test_who_had_nothing_to_do_in_one_respect_is_judged_by_the_rest():
    overdue = {C.NEED: 2, C.LATE_OPEN: 2}

    # No work was said to be done, so the 20 points of rework go to the others.
    assert Scoring().score(overdue) == pytest.approx(100 * 10 / 80)


def test_everything_that_is_judged_lies_between_nought_and_one():
    for one in INDICATORS.values():
        goodness = one.goodness(HALF)
        assert goodness is None or 0 <= goodness <= 1
        assert one.better is not Better.UNJUDGED or goodness is None


@pytest.mark.parametrize(
    ("score", "grade"),
    [(100, "excellent"), (90, "excellent"), (89.95, "excellent"), (89.94, "good"), (60, "fair"),
     (59.9, "poor"), (0, "poor")],
)  # fmt: skip
def test_a_score_is_graded_as_it_is_shown(score: float, grade: str):
    assert Scoring().grade(score).name.en == grade


def test_equal_scores_share_a_rank_and_who_has_none_has_no_rank():
    assert ranks([("a", 90.0), ("b", 95.0), ("c", None), ("d", 90.04), ("e", 10.0)]) == {
        "b": 1, "a": 2, "d": 2, "e": 4,
    }  # fmt: skip
