"""The plan of a run is the seed and nothing else, and leaves no kind of fault out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.faults.strike import STRIKES
from tests.chaos.kinds import ENGINES, KINDS
from tests.chaos.plan import LONGEST_PAUSE_S, SHORTEST_PAUSE_S, Plan

engines = st.sampled_from(ENGINES)
seeds = st.integers(0, 10_000)


@given(seeds, st.integers(1, 300), engines)
def test_the_same_seed_gives_the_same_plan(seed: int, faults: int, engine: str) -> None:
    first, again = (Plan.of(seed, faults, engine) for _ in range(2))

    assert first == again
    assert [fault.n for fault in first] == list(range(1, faults + 1))


def test_another_seed_gives_another_plan() -> None:
    assert Plan.of(1, 50, "pglog").faults != Plan.of(2, 50, "pglog").faults


@given(seeds, engines)
def test_two_hundred_faults_hold_every_kind_that_the_engine_knows(seed: int, engine: str) -> None:
    plan = Plan.of(seed, 200, engine)

    assert {fault.kind for fault in plan} == {
        kind.name for kind in KINDS.values() if engine in kind.engines
    }


@given(seeds, engines)
def test_every_fault_strikes_what_its_kind_may_and_within_its_bounds(
    seed: int, engine: str
) -> None:
    for fault in Plan.of(seed, 60, engine):
        kind = KINDS[fault.kind]
        assert fault.target in kind.targets
        assert SHORTEST_PAUSE_S <= fault.pause_s <= LONGEST_PAUSE_S
        for name, (least, most) in kind.spans.items():
            assert least <= fault.args[name] <= most


def test_kinds_that_cannot_be_done_are_left_out() -> None:
    plan = Plan.of(1, 100, "pglog", without={"disk-full"}, only={"disk-full", "redis-flushed"})

    assert {fault.kind for fault in plan} == {"redis-flushed"}


def test_a_plan_without_any_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no kind of fault is left"):
        Plan.of(1, 10, "pglog", only={"broker-killed"})


def test_there_is_somebody_who_does_each_kind() -> None:
    assert STRIKES.keys() == KINDS.keys()
