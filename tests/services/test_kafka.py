import secrets
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from app.services import restart, running
from app.services.errors import JarsUnavailable, MissingProgram, TopicMismatch
from app.services.kafka import bootstrap_servers, create_topics
from app.services.kafka.jars import kafka_jars

pytestmark = pytest.mark.kafka


def new_topic() -> str:
    return f"t-{secrets.token_hex(4)}.v1"


async def produce(url: str, topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers(url), acks="all")
    async with producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"k")


async def consume(url: str, topic: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap_servers(url),
        group_id=f"{topic}-readers",
        auto_offset_reset="earliest",
    )
    async with consumer:
        return [(await consumer.getone()).value for _ in range(count)]


async def test_what_is_produced_is_consumed_in_order(kafka_url: str):
    topic = new_topic()
    await create_topics(kafka_url, {topic: 3})

    await produce(kafka_url, topic, [b"one", b"two"])

    assert await consume(kafka_url, topic, 2) == [b"one", b"two"]


async def test_a_topic_that_is_there_is_left_and_another_number_of_partitions_is_refused(
    kafka_url: str,
):
    topic = new_topic()
    await create_topics(kafka_url, {topic: 2})

    await create_topics(kafka_url, {topic: 2})

    with pytest.raises(TopicMismatch, match="has 2 partitions, 4 were asked for"):
        await create_topics(kafka_url, {topic: 4})


async def test_a_broker_killed_in_the_middle_keeps_what_it_acknowledged(
    kafka_url: str, private_home: Path, monkeypatch: pytest.MonkeyPatch
):
    # kafka_url is asked for so that this test, too, is skipped where there is no Kafka.
    monkeypatch.delenv("CITY_KAFKA_URL", raising=False)
    with running(private_home, database=False, redis=False, kafka=True) as services:
        url, topic = services.kafka_url, new_topic()
        assert url is not None
        await create_topics(url, {topic: 1})
        await produce(url, topic, [b"acknowledged"])

        restart(private_home, "kafka", crash=True)

        assert await consume(url, topic, 1) == [b"acknowledged"]


def test_jars_that_maven_cannot_bring_are_a_clear_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", f"{_offline_maven(tmp_path)}:/usr/bin:/bin")

    with pytest.raises(JarsUnavailable, match="Maven could not bring the Apache Kafka jars"):
        kafka_jars(tmp_path / "cache")

    assert not list((tmp_path / "cache").iterdir())


def test_without_maven_the_package_to_install_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingProgram, match="apt-get install maven"):
        kafka_jars(tmp_path / "cache")


def _offline_maven(folder: Path) -> Path:
    """A folder with an mvn that runs the real one without network and with an empty store."""
    program = folder / "bin" / "mvn"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nexec /usr/bin/mvn --offline -Dmaven.repo.local={folder / "store"} "$@"\n'
    )
    program.chmod(0o755)
    return program.parent
