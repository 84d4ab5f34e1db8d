"""Three real brokers: what was acknowledged outlives one of them; orders to the cluster work."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from app.services.kafka import bootstrap_servers, create_topics
from tests.chaos.brokers import REPLICATION, Brokers
from tests.chaos.faults import kafka

pytestmark = [pytest.mark.kafka, pytest.mark.long]


@pytest.fixture(scope="module")
def brokers(kafka_url: str) -> Iterator[Brokers]:
    # kafka_url says whether a broker can be had here; this cluster is the tests' own.
    folder = Path(tempfile.mkdtemp(prefix="citygrid-brokers-"))
    folder.chmod(0o711)
    cluster = Brokers(folder)
    with cluster.running():
        yield cluster
    shutil.rmtree(folder)


@pytest.fixture
async def topic(brokers: Brokers) -> str:
    name = f"t-{secrets.token_hex(4)}.v1"
    await create_topics(brokers.url, {name: 1}, replication=REPLICATION)
    return name


async def produce(url: str, topic: str, values: Sequence[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=",".join(bootstrap_servers(url)), acks="all")
    async with producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def consume(url: str, topic: str, count: int, group: str | None = None) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=",".join(bootstrap_servers(url)),
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    async with consumer:
        values = [(await consumer.getone()).value for _ in range(count)]
        if group:
            await consumer.commit()
    return values


async def test_what_was_acknowledged_outlives_the_leader(brokers: Brokers, topic: str) -> None:
    await produce(brokers.url, topic, [b"acknowledged"])
    leader = (await kafka.leaders(brokers.url, topic))[0]

    brokers.kill(brokers.name_of(leader))

    assert await consume(brokers.url, topic, 1) == [b"acknowledged"]
    await produce(brokers.url, topic, [b"two are enough"])
    brokers.start(brokers.name_of(leader))
    assert brokers.runs(brokers.name_of(leader))
    assert await consume(brokers.url, topic, 2) == [b"acknowledged", b"two are enough"]


async def test_a_leader_is_moved_while_all_brokers_live(brokers: Brokers, topic: str) -> None:
    await produce(brokers.url, topic, [b"one"])

    before, now = await kafka.move_leader(brokers.peer_url, topic, 0)

    assert now != before
    assert await kafka.leaders(brokers.url, topic) == {0: now}
    await produce(brokers.url, topic, [b"two"])
    assert await consume(brokers.url, topic, 2) == [b"one", b"two"]


async def test_a_truncated_topic_holds_only_what_comes_later(brokers: Brokers, topic: str) -> None:
    await produce(brokers.url, topic, [b"one", b"two"])

    dropped = await kafka.truncate(brokers.peer_url, topic)

    assert dropped == 2
    await produce(brokers.url, topic, [b"three"])
    assert await consume(brokers.url, topic, 1) == [b"three"]


async def test_destroyed_topics_are_there_again_without_records_and_offsets(
    brokers: Brokers, topic: str
) -> None:
    group = f"{topic}-readers"
    await produce(brokers.url, topic, [b"one", b"two"])
    await consume(brokers.url, topic, 2, group)

    destroyed = await kafka.destroy(brokers.peer_url, {topic: 1}, replication=REPLICATION)

    assert topic in destroyed
    assert await committed(brokers.url, topic, group) is None
    await produce(brokers.url, topic, [b"three"])
    assert await consume(brokers.url, topic, 1, group) == [b"three"]


async def committed(url: str, topic: str, group: str) -> int | None:
    consumer = AIOKafkaConsumer(bootstrap_servers=",".join(bootstrap_servers(url)), group_id=group)
    async with consumer:
        return await consumer.committed(TopicPartition(topic, 0))
