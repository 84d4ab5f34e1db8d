"""Making topics on a broker: on purpose, with their number of partitions, before anything runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from app.services.errors import TopicMismatch

_PATIENCE_S = 30.0
_PAUSE_S = 0.05


async def create_topics(url: str, topics: Mapping[str, int], *, replication: int = 1) -> None:
    """Make each topic of *topics* (name → partitions) that is not there yet.

    *url* is ``kafka://host:port[,host:port…]``. Returns when every partition has its leader. A
    topic that is there with the same number of partitions is left as it is. Raises TopicMismatch
    where the number differs, aiokafka's KafkaError, and TimeoutError after 30 s.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers(url))
    await admin.start()
    try:
        there = set(await admin.list_topics())
        wanted = [
            NewTopic(name, partitions, replication)
            for name, partitions in topics.items()
            if name not in there
        ]
        if wanted:
            _check_made(await admin.create_topics(wanted, timeout_ms=int(_PATIENCE_S * 1000)))
        async with asyncio.timeout(_PATIENCE_S):
            await _await_leaders(admin, topics)
    finally:
        await admin.close()


def bootstrap_servers(url: str) -> list[str]:
    """The brokers of a ``kafka://`` URL, each as host:port."""
    return url.removeprefix("kafka://").rstrip("/").split(",")


def _check_made(response: Any) -> None:
    for name, code, *message in response.topic_errors:
        fault = for_code(code)
        if code and fault is not TopicAlreadyExistsError:  # made by another starter meanwhile
            raise fault(f"topic {name} was not made: {message}")


async def _await_leaders(admin: AIOKafkaAdminClient, topics: Mapping[str, int]) -> None:
    described = await admin.describe_topics(list(topics))
    while not _all_led(described):
        await asyncio.sleep(_PAUSE_S)
        described = await admin.describe_topics(list(topics))
    for topic in described:
        found, wanted = len(topic["partitions"]), topics[topic["topic"]]
        if found != wanted:
            raise TopicMismatch(topic["topic"], found, wanted)


def _all_led(described: list[Any]) -> bool:
    return all(
        topic["error_code"] == 0 and all(part["leader"] >= 0 for part in topic["partitions"])
        for topic in described
    )
