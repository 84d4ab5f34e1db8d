"""Sharing partitions out, and taking and keeping a seat."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from streams.embedded.log import Entry
from streams.embedded.membership import Membership, share
from streams.embedded.memory import MemoryLog

TOPICS = st.sampled_from(["a.v1", "b.v1", "c.v1"])
MEMBERS = st.dictionaries(st.text(min_size=1, max_size=4), st.sets(TOPICS), min_size=1, max_size=6)
COUNTS = st.dictionaries(TOPICS, st.integers(1, 30))


@given(MEMBERS, COUNTS)
def test_every_partition_that_has_a_reader_is_held_by_exactly_one(
    members: dict[str, list[str]], partitions: dict[str, int]
) -> None:
    held = [place for member in members for place in share(member, members, partitions)]

    read = {topic for topics in members.values() for topic in topics}
    assert sorted(held) == sorted(
        (topic, number)
        for topic, count in partitions.items()
        if topic in read
        for number in range(count)
    )


@given(MEMBERS, COUNTS)
def test_nobody_holds_what_it_does_not_read(
    members: dict[str, list[str]], partitions: dict[str, int]
) -> None:
    for member, topics in members.items():
        assert {topic for topic, _ in share(member, members, partitions)} <= set(topics)


@given(st.sets(st.text(min_size=1), min_size=1, max_size=7), COUNTS)
def test_members_that_read_the_same_hold_as_much_as_each_other_give_or_take_one(
    names: set[str], partitions: dict[str, int]
) -> None:
    members = {name: list(partitions) for name in names}

    counts = [len(share(name, members, partitions)) for name in names]

    assert max(counts) - min(counts) <= 1


async def seats(*members: Membership) -> list[list[tuple[str, int]]]:
    """What each holds once all of them sit in the same generation."""

    async def follow(member: Membership) -> None:
        while {other.seat.generation if other.seat else None for other in members} != {
            member.seat.generation if member.seat else 0
        }:
            if not await member.still_seated():
                await member.sit(["t"])
            await asyncio.sleep(0)

    async with asyncio.timeout(20):
        await asyncio.gather(*map(follow, members))
    return [sorted(member.seat.positions) for member in members if member.seat]


async def log_with_topic() -> MemoryLog:
    log = MemoryLog()
    await log.create_topics({"t": 4})
    return log


def member_of(log: MemoryLog, *, lease_s: float = 60, patience_s: float = 60) -> Membership:
    return Membership(log, "g", lease_s=lease_s, patience_s=patience_s)


async def test_one_member_holds_everything_from_where_the_group_left_off() -> None:
    log = await log_with_topic()
    await log.append("t", [Entry(0, None, b"x")] * 3)
    first = member_of(log)
    await first.sit(["t"])
    await first.commit({("t", 0): 2})
    await first.leave()

    seat = await member_of(log).sit(["t"])

    assert seat.positions == {("t", 0): 2, ("t", 1): 0, ("t", 2): 0, ("t", 3): 0}


async def test_a_seat_is_kept_until_someone_joins() -> None:
    log = await log_with_topic()
    first, second = member_of(log), member_of(log)
    await first.sit(["t"])
    before = await first.still_seated()
    joining = asyncio.create_task(second.sit(["t"]))
    while await first.still_seated():
        await asyncio.sleep(0)
    waiting = joining.done()
    own = await first.sit(["t"])

    assert (before, waiting) == (True, False)
    assert len(own.positions) == 2
    assert len((await joining).positions) == 2


async def test_three_members_that_sit_at_once_share_everything() -> None:
    log = await log_with_topic()

    held = await seats(*(member_of(log) for _ in range(3)))

    assert sorted(place for places in held for place in places) == [("t", n) for n in range(4)]


async def test_a_member_that_never_takes_note_is_not_waited_for_longer_than_the_patience() -> None:
    log = await log_with_topic()
    await log.join("g", "deaf", ["t"], 60)

    async with asyncio.timeout(20):
        seat = await member_of(log, patience_s=0.0).sit(["t"])

    assert len(seat.positions) == 2


async def test_a_member_that_was_put_out_sits_down_again() -> None:
    log = await log_with_topic()
    sleeper = member_of(log, lease_s=0.0)
    await log.join("g", "other", ["t"], 60)
    await sleeper._joined(("t",))
    await log.beat("g", "other", 60)
    await log.leave("g", "other")

    assert not await sleeper.still_seated()
    assert len((await member_of(log).sit(["t"])).positions) == 4
