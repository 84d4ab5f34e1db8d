"""The three engines as the contract tests use them: making topics, producing, losing offsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import psycopg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import DeleteGroupsRequest

from app.services.kafka import bootstrap_servers, create_topics
from streams.embedded import postgres
from streams.embedded.log import Entry, slot_of
from streams.embedded.memory import memory_log
from tests.contract.waiting import until

Pair = tuple[bytes, bytes]


class Engine(Protocol):
    """An engine under test."""

    url: str

    async def create_topics(self, topics: Mapping[str, int]) -> None: ...

    async def produce(self, topic: str, pairs: Sequence[Pair]) -> None:
        """Append (key, value) pairs, durable when this returns."""
        ...

    async def lose_offsets(self, group: str) -> None:
        """Forget everything the group committed; none of its members may be running."""
        ...


class SharedEngine(Engine, Protocol):
    """An engine that several processes can share."""

    async def make_anew(self, topic: str, partitions: int) -> None:
        """Destroy the topic with all that was committed for it, and make it again, empty."""
        ...

    async def committed(self, group: str, topic: str) -> int:
        """How many records of the topic the group has committed."""
        ...


@dataclass
class Memory:
    url: str

    @classmethod
    def new(cls) -> Memory:
        return cls(f"memlog://{uuid4().hex}")

    @property
    def _log(self):
        return memory_log(self.url.removeprefix("memlog://"))

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        await self._log.create_topics(topics)

    async def produce(self, topic: str, pairs: Sequence[Pair]) -> None:
        await self._log.append(topic, [Entry(slot_of(key), key, value) for key, value in pairs])

    async def lose_offsets(self, group: str) -> None:
        self._log.forget_group(group)


@dataclass
class Postgres:
    database_url: str

    @property
    def url(self) -> str:
        return "pglog" + self.database_url.removeprefix("postgresql")

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        async with await self._connect() as conn:
            await conn.execute(postgres.log_schema().encode())
            await postgres.create_topics(conn, topics)

    async def produce(self, topic: str, pairs: Sequence[Pair]) -> None:
        async with await self._connect() as conn:
            await postgres.append(conn, topic, pairs)

    async def lose_offsets(self, group: str) -> None:
        async with await self._connect() as conn:
            await postgres.forget_group(conn, group)

    async def make_anew(self, topic: str, partitions: int) -> None:
        async with await self._connect() as conn:
            await conn.execute(
                "TRUNCATE streamlog.record, streamlog.committed, streamlog.member,"
                " streamlog.consumer_group, streamlog.head, streamlog.topic"
            )
            await postgres.create_topics(conn, {topic: partitions})

    async def committed(self, group: str, topic: str) -> int:
        async with await self._connect() as conn:
            found = await conn.execute(
                "SELECT coalesce(sum(next_offset), 0)::int FROM streamlog.committed"
                " WHERE group_name = %s AND topic = %s",
                (group, topic),
            )
            row = await found.fetchone()
            return row[0] if row else 0

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(self.database_url)


@dataclass
class Kafka:
    url: str

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        await create_topics(self.url, topics)

    async def produce(self, topic: str, pairs: Sequence[Pair]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers(self.url), acks="all")
        await producer.start()
        try:
            for receipt in [await producer.send(topic, key=k, value=v) for k, v in pairs]:
                await receipt
        finally:
            await producer.stop()

    async def lose_offsets(self, group: str) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers(self.url))
        await admin.start()
        try:
            coordinator = await admin.find_coordinator(group)

            async def deleted() -> bool:
                # aiokafka knows the request but has no method for it.
                answer = await admin._send_request(DeleteGroupsRequest([group]), coordinator)
                return answer.results[0][1] == 0

            await until(deleted, what=f"group {group} to be deleted")
        finally:
            await admin.close()

    async def make_anew(self, topic: str, partitions: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers(self.url))
        await admin.start()
        try:
            await admin.delete_topics([topic])

            async def gone() -> bool:
                return topic not in await admin.list_topics()

            await until(gone, what=f"{topic} to be deleted")
        finally:
            await admin.close()
        await self.create_topics({topic: partitions})

    async def committed(self, group: str, topic: str) -> int:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers(self.url))
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(group)
        finally:
            await admin.close()
        return sum(max(0, at.offset) for place, at in offsets.items() if place.topic == topic)
