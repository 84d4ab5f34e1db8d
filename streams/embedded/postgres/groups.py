"""Members of a group, their leases, and what the group has committed."""

from collections.abc import Mapping, Sequence
from typing import Final

from streams.embedded.errors import Evicted, Fenced, UnknownTopic
from streams.embedded.log import Place, Roll
from streams.embedded.postgres.records import Connection

CREATE_GROUP: Final = """
    INSERT INTO streamlog.consumer_group (name) VALUES (%(group)s) ON CONFLICT (name) DO NOTHING
"""

JOIN: Final = """
    WITH joined AS (
        INSERT INTO streamlog.member (group_name, member, topics, lease_until)
        VALUES (%(group)s, %(member)s, %(topics)s,
                clock_timestamp() + make_interval(secs => %(lease_s)s))
            ON CONFLICT (group_name, member)
            DO UPDATE SET topics = excluded.topics, lease_until = excluded.lease_until
     RETURNING group_name
    )
    UPDATE streamlog.consumer_group g
       SET generation = g.generation + 1, changed_at = clock_timestamp()
      FROM joined j
     WHERE g.name = j.group_name
 RETURNING pg_notify('streamlog_regrouped', g.name)
"""

LEAVE: Final = """
    WITH gone AS (
        DELETE FROM streamlog.member
         WHERE group_name = %(group)s AND member = %(member)s
     RETURNING group_name
    )
    UPDATE streamlog.consumer_group g
       SET generation = g.generation + 1, changed_at = clock_timestamp()
      FROM gone
     WHERE g.name = gone.group_name
 RETURNING pg_notify('streamlog_regrouped', g.name)
"""

BEAT: Final = """
    UPDATE streamlog.member m
       SET lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
      FROM streamlog.consumer_group g
     WHERE m.group_name = %(group)s
       AND m.member = %(member)s
       AND g.name = m.group_name
 RETURNING g.generation
"""

# No lease is that long: it was taken while the server's clock was ahead. Its holder may be dead, so
# it gets one lease's time from now, like everyone after an outage.
SHORTEN: Final = """
    UPDATE streamlog.member
       SET lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
     WHERE group_name = %(group)s
       AND lease_until > clock_timestamp() + interval '10 minutes'
"""

# Nobody could renew a lease while the server was down: everyone gets one lease's time after it
# came back. A member that is renewing just now is waited for and then found alive. A server that
# was started in the future was started while its clock was ahead.
EVICT: Final = """
    WITH gone AS (
        DELETE FROM streamlog.member
         WHERE group_name = %(group)s
           AND lease_until < clock_timestamp()
           AND pg_postmaster_start_time() NOT BETWEEN
               clock_timestamp() - make_interval(secs => %(lease_s)s) AND clock_timestamp()
     RETURNING group_name
    )
    UPDATE streamlog.consumer_group g
       SET generation = g.generation + 1, changed_at = clock_timestamp()
     WHERE g.name = %(group)s
       AND EXISTS (SELECT FROM gone)
 RETURNING g.generation, pg_notify('streamlog_regrouped', g.name)
"""

TAKE_NOTE: Final = """
    UPDATE streamlog.member
       SET noted = %(generation)s
     WHERE group_name = %(group)s AND member = %(member)s AND noted < %(generation)s
 RETURNING pg_notify('streamlog_regrouped', group_name)
"""

ROLL: Final = """
    SELECT g.generation, m.member, m.topics, m.noted >= g.generation
      FROM streamlog.consumer_group g
      JOIN streamlog.member m ON m.group_name = g.name
     WHERE g.name = %(group)s
     ORDER BY m.member
"""

# Held while claiming, so that the group cannot move on in between.
GENERATION: Final = """
    SELECT generation FROM streamlog.consumer_group WHERE name = %(group)s FOR SHARE
"""

