"""Jumps of the database's clock are told from its slow drift, however often one looks."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.clock_trust import Anchor, Judgement, Known, Reading, Trust, judge, may_judge
from tests.makers import NOON

FRESH = Known(Trust.TRUSTED, 0.0, "", None, None)
SOUND = Known(Trust.TRUSTED, 0.0, "", Anchor(1000.0, NOON), NOON)


def read(after_s: float, *, ahead_s: float = 0.0, took_s: float = 0.0) -> Reading:
    """A reading so long after the anchor of SOUND, of a clock that is so much ahead."""
    at = NOON + timedelta(seconds=after_s + ahead_s)
    return Reading("mill", 1000 + after_s - took_s / 2, 1000 + after_s + took_s / 2, at)


def after(known: Known, reading: Reading) -> Known:
    """What is known when the judgement is written down."""
    judged = judge(known, reading)
    latest_at = judged.anchor.database_at if judged.anchor else known.latest_at
    who = known.decided_by if judged.trust is known.trust else reading.machine
    return Known(judged.trust, judged.drift_s, who, judged.anchor or known.anchor, latest_at)


def test_the_first_reading_ever_becomes_the_anchor_and_judges_nothing() -> None:
    reading = read(0)

    assert not may_judge(FRESH, reading)
    assert judge(FRESH, reading) == Judgement(Trust.TRUSTED, 0.0, Anchor(1000.0, NOON))


@pytest.mark.parametrize("ahead_s", [5.1, -5.1, 7200, -432_000])
def test_a_jump_freezes_and_is_no_time_to_judge_by(ahead_s: float) -> None:
    reading = read(60, ahead_s=ahead_s)

    assert not may_judge(SOUND, reading)
    assert judge(SOUND, reading).trust is Trust.FROZEN
    assert judge(SOUND, reading).drift_s == pytest.approx(ahead_s)


@pytest.mark.parametrize("ahead_s", [4.9, -4.9, 0])
def test_a_small_step_does_not_freeze(ahead_s: float) -> None:
    reading = read(60, ahead_s=ahead_s)

    assert may_judge(SOUND, reading)
    assert judge(SOUND, reading).trust is Trust.TRUSTED


def test_the_same_machine_releases_when_the_clock_is_right_again() -> None:
    frozen = after(SOUND, read(60, ahead_s=7200))

    assert not may_judge(frozen, read(61))
    assert after(frozen, read(61)).trust is Trust.TRUSTED


def test_what_one_machine_saw_no_other_denies() -> None:
    frozen = replace(SOUND, trust=Trust.FROZEN, drift_s=7200.0, decided_by="bridge")

    assert after(frozen, read(61)).trust is Trust.FROZEN


def test_a_reading_that_took_too_long_decides_nothing() -> None:
    reading = read(60, took_s=12)

    assert not may_judge(SOUND, reading)
    assert judge(SOUND, reading) == Judgement(Trust.TRUSTED, 0.0)


def test_a_jump_is_seen_through_a_slow_reading() -> None:
    assert judge(SOUND, read(60, ahead_s=7200, took_s=12)).trust is Trust.FROZEN


@pytest.mark.parametrize(
    ("drift_s", "ahead_s", "trust"),
    [
        (0.0, 0.0, Trust.TRUSTED),
        (0.0, 3600.0, Trust.TRUSTED),  # nobody can tell
        (0.0, 3601.0, Trust.FROZEN),
        (0.0, 28_800.0, Trust.FROZEN),  # local time taken for UTC
        (0.0, -60.0, Trust.FROZEN),
        (-432_000.0, 0.0, Trust.TRUSTED),
        (-432_000.0, -431_000.0, Trust.FROZEN),
        (7200.0, 0.0, Trust.FROZEN),
        (7200.0, 7200.0, Trust.FROZEN),
    ],
)
def test_a_machine_that_was_started_anew_believes_a_clock_near_what_is_known(
    drift_s: float, ahead_s: float, trust: Trust
) -> None:
    before = Trust.FROZEN if drift_s else Trust.TRUSTED
    known = Known(before, drift_s, "an earlier start", None, NOON)

    assert after(known, read(0, ahead_s=ahead_s)).trust is trust


def test_a_machine_that_started_on_a_wrong_clock_releases_it_when_it_is_right() -> None:
    started = replace(FRESH, latest_at=NOON)
    frozen = after(started, read(0, ahead_s=28_800))

    still, right = after(frozen, read(1, ahead_s=28_801)), after(frozen, read(60))

    assert (frozen.trust, frozen.anchor, still.trust) == (Trust.FROZEN, None, Trust.FROZEN)
    assert (right.trust, right.drift_s) == (Trust.TRUSTED, 0.0)
    assert may_judge(right, read(61))


def test_another_machine_does_not_release_it() -> None:
    frozen = after(replace(FRESH, latest_at=NOON), read(0, ahead_s=28_800))

    assert after(frozen, replace(read(60), machine="bridge")).trust is Trust.FROZEN


@given(
    rate=st.floats(-0.0009, 0.0009),
    pauses=st.lists(st.floats(0.2, 3600), min_size=1, max_size=60),
)
def test_slow_drift_never_freezes(rate: float, pauses: list[float]) -> None:
    known, elapsed = after(FRESH, read(0)), 0.0
    for pause in pauses:
        elapsed += pause
        reading = read(elapsed, ahead_s=rate * elapsed)

        assert may_judge(known, reading)
        known = after(known, reading)


@given(steps=st.lists(st.floats(1.0, 4.9), min_size=8, max_size=20))
def test_a_jump_in_small_steps_is_a_jump(steps: list[float]) -> None:
    known, ahead = SOUND, 0.0
    for second, step in enumerate(steps, 1):
        ahead += step
        known = after(known, read(second, ahead_s=ahead))

    assert known.trust is Trust.FROZEN


@given(
    looks=st.lists(st.floats(0.1, 5), min_size=1, max_size=30),
    jump=st.sampled_from([-432_000.0, -6.0, 6.0, 7200.0]),
    back=st.floats(-4.9, 4.9),
)
def test_however_often_one_looks_meanwhile_a_clock_that_comes_back_is_trusted(
    looks: list[float], jump: float, back: float
) -> None:
    known, elapsed = after(SOUND, read(1)), 1.0
    for pause in looks:
        elapsed += pause
        reading = read(elapsed, ahead_s=jump)
        assert not may_judge(known, reading)
        known = after(known, reading)
        assert known.trust is Trust.FROZEN

    known = after(known, read(elapsed + 1, ahead_s=back))

    assert known.trust is Trust.TRUSTED
