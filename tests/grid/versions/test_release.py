"""What may be approved and ordered, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from grid.versions.comparing import compare
from grid.versions.errors import (
    AlreadyApproved,
    CodesUsedAgain,
    NotApproved,
    NotCompared,
    TooSoon,
)
from grid.versions.release import (
    LEAD,
    Release,
    Stage,
    check_activation,
    check_approval,
    check_lead,
    summary_of,
)
from tests.grid.versions.makers import cell, square

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ONE, OTHER = square(0, 0), square(1, 0)
DRAFTED = Release(2, "", "planner", NOW)
COMPARED = replace(
    DRAFTED, base=1, comparison=summary_of(compare([cell("a", ONE)], [cell("b", ONE)]))
)
APPROVED = replace(COMPARED, approved_by="chief", approved_at=NOW)


def test_a_release_goes_from_drafted_to_compared_to_approved():
    stages = [one.stage for one in (DRAFTED, COMPARED, APPROVED)]

    assert stages == [Stage.DRAFTED, Stage.COMPARED, Stage.APPROVED]


def test_what_was_compared_with_the_grid_in_force_can_be_approved():
    check_approval(COMPARED, active=1)


@pytest.mark.parametrize(
    ("release", "active", "problem"),
    [(DRAFTED, 1, NotCompared), (COMPARED, 3, NotCompared), (APPROVED, 1, AlreadyApproved)],
)
def test_what_nobody_looked_at_cannot_be_approved(
    release: Release, active: int, problem: type[Exception]
):
    with pytest.raises(problem):
        check_approval(release, active)


def test_codes_that_stand_for_other_ground_are_named():
    swapped = compare([cell("a", ONE), cell("b", OTHER)], [cell("a", OTHER), cell("b", ONE)])

    with pytest.raises(CodesUsedAgain) as refused:
        check_approval(replace(COMPARED, comparison=summary_of(swapped)), active=1)

    assert refused.value.codes == ("a", "b")


def order(release: Release, *, active: int = 1, was_in_force: bool = False) -> None:
    check_activation(release, active=active, was_in_force=was_in_force, active_from=LATER, now=NOW)


def test_an_approved_release_can_be_ordered():
    order(APPROVED)


def test_a_release_that_was_in_force_may_come_back_whatever_followed_it():
    order(APPROVED, active=7, was_in_force=True)


@pytest.mark.parametrize(
    ("release", "active", "problem"), [(COMPARED, 1, NotApproved), (APPROVED, 7, NotCompared)]
)
def test_an_order_for_what_was_not_approved_as_it_stands_is_refused(
    release: Release, active: int, problem: type[Exception]
):
    with pytest.raises(problem):
        order(release, active=active)


def test_the_lead_is_the_least_time_ahead():
    check_lead(NOW + LEAD, NOW)

    with pytest.raises(TooSoon, match="the earliest is 2026-11-23T04:00:05"):
        check_lead(NOW + LEAD - timedelta(seconds=1), NOW)
