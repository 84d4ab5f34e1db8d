"""The embedded log in PostgreSQL, as Faust's transport uses it."""

from collections.abc import Mapping, Sequence
from typing import Final

from streams.embedded.bell import Bell
from streams.embedded.log import Entry, Place, Record, Roll
from streams.embedded.postgres import groups, records
from streams.embedded.postgres.records import Connection
from streams.embedded.postgres.session import Listener, Session

READ_BYTES: Final = 8 << 20
"""What one read brings at most, per partition, besides its first record."""

READ: Final = """
    SELECT r.topic, r.partition, r.record_offset, r.key, r.value,
           extract(epoch FROM r.appended_at)::float8
      FROM unnest(%(topics)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[])
           AS wanted (topic, partition, record_offset)
     CROSS JOIN LATERAL (
           SELECT n.*,
                  sum(octet_length(n.value)) OVER (ORDER BY n.record_offset)
                      - octet_length(n.value) AS bytes_before
             FROM (SELECT *
                     FROM streamlog.record
                    WHERE topic = wanted.topic
                      AND partition = wanted.partition
                      AND record_offset >= wanted.record_offset
                    ORDER BY record_offset
                    LIMIT %(limit)s) n
           ) r
     WHERE r.bytes_before < %(bytes)s
     ORDER BY r.topic, r.partition, r.record_offset
"""

BOUNDS: Final = """
    SELECT h.topic, h.partition, h.first_offset, h.next_offset
      FROM unnest(%(topics)s::text[], %(partitions)s::integer[]) AS p (topic, partition)
      JOIN streamlog.head h USING (topic, partition)
"""


class PostgresLog:
    """A log in the database at *conninfo*; the tables must exist (log.sql).

    Reading, membership and appending each have a connection of their own, so that a slow append
    cannot let a lease run out.
    """

    def __init__(self, conninfo: str) -> None:
        self.appended, self.regrouped = Bell(), Bell()
        self._reading = Session(conninfo, "streamlog reader")
        self._seated = Session(conninfo, "streamlog member")
        self._writing = Session(conninfo, "streamlog writer")
        self._listener = Listener(
            conninfo,
            {"streamlog_appended": self.appended, "streamlog_regrouped": self.regrouped},
        )

    async def open(self) -> None:
        """Begin to listen for news."""
        self._listener.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._listener.close()
        for session in (self._reading, self._seated, self._writing):
            await session.close()

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        """Create those of *topics* that do not exist; raises PartitionsFixed."""
        await self._writing.run(lambda conn: records.create_topics(conn, topics))

    async def partitions(self, topic: str) -> int:
        """Number of partitions of *topic*; raises UnknownTopic."""
        return await self._seated.run(lambda conn: records.partitions(conn, topic))

    async def append(self, topic: str, entries: Sequence[Entry]) -> list[tuple[int, int]]:
        """Append *entries*; if the connection is lost just then, possibly twice."""
        return await self._writing.run(lambda conn: records.append_entries(conn, topic, entries))

    async def read(self, positions: Mapping[Place, int], limit: int) -> list[Record]:
        """Up to *limit* records and about READ_BYTES of each place, from its position on."""
        places = sorted(positions)
        facts = {"limit": limit, "bytes": READ_BYTES, **groups.columns(places)}
        facts["offsets"] = [positions[place] for place in places]

        async def fetch(conn: Connection) -> list[Record]:
            cursor = await conn.execute(READ, facts, binary=True)
            return [Record(*row) for row in await cursor.fetchall()]

        return await self._reading.run(fetch)

    async def bounds(self, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
        """First kept offset and next offset to be given, of each of *places*."""

        async def fetch(conn: Connection) -> dict[Place, tuple[int, int]]:
            cursor = await conn.execute(BOUNDS, groups.columns(places))
            return {(row[0], row[1]): (row[2], row[3]) for row in await cursor.fetchall()}

        return await self._seated.run(fetch)

    async def join(self, group: str, member: str, topics: Sequence[str], lease_s: float) -> None:
        """Enter *group*; it moves to its next generation."""
        await self._seated.run(lambda conn: groups.join(conn, group, member, topics, lease_s))

    async def beat(self, group: str, member: str, lease_s: float) -> int:
        """Renew the lease, put out those whose lease ran out; gives the generation."""
        return await self._seated.run(lambda conn: groups.beat(conn, group, member, lease_s))

    async def take_note(self, group: str, member: str, generation: int) -> Roll:
        """Record that *member* stopped all work of generations before *generation*."""
        return await self._seated.run(
            lambda conn: groups.take_note(conn, group, member, generation)
        )

    async def claim(self, group: str, generation: int, places: Sequence[Place]) -> dict[Place, int]:
        """Take *places* over for *generation*; raises Fenced, UnknownTopic."""
        return await self._seated.run(lambda conn: groups.claim(conn, group, generation, places))

    async def commit(self, group: str, generation: int, offsets: Mapping[Place, int]) -> None:
        """Resume from *offsets* next time; raises Fenced."""
        await self._seated.run(lambda conn: groups.commit(conn, group, generation, offsets))

    async def leave(self, group: str, member: str) -> None:
        """Leave *group*."""
        await self._seated.run(lambda conn: groups.leave(conn, group, member))
