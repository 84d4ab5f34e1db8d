"""Topics and records on a connection of the caller's, inside or outside a transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from importlib.resources import files
from typing import Any, Final

from psycopg import AsyncConnection, errors
from psycopg.rows import TupleRow

from streams.embedded.errors import LogMissing, PartitionsFixed, RecordTooLarge, UnknownTopic
from streams.embedded.log import MAX_VALUE_BYTES, Entry, slot_of

Connection = AsyncConnection[TupleRow]

# Keys and values come as one string of bytes each, with the length of every piece (-1: no key):
# writing an array of bytes element by element costs the client several times as much.
APPEND: Final = """
    WITH piece AS (
        SELECT n, key_length, value_length,
               sum(greatest(key_length, 0)) OVER before + 1 AS key_start,
               sum(value_length) OVER before + 1 AS value_start
          FROM unnest(%(key_lengths)s::integer[], %(value_lengths)s::integer[])
               WITH ORDINALITY AS length(key_length, value_length, n)
        WINDOW before AS (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), cut AS (
        SELECT array_agg(CASE WHEN key_length >= 0 THEN substring(
                   %(keys)s::bytea FROM coalesce(key_start, 1)::integer FOR key_length) END
                   ORDER BY n) AS keys,
               array_agg(substring(
                   %(values)s::bytea FROM coalesce(value_start, 1)::integer FOR value_length)
                   ORDER BY n) AS record_values
          FROM piece
    )
    SELECT at_partition, at_offset
      FROM cut, streamlog.append(%(topic)s, %(slots)s::bigint[], cut.keys, cut.record_values)
"""

CREATE_TOPIC: Final = """
    WITH created AS (
        INSERT INTO streamlog.topic (name, partitions)
        VALUES (%(topic)s, %(partitions)s)
            ON CONFLICT (name) DO NOTHING
     RETURNING name, partitions
    )
    INSERT INTO streamlog.head (topic, partition)
    SELECT c.name, number
      FROM created c, generate_series(0, c.partitions - 1) AS number
"""

PARTITIONS: Final = "SELECT partitions FROM streamlog.topic WHERE name = %(topic)s"

LAG: Final = """
    SELECT sum(h.next_offset - greatest(h.first_offset, coalesce(c.next_offset, 0)))
      FROM streamlog.head h
      LEFT JOIN streamlog.committed c
        ON c.group_name = %(group)s AND c.topic = h.topic AND c.partition = h.partition
     WHERE h.topic = %(topic)s
"""

# Up to the first young record, and never past what a group still needs. A partition that no group
# has read yet keeps everything.
MOVE_FIRST: Final = """
    WITH kept AS (
        SELECT h.topic, h.partition,
               least(
                   coalesce(
                       (SELECT r.record_offset
                          FROM streamlog.record r
                         WHERE r.topic = h.topic
                           AND r.partition = h.partition
                           AND r.record_offset >= h.first_offset
                           AND r.appended_at >= clock_timestamp() - %(older_than)s
                         ORDER BY r.record_offset
                         LIMIT 1),
                       h.next_offset),
                   CASE WHEN NOT %(force)s THEN coalesce(
                       (SELECT min(c.next_offset)
                          FROM streamlog.committed c
                         WHERE c.topic = h.topic AND c.partition = h.partition),
                       h.first_offset) END
               ) AS first_offset
          FROM streamlog.head h
         WHERE %(topic)s::text IS NULL OR h.topic = %(topic)s
    )
    UPDATE streamlog.head h
       SET first_offset = k.first_offset
      FROM kept k
     WHERE h.topic = k.topic
       AND h.partition = k.partition
       AND h.first_offset < k.first_offset
"""

# Apart from moving the head, whose row lock would keep appends waiting for the deletion.
DELETE_BEFORE_FIRST: Final = """
    DELETE FROM streamlog.record r
     USING streamlog.head h
     WHERE r.topic = h.topic
       AND r.partition = h.partition
       AND r.record_offset < h.first_offset
"""


def log_schema() -> str:
    """The SQL that creates the log's tables; running it again changes nothing."""
    return files("streams.embedded").joinpath("log.sql").read_text(encoding="utf-8")


async def append(
    conn: AsyncConnection[Any], topic: str, records: Sequence[tuple[bytes | None, bytes]]
) -> None:
    """Append (key, value) pairs in their order, in one round trip.

    They become visible when the caller's transaction commits. Until then other appends to the
    same partitions wait, so keep it short; a transaction that appends to several topics should
    always do so in the same order. Raises UnknownTopic, RecordTooLarge.
    """
    await append_entries(conn, topic, [Entry(slot_of(key), key, value) for key, value in records])


async def append_entries(
    conn: AsyncConnection[Any], topic: str, entries: Sequence[Entry]
) -> list[tuple[int, int]]:
    """Append *entries* in their order; gives (partition, offset) of each."""
    refuse_large(topic, entries)
    if not entries:
        return []
    told = {
        "topic": topic,
        "slots": _array(entry.slot for entry in entries),
        "keys": b"".join(entry.key or b"" for entry in entries),
        "key_lengths": _array(-1 if entry.key is None else len(entry.key) for entry in entries),
        "values": b"".join(entry.value for entry in entries),
        "value_lengths": _array(len(entry.value) for entry in entries),
    }
    try:
        cursor = await conn.execute(APPEND, told, binary=True)
        return await cursor.fetchall()
    except errors.NoDataFound as err:
        raise UnknownTopic(topic) from err
    except (errors.UndefinedTable, errors.UndefinedFunction, errors.InvalidSchemaName) as err:
        raise LogMissing from err


def _array(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


def refuse_large(topic: str, entries: Sequence[Entry]) -> None:
    """Raise RecordTooLarge if a key or value is over MAX_VALUE_BYTES."""
    for entry in entries:
        size = max(len(entry.key or b""), len(entry.value))
        if size > MAX_VALUE_BYTES:
            raise RecordTooLarge(topic, size, MAX_VALUE_BYTES)


async def create_topics(conn: AsyncConnection[Any], topics: Mapping[str, int]) -> None:
    """Create those of *topics* (name to number of partitions) that do not exist.

    Raises PartitionsFixed where one exists with another number of partitions.
    """
    for topic, wanted in sorted(topics.items()):
        await conn.execute(CREATE_TOPIC, {"topic": topic, "partitions": wanted})
        has = await partitions(conn, topic)
        if has != wanted:
            raise PartitionsFixed(topic, has, wanted)


async def partitions(conn: AsyncConnection[Any], topic: str) -> int:
    """Number of partitions of *topic*; raises UnknownTopic."""
    cursor = await conn.execute(PARTITIONS, {"topic": topic})
    row = await cursor.fetchone()
    if row is None:
        raise UnknownTopic(topic)
    return row[0]


async def lag(conn: AsyncConnection[Any], group: str, topic: str) -> int:
    """How many records of *topic* the group has yet to commit; raises UnknownTopic."""
    cursor = await conn.execute(LAG, {"group": group, "topic": topic})
    row = await cursor.fetchone()
    if row is None or row[0] is None:
        raise UnknownTopic(topic)
    return int(row[0])


async def trim(
    conn: AsyncConnection[Any],
    older_than: timedelta,
    *,
    topic: str | None = None,
    force: bool = False,
) -> int:
    """Delete records older than *older_than* that every known group has committed.

    Of all topics, or of *topic* alone.
    A group that is down keeps its unread records; forget_group ends that, and *force* deletes by
    age alone. Gives the number of records deleted. Best on an autocommit connection: inside a
    transaction it keeps appends waiting until that ends.
    """
    await conn.execute(MOVE_FIRST, {"older_than": older_than, "topic": topic, "force": force})
    cursor = await conn.execute(DELETE_BEFORE_FIRST)
    return cursor.rowcount


async def forget_group(conn: AsyncConnection[Any], group: str) -> None:
    """Forget a group and its offsets; if it comes back it reads everything that is kept."""
    await conn.execute("DELETE FROM streamlog.consumer_group WHERE name = %s", (group,))
