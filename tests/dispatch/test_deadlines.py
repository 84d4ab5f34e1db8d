"""Limits: which one applies, what is refused, and when its milestones are due."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.calendar import Unit
from dispatch.deadlines import Limits, Milestone, due_times
from dispatch.errors import BrokenLimit, NoLimit
from tests.dispatch.test_calendar import YUNXI, local


def row(number: int, category: str, condition: str = "any", **changed: Any) -> dict[str, Any]:
    return {
        "row": number,
        "category": category,
        "condition": condition,
        "name": {"zh": "条件", "en": "condition"},
        "milestone": "resolve",
        "amount": 4,
        "unit": "work_hour",
        "default": True,
        **changed,
    }


ILLEGAL_BUILDING = [
    row(4, "06001", "roof", milestone="remove", amount=20, unit="work_day"),
    row(2, "06001", "roof", milestone="stop", amount=4, unit="work_hour"),
    row(3, "06001", "roof", milestone="penalise", amount=7, unit="work_day"),
]


def test_rows_of_one_condition_are_one_limit_with_milestones_in_order():
    limit = Limits.of(ILLEGAL_BUILDING).limit_for("06001")

    assert limit.row == 2
    assert limit.milestones == (
        Milestone("stop", 4, Unit.WORK_HOUR),
        Milestone("penalise", 7, Unit.WORK_DAY),
        Milestone("remove", 20, Unit.WORK_DAY),
    )


def test_every_milestone_is_due_counted_from_the_start():
    limit = Limits.of(ILLEGAL_BUILDING).limit_for("06001")

    due = due_times(limit, local("2026-06-01 14:00"), YUNXI)

    assert due == {
        "stop": local("2026-06-01 18:00"),
        "penalise": local("2026-06-10 14:00"),
        "remove": local("2026-06-29 14:00"),
    }
    assert {at.tzinfo for at in due.values()} == {UTC}


@pytest.mark.parametrize(
    ("category", "row_number"),
    [("01001", 5), ("01002", 4), ("01999", 3), ("02001", 2), ("", 2), ("0", 2)],
)
def test_the_longest_written_beginning_of_the_category_decides(category: str, row_number: int):
    limits = Limits.of([row(2, "*"), row(3, "01"), row(4, "0100"), row(5, "01001")])

    assert limits.limit_for(category).row == row_number


def test_a_named_condition_goes_before_the_default():
    limits = Limits.of(
        [row(2, "01001", "missing"), row(3, "01001", "broken", default=False), row(4, "*", "any")]
    )

    assert limits.limit_for("01001", "broken").row == 3
    assert limits.limit_for("01001").row == 2


def test_a_condition_of_the_class_holds_for_its_categories():
    limits = Limits.of([row(2, "01001", "missing"), row(3, "01", "flooded")])

    assert limits.limit_for("01001", "flooded").row == 3


def test_an_unknown_condition_gets_no_limit_instead_of_the_default():
    limits = Limits.of([row(2, "01001", "missing"), row(3, "*", "any")])

    with pytest.raises(NoLimit, match="'01001' under the condition 'stolen'"):
        limits.limit_for("01001", "stolen")


def test_a_category_nobody_wrote_about_gets_no_limit():
    with pytest.raises(NoLimit, match="add a row, or one for"):
        Limits.of([row(2, "01001")]).limit_for("02001")


@pytest.mark.parametrize(
    ("rows", "number", "reason"),
    [
        ([row(2, "01", unit="hours")], 2, "'hours' is none of urgent_hour"),
        ([row(2, "01", amount=0)], 2, "no amount"),
        ([row(2, "01", amount=-1)], 2, "no amount"),
        ([row(2, "01", amount=float("nan"))], 2, "no amount"),
        ([row(2, "01", amount=10_001)], 2, "no amount"),
        ([row(2, "01"), row(3, "01")], 3, "stands there twice"),
        ([row(2, "01", default=False)], 2, "no default condition"),
        ([row(2, "01", "a"), row(3, "01", "b")], 3, "default condition 'a' already"),
    ],
)
def test_a_broken_limit_is_refused_with_its_row(
    rows: list[dict[str, Any]], number: int, reason: str
):
    with pytest.raises(BrokenLimit, match=reason) as refused:
        Limits.of(rows)

    assert refused.value.row == number


codes = st.text("01", max_size=4)


@given(st.sets(codes.filter(bool)), codes)
def test_the_limit_found_is_the_longest_beginning_or_the_fallback(written: set[str], code: str):
    rows = [row(n, category) for n, category in enumerate(sorted(written), start=3)]
    limits = Limits.of([row(2, "*"), *rows])

    found = limits.limit_for(code).category

    assert found == max((w for w in written if code.startswith(w)), key=len, default="*")


@given(st.permutations([*ILLEGAL_BUILDING, row(5, "*"), row(6, "06", "dirt")]))
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, Any]]):
    limits = Limits.of(rows)

    starts = datetime(2026, 6, 1, 2, tzinfo=UTC)
    assert list(due_times(limits.limit_for("06001"), starts, YUNXI)) == [
        "stop",
        "penalise",
        "remove",
    ]
    assert [limit.row for limit in limits] == [5, 6, 2]
    assert len(limits) == 3
