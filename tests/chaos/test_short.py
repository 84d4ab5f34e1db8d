"""A short run on each engine: nothing lost, nothing twice. `make chaos` runs the long ones."""

from __future__ import annotations

from typing import Any

import pytest

from app.services.errors import JarsUnavailable, MissingProgram
from tests.chaos.run import run


def test_a_city_on_the_log_in_postgresql_survives_random_faults() -> None:
    told = run("pglog", 25, seed=11, short=True)

    assert_whole(told)


@pytest.mark.kafka
def test_a_city_on_kafka_survives_random_faults() -> None:
    try:
        told = run("kafka", 20, seed=12, short=True)
    except (MissingProgram, JarsUnavailable) as fault:
        pytest.skip(f"no Apache Kafka on this machine: {fault}")

    assert_whole(told)


def assert_whole(told: dict[str, Any]) -> None:
    assert told["checks"] == told["defects"] == {}
    assert told["lost"] == told["doubled"] == told["effects_missing"] == 0
    assert told["accepted"] > 300
    assert told["snapshots_wrong"] == 0
    assert told["snapshots_true"] > 10
