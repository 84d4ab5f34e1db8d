"""What any log does, in memory and in PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest

from streams.embedded.errors import (
    Evicted,
    Fenced,
    PartitionsFixed,
    RecordTooLarge,
    UnknownTopic,
)
from streams.embedded.log import MAX_VALUE_BYTES, Entry, Log
from tests.contract.waiting import until
from tests.streams.embedded.conftest import PARTITIONS, TOPIC

PLACES = [(TOPIC, number) for number in range(PARTITIONS)]


async def joined(log: Log, group: str, member: str, lease_s: float = 60.0) -> int:
    await log.join(group, member, [TOPIC], lease_s)
    return await log.beat(group, member, lease_s)


async def test_records_come_back_as_they_were_in_the_order_of_their_partition(log: Log) -> None:
    entries = [Entry(n % 2, b"key" if n else None, b"\x00\xff%d" % n) for n in range(6)]

    landed = await log.append(TOPIC, entries)
    records = await log.read(dict.fromkeys(PLACES, 0), 10)

    assert landed == [(n % 2, n // 2) for n in range(6)]
    assert [(r.partition, r.offset, r.value) for r in records] == [
        (part, n, b"\x00\xff%d" % (2 * n + part)) for part in range(2) for n in range(3)
    ]
    assert records[0].key is None
    assert records[1].key == b"key"


async def test_reading_begins_at_the_position_and_stops_at_the_limit(log: Log) -> None:
    await log.append(TOPIC, [Entry(0, None, b"%d" % n) for n in range(10)])

    records = await log.read({(TOPIC, 0): 4}, 3)

    assert [record.offset for record in records] == [4, 5, 6]


async def test_an_empty_place_has_nothing_and_begins_and_ends_at_0(log: Log) -> None:
    assert await log.read(dict.fromkeys(PLACES, 0), 10) == []
    assert await log.bounds(PLACES) == dict.fromkeys(PLACES, (0, 0))


async def test_the_end_of_a_place_is_the_offset_its_next_record_gets(log: Log) -> None:
    await log.append(TOPIC, [Entry(1, None, b"x")] * 5)

    assert (await log.bounds([(TOPIC, 1)]))[TOPIC, 1] == (0, 5)


async def _ear(log: Log) -> None:
    """The listener's first act is to wake everybody; wait for that, or it could hide a miss."""
    await until(lambda: log.appended.heard([]) or log.__class__.__name__ == "MemoryLog", what="ear")


async def test_an_append_wakes_whoever_waits_for_the_topic(log: Log) -> None:
    await _ear(log)
    heard = log.appended.heard([TOPIC])

    await log.append(TOPIC, [Entry(0, None, b"x")])
    async with asyncio.timeout(10):
        await log.appended.wait_past(heard, [TOPIC], 60)

    assert log.appended.heard([TOPIC]) > heard


async def test_waiting_ends_without_news(log: Log) -> None:
    await _ear(log)
    heard = log.appended.heard(["nothing ever happens here"])

    async with asyncio.timeout(10):
        await log.appended.wait_past(heard, ["nothing ever happens here"], 0.01)

    assert log.appended.heard(["nothing ever happens here"]) == heard


@pytest.mark.parametrize("entries", [[Entry(0, None, b"x")], []])
async def test_a_topic_that_was_never_created_is_refused(log: Log, entries: list[Entry]) -> None:
    with pytest.raises(UnknownTopic) as refusal:
        await log.append("nowhere.v1", entries or [Entry(0, None, b"")])

    assert refusal.value.topic == "nowhere.v1"
    with pytest.raises(UnknownTopic):
        await log.partitions("nowhere.v1")


async def test_a_topic_keeps_its_number_of_partitions(log: Log) -> None:
    await log.create_topics({TOPIC: PARTITIONS})
    with pytest.raises(PartitionsFixed):
        await log.create_topics({TOPIC: PARTITIONS + 1})

    assert await log.partitions(TOPIC) == PARTITIONS


