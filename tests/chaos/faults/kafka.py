"""What can happen to topics: leaders move, topics and offsets are gone, a topic is emptied.

Orders go to the cluster at *url*, `kafka://host:port[,…]`; give the brokers' own address, not one
that leads through a proxy. Killing and restarting brokers is `tests.chaos.brokers`. All raise
aiokafka's KafkaError, and TimeoutError after *PATIENCE_S*.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import for_code
from aiokafka.protocol.admin import AlterPartitionReassignmentsRequest, DeleteGroupsRequest

from app.services.kafka import bootstrap_servers, create_topics

PATIENCE_S: Final = 20.0
_LOOK_AGAIN_S: Final = 0.05
_TIMEOUT_MS: Final = 10_000
_NO_TAGS: Final[Any] = {}


async def leaders(url: str, topic: str) -> Mapping[int, int]:
    """Which node leads each partition of the topic; -1 where nobody does."""
    async with _admin(url) as admin:
        return await _leaders(admin, topic)


async def move_leader(url: str, topic: str, partition: int) -> tuple[int, int]:
    """Give a partition another leader, all brokers living; the nodes that led before and now.

    Needs more than one copy. The old leader is taken from the copies for a moment: Kafka then has
    to choose another.
    """
    async with _admin(url) as admin, asyncio.timeout(PATIENCE_S):
        before, replicas = await _standing(admin, topic, partition)
        others = [node for node in replicas if node != before]
        if not others:
            raise ValueError(f"{topic}[{partition}] has one copy, nobody else can lead it")
        await _place(admin, topic, partition, others)
        now, _ = await _standing(admin, topic, partition)
        while now in (before, -1):
            await asyncio.sleep(_LOOK_AGAIN_S)
            now, _ = await _standing(admin, topic, partition)
        await _place(admin, topic, partition, [*others, before])
    return before, now


async def truncate(url: str, topic: str) -> int:
    """Delete every record the topic holds now, read or not; how many there were."""
    parts = [TopicPartition(topic, number) for number in await leaders(url, topic)]
    consumer = AIOKafkaConsumer(bootstrap_servers=",".join(bootstrap_servers(url)))
    async with consumer, asyncio.timeout(PATIENCE_S):
        begins = await consumer.beginning_offsets(parts)
        ends = await consumer.end_offsets(parts)
    async with _admin(url) as admin, asyncio.timeout(PATIENCE_S):
        await admin.delete_records({part: RecordsToDelete(ends[part]) for part in parts})
    return sum(ends[part] - begins[part] for part in parts)


async def destroy(url: str, topics: Mapping[str, int], *, replication: int = 1) -> list[str]:
    """Delete all topics with all offsets, then make *topics* anew, empty; the names deleted.

    With its topic Kafka forgets what every group had committed for it, also while members of the
    group are at work.
    """
    async with _admin(url) as admin, asyncio.timeout(PATIENCE_S):
        there = [name for name in await admin.list_topics() if not name.startswith("__")]
        if there:
            _check(await admin.delete_topics(there, timeout_ms=_TIMEOUT_MS))
        while set(there) & set(await admin.list_topics()):
            await asyncio.sleep(_LOOK_AGAIN_S)
        await _forget_groups(admin)
    await create_topics(url, topics, replication=replication)
    return there


@asynccontextmanager
async def _admin(url: str) -> AsyncGenerator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers(url))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def _describe(admin: AIOKafkaAdminClient, topic: str) -> Sequence[Mapping[str, Any]]:
    [described] = await admin.describe_topics([topic])
    if described["error_code"]:
        raise for_code(described["error_code"])(topic)
    return described["partitions"]


async def _leaders(admin: AIOKafkaAdminClient, topic: str) -> Mapping[int, int]:
    return {part["partition"]: part["leader"] for part in await _describe(admin, topic)}


async def _standing(
    admin: AIOKafkaAdminClient, topic: str, partition: int
) -> tuple[int, Sequence[int]]:
    """Who leads the partition, and which nodes hold a copy."""
    [part] = [one for one in await _describe(admin, topic) if one["partition"] == partition]
    return part["leader"], part["replicas"]


async def _place(
    admin: AIOKafkaAdminClient, topic: str, partition: int, nodes: Sequence[int]
) -> None:
    """Ask for copies on exactly these nodes."""
    placement: Any = [(topic, [(partition, list(nodes), {})], {})]
    request = AlterPartitionReassignmentsRequest(_TIMEOUT_MS, placement, _NO_TAGS)
    answer = await _order(admin, request)
    codes = [answer.error_code, *(part[1] for _, parts, _ in answer.responses for part in parts)]
    for code in codes:
        if code:
            raise for_code(code)(f"{topic}[{partition}] was not placed on {nodes}")


async def _forget_groups(admin: AIOKafkaAdminClient) -> None:
    """Delete the groups that have no members; the others keep nothing but their members."""
    for group, *_ in await admin.list_consumer_groups():
        coordinator = await admin.find_coordinator(group)
        await _order(admin, DeleteGroupsRequest([group]), coordinator)


async def _order(admin: Any, request: Any, node: int | None = None) -> Any:
    """Send a request that aiokafka knows but has no method for."""
    return await admin._send_request(request, node)


def _check(answer: Any) -> None:
    for name, code in answer.topic_error_codes:
        if code:
            raise for_code(code)(name)
