"""How far a group of workers has got with a partition of samples, and what it remembers of them.

Whoever writes must know the offset that stands here: the fence. Two that believe a partition to be
theirs can thus not both write, and nothing is counted or raised twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

from dispatch.errors import DispatchError

_READ: Final = """
    SELECT next_offset, beginning, state
      FROM sensing_checkpoint
     WHERE group_name = %(group)s
       AND topic = %(topic)s
       AND partition = %(partition)s
"""

_FENCE: Final = """
    SELECT next_offset
      FROM sensing_checkpoint
     WHERE group_name = %(group)s
       AND topic = %(topic)s
       AND partition = %(partition)s
"""

_BEGIN: Final = """
    INSERT INTO sensing_checkpoint (group_name, topic, partition, next_offset, beginning, state,
                                    counts, written_at)
    VALUES (%(group)s, %(topic)s, %(partition)s, %(next)s, %(beginning)s, %(state)s, %(counts)s,
            %(now)s)
        ON CONFLICT DO NOTHING
"""

# The row is locked until the end of the transaction: a second writer waits, and then finds another
# offset than it knows.
_GO_ON: Final = """
    UPDATE sensing_checkpoint c
       SET next_offset = %(next)s, beginning = %(beginning)s, state = %(state)s,
           written_at = %(now)s,
           counts = c.counts || (
               SELECT coalesce(jsonb_object_agg(
                          more.key, coalesce((c.counts->>more.key)::bigint, 0)
                                    + more.value::bigint), '{}')
                 FROM jsonb_each_text(%(counts)s) more)
     WHERE c.group_name = %(group)s
       AND c.topic = %(topic)s
       AND c.partition = %(partition)s
       AND c.next_offset = %(fence)s
       AND c.beginning IS NOT DISTINCT FROM %(known)s
"""

_SEEN: Final = """
    INSERT INTO sensor_state AS s (device, at, value, seen_at, samples, faults)
    SELECT r.device, r.at, r.value, %(now)s, r.samples, r.faults
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           device text, at timestamptz, value float8, samples bigint, faults jsonb)
     ORDER BY r.device
        ON CONFLICT (device) DO UPDATE
       SET at = greatest(s.at, excluded.at),
           value = CASE WHEN excluded.at IS NULL OR s.at > excluded.at
                        THEN s.value ELSE excluded.value END,
           seen_at = excluded.seen_at,
           samples = s.samples + excluded.samples,
           faults = CASE WHEN excluded.faults = '{}' THEN s.faults ELSE s.faults || (
               SELECT jsonb_object_agg(
                          more.key, coalesce((s.faults->>more.key)::bigint, 0) + more.value::bigint)
                 FROM jsonb_each_text(excluded.faults) more) END
"""

_STATES: Final = """
    WITH standing AS (
           SELECT device, count(*) AS alarms FROM alarm WHERE state = 'raised' GROUP BY device)
    SELECT device, s.at, s.value, s.seen_at, coalesce(s.samples, 0) AS samples,
           coalesce(s.faults, '{}') AS faults, coalesce(a.alarms, 0) AS alarms
      FROM sensor_state s
      FULL JOIN standing a USING (device)
"""

_COUNTS: Final = """
    SELECT each.key, sum(each.value::bigint)
      FROM sensing_checkpoint c
     CROSS JOIN jsonb_each_text(c.counts) each
     GROUP BY each.key
     ORDER BY each.key
"""


class FenceLost(DispatchError):
    """Somebody else has written the checkpoint of a partition: what is in memory is void."""

    def __init__(self, place: Place) -> None:
        super().__init__(f"{place.topic}/{place.partition} is read by somebody else of this group")
        self.place = place


@dataclass(frozen=True, slots=True)
class Place:
    """A partition as a group reads it."""

    group: str
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is remembered up to, not including, *next_offset*.

    *beginning* is the digest of record 0, None when nobody has seen that. A topic that was made
    anew begins with another.
    """

    next_offset: int
    beginning: bytes | None
    state: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a device since it was last written; *at* None: nothing that can be shown."""

    device: str
    at: datetime | None
    value: float | None
    samples: int
    faults: Mapping[str, int]


async def read_checkpoint(conn: AsyncConnection, place: Place) -> Checkpoint | None:
    """The checkpoint of a partition, None when the group has never read it."""
    async with conn.cursor(row_factory=class_row(Checkpoint)) as cur:
        await cur.execute(_READ, _named(place))
        return await cur.fetchone()


async def read_fence(conn: AsyncConnection, place: Place) -> int | None:
    """The offset up to which a partition was kept, None when the group has never read it."""
    found = await conn.execute(_FENCE, _named(place))
    row = await found.fetchone()
    return row[0] if row else None


async def write_checkpoint(
    conn: AsyncConnection,
    place: Place,
    checkpoint: Checkpoint,
    *,
    before: Checkpoint | None,
    counts: Mapping[str, int],
    now: datetime,
) -> None:
    """Put *checkpoint* in the place of *before*, and add to the counts. Raises FenceLost.

    Call it first in a transaction: it keeps every other writer of the partition out.
    """
    values = {
        **_named(place),
        "next": checkpoint.next_offset,
        "beginning": checkpoint.beginning,
        "state": checkpoint.state,
        "counts": msgspec.json.encode(counts).decode(),
        "now": now,
        "fence": before.next_offset if before else None,
        "known": before.beginning if before else None,
    }
    done = await conn.execute(_GO_ON if before else _BEGIN, values)
    if done.rowcount != 1:
        raise FenceLost(place)


async def write_seen(conn: AsyncConnection, seen: Sequence[Seen], now: datetime) -> None:
    """Add to what is known of the devices."""
    if seen:
        rows = msgspec.json.encode(sorted(seen, key=lambda one: one.device)).decode()
        await conn.execute(_SEEN, {"rows": rows, "now": now})


def _named(place: Place) -> dict[str, object]:
    return {"group": place.group, "topic": place.topic, "partition": place.partition}


@dataclass(frozen=True, slots=True)
class SensorState:
    """What is known of a device; *alarms* are those that stand. All but that may be seconds old."""

    device: str
    at: datetime | None
    value: float | None
    seen_at: datetime | None
    samples: int
    faults: Mapping[str, int]
    alarms: int


async def read_sensor_states(conn: AsyncConnection) -> dict[str, SensorState]:
    """What is known of every device of which something came, or that is in alarm."""
    async with conn.cursor(row_factory=class_row(SensorState)) as cur:
        await cur.execute(_STATES)
        return {row.device: row for row in await cur.fetchall()}


async def read_counts(conn: AsyncConnection) -> dict[str, int]:
    """Samples of all partitions and groups: how many came, were taken, and were at fault."""
    found = await conn.execute(_COUNTS)
    return {reason: int(count) for reason, count in await found.fetchall()}