@pytest.mark.parametrize("field", ["key", "value"])
async def test_a_record_over_the_limit_is_refused_and_nothing_is_appended(
    log: Log, field: str
) -> None:
    large = Entry(0, b"", b"")._replace(**{field: bytes(MAX_VALUE_BYTES + 1)})

    with pytest.raises(RecordTooLarge):
        await log.append(TOPIC, [Entry(0, None, b"small"), large])

    assert await log.read({(TOPIC, 0): 0}, 10) == []


async def test_a_record_of_the_largest_size_is_taken(log: Log) -> None:
    await log.append(TOPIC, [Entry(0, None, bytes(MAX_VALUE_BYTES))])

    (record,) = await log.read({(TOPIC, 0): 0}, 10)
    assert len(record.value) == MAX_VALUE_BYTES


async def test_each_that_joins_or_leaves_moves_the_group_to_its_next_generation(log: Log) -> None:
    first = await joined(log, "g", "a")
    second = await joined(log, "g", "b")
    await log.leave("g", "a")

    assert second == first + 1
    assert await log.beat("g", "b", 60) == second + 1


async def test_leaving_twice_moves_the_group_once(log: Log) -> None:
    await joined(log, "g", "a")
    before = await joined(log, "g", "b")
    await log.leave("g", "a")
    await log.leave("g", "a")

    assert await log.beat("g", "b", 60) == before + 1


async def test_a_generation_is_agreed_once_every_member_took_note(log: Log) -> None:
    await joined(log, "g", "a")
    generation = await joined(log, "g", "b")

    halfway = await log.take_note("g", "a", generation)
    whole = await log.take_note("g", "b", generation)

    assert not halfway.agreed
    assert whole.agreed
    assert {name: list(topics) for name, topics in whole.members.items()} == {
        "a": [TOPIC],
        "b": [TOPIC],
    }


async def test_a_member_whose_lease_ran_out_is_put_out_by_the_next_heartbeat_of_another(
    log: Log,
) -> None:
    await log.join("g", "sleeper", [TOPIC], 0.0)
    await log.join("g", "waker", [TOPIC], 2.0)

    async def alone() -> bool:  # not at once if the server itself has just been started
        generation = await log.beat("g", "waker", 2.0)
        return (await log.take_note("g", "waker", generation)).members.keys() == {"waker"}

    await until(alone, what="the sleeper to be put out")
    with pytest.raises(Evicted):
        await log.beat("g", "sleeper", 60)
    assert await log.beat("g", "waker", 2.0) == 3


async def test_only_the_latest_claim_can_commit(log: Log) -> None:
    old = await joined(log, "g", "a")
    await log.claim("g", old, PLACES)
    await log.commit("g", old, {(TOPIC, 0): 5})
    new = await joined(log, "g", "b")
    await log.commit("g", old, {(TOPIC, 0): 6})  # until the place is taken over, it is still held
    resumed = await log.claim("g", new, [(TOPIC, 0)])

    with pytest.raises(Fenced) as refusal:
        await log.commit("g", old, {(TOPIC, 0): 7, (TOPIC, 1): 9})

    assert resumed == {(TOPIC, 0): 6}
    assert refusal.value.places == ((TOPIC, 0),)
    assert (await log.claim("g", new, PLACES)) == {(TOPIC, 0): 6, (TOPIC, 1): 9, (TOPIC, 2): 0}


async def test_a_claim_of_a_generation_that_has_passed_is_refused(log: Log) -> None:
    old = await joined(log, "g", "a")
    await joined(log, "g", "b")

    with pytest.raises(Fenced):
        await log.claim("g", old, PLACES)


async def test_groups_do_not_see_each_other(log: Log) -> None:
    one, two = await joined(log, "one", "a"), await joined(log, "two", "a")
    await log.claim("one", one, PLACES)
    await log.commit("one", one, {(TOPIC, 0): 5})

    assert (await log.claim("two", two, PLACES))[TOPIC, 0] == 0
