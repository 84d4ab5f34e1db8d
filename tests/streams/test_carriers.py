"""Carrying to Kafka when there is none."""

from __future__ import annotations

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.carriers import KafkaCarrier
from streams.topics import OBSERVATIONS


async def test_a_broker_that_is_away_is_told_each_time_and_not_waited_for():
    carrier = KafkaCarrier("kafka://127.0.0.1:1")

    for _ in range(3):
        with pytest.raises(KafkaConnectionError):
            await carrier.carry(OBSERVATIONS, [(b"area", b"value")])