CLAIM: Final = """
    INSERT INTO streamlog.committed AS c (group_name, topic, partition, next_offset, generation)
    SELECT %(group)s, h.topic, h.partition, h.first_offset, %(generation)s
      FROM unnest(%(topics)s::text[], %(partitions)s::integer[]) AS p (topic, partition)
      JOIN streamlog.head h USING (topic, partition)
     ORDER BY h.topic, h.partition
        ON CONFLICT (group_name, topic, partition)
        DO UPDATE SET generation = excluded.generation,
                      next_offset = greatest(c.next_offset, excluded.next_offset)
 RETURNING topic, partition, next_offset
"""

COMMIT: Final = """
    UPDATE streamlog.committed c
       SET next_offset = o.next_offset, committed_at = clock_timestamp()
      FROM unnest(%(topics)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[])
           AS o (topic, partition, next_offset)
     WHERE c.group_name = %(group)s
       AND c.topic = o.topic
       AND c.partition = o.partition
       AND c.generation = %(generation)s
 RETURNING c.topic, c.partition
"""


async def join(
    conn: Connection, group: str, member: str, topics: Sequence[str], lease_s: float
) -> None:
    """Enter *group*; it moves to its next generation."""
    await conn.execute(CREATE_GROUP, {"group": group})
    await conn.execute(
        JOIN, {"group": group, "member": member, "topics": list(topics), "lease_s": lease_s}
    )


async def leave(conn: Connection, group: str, member: str) -> None:
    """Leave *group*; it moves to its next generation."""
    await conn.execute(LEAVE, {"group": group, "member": member})


async def beat(conn: Connection, group: str, member: str, lease_s: float) -> int:
    """Renew the lease, put out those whose lease ran out; gives the generation."""
    facts = {"group": group, "member": member, "lease_s": lease_s}
    renewed = await (await conn.execute(BEAT, facts)).fetchone()
    if renewed is None:
        raise Evicted(group, member)
    # Apart from the renewal: holding one's own row while waiting for the group's could dead-lock.
    await conn.execute(SHORTEN, facts)
    evicted = await (await conn.execute(EVICT, facts)).fetchone()
    return (evicted or renewed)[0]


async def take_note(conn: Connection, group: str, member: str, generation: int) -> Roll:
    """Record that *member* stopped all work of generations before *generation*."""
    facts = {"group": group, "member": member, "generation": generation}
    await conn.execute(TAKE_NOTE, facts)
    rows = await (await conn.execute(ROLL, facts)).fetchall()
    members = {name: topics for _, name, topics, _ in rows}
    if member not in members:
        raise Evicted(group, member)
    return Roll(rows[0][0], members, all(noted for *_, noted in rows))


async def claim(
    conn: Connection, group: str, generation: int, places: Sequence[Place]
) -> dict[Place, int]:
    """Take *places* over for *generation*; gives the offset each resumes from."""
    facts = {"group": group, "generation": generation, **columns(places)}
    async with conn.transaction():
        current = await (await conn.execute(GENERATION, facts)).fetchone()
        if current is None or current[0] != generation:
            raise Fenced(group, generation, places)
        rows = await (await conn.execute(CLAIM, facts)).fetchall()
    claimed = {(topic, partition): offset for topic, partition, offset in rows}
    for place in places:
        if place not in claimed:
            raise UnknownTopic(place[0])
    return claimed


async def commit(
    conn: Connection, group: str, generation: int, offsets: Mapping[Place, int]
) -> None:
    """Resume from *offsets* next time."""
    places = sorted(offsets)
    facts = {"group": group, "generation": generation, **columns(places)}
    facts["offsets"] = [offsets[place] for place in places]
    rows = await (await conn.execute(COMMIT, facts)).fetchall()
    fenced = set(places) - {(topic, partition) for topic, partition in rows}
    if fenced:
        raise Fenced(group, generation, fenced)


def columns(places: Sequence[Place]) -> dict[str, object]:
    """*places* as two parallel columns, the form in which a statement takes them."""
    return {
        "topics": [topic for topic, _ in places],
        "partitions": [partition for _, partition in places],
    }
