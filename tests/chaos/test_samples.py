"""A small replay with kills; `make chaos-samples` runs the large one on Kafka."""

from __future__ import annotations

import pytest

from tests.chaos.samples import messages, run


def test_the_replay_is_the_same_each_time_but_for_when_it_is_packed():
    one, other = (messages(8_000, 3) for _ in range(2))

    assert [key for key, _ in one] == [key for key, _ in other]
    assert 8_000 * 0.8 < len(one) < 8_000 * 1.05


@pytest.mark.long
def test_alarms_are_the_same_whether_or_not_workers_are_killed():
    found = run("pglog", kills=5, samples=8_000, seed=1)

    assert found["alarms"] > 50
    assert (found["missing"], found["invented"], found["wrong"]) == ([], [], {})
    assert found["same"]
