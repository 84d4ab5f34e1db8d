"""A broker going away in the middle of a conversation is an absence, and never a defect of ours."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaError

from app.modes import Mode
from app.probing import KafkaProbe
from app.services.kafka import create_topics
from streams.carriers import KafkaCarrier

TOLD = "unable to perform operation on <TCPTransport closed=True>; the handler is closed"


class ClosedUnderUvloop:
    """How uvloop's transport behaves once it was closed; asyncio's own takes bytes and warns."""

    def write(self, data: bytes) -> None:
        raise RuntimeError(TOLD)

    def close(self) -> None:
        """It is."""


def hang_up(client: Any) -> None:
    """All connections of an aiokafka client are closed, and it has not noticed yet."""
    for connection in client._conns.values():
        connection._writer.close()
        connection._writer = ClosedUnderUvloop()


async def test_the_probe_says_that_kafka_is_away_and_finds_it_again(kafka_url: str) -> None:
    probe: Any = KafkaProbe(kafka_url)
    await probe.look()
    hang_up(probe._client)

    seen = [await probe.look(), await probe.look()]

    assert seen == [(Mode.KAFKA_AWAY,), ()]
    await probe.close()


@pytest.mark.long
async def test_the_probe_can_be_closed_on_a_connection_that_broke(kafka_url: str) -> None:
    probe: Any = KafkaProbe(kafka_url)
    await probe.look()
    client = probe._client
    hang_up(client)
    client.force_metadata_update()  # its own task meets the broken connection
    await asyncio.wait({client._sync_task}, timeout=30)

    await probe.close()

    assert probe._client is None


async def test_a_producer_that_broke_for_good_is_not_asked_again(kafka_url: str) -> None:
    topic = f"broken.{uuid4().hex[:8]}"
    await create_topics(kafka_url, {topic: 1})
    carrier: Any = KafkaCarrier(kafka_url)
    await carrier.carry(topic, [(b"key", b"value")])
    carrier._producer._message_accumulator.fail_all(RuntimeError("the handler is closed"))

    with pytest.raises(KafkaError, match="the handler is closed"):
        await carrier.carry(topic, [(b"key", b"value")])
    await carrier.carry(topic, [(b"key", b"value")])

    await carrier.close()
