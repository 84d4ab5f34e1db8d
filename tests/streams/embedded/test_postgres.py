"""What only the log in PostgreSQL does: transactions, order under a race, retention, lag."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest

from streams.embedded.errors import LogMissing, LogUnavailable, UnknownTopic
from streams.embedded.log import Entry, slot_of
from streams.embedded.postgres import (
    PostgresLog,
    append,
    create_topics,
    forget_group,
    lag,
    log_schema,
    trim,
)
from streams.embedded.postgres.log import READ_BYTES
from tests.contract.waiting import until
from tests.streams.embedded.conftest import PARTITIONS, TOPIC

PLACES = [(TOPIC, number) for number in range(PARTITIONS)]
NOW = timedelta(0)

Connection = psycopg.AsyncConnection


@pytest.fixture
async def log(log_database_url: str, log_conn: Connection):
    """The log that log_conn writes to, opened."""
    log = PostgresLog(log_database_url)
    await log.open()
    yield log
    await log.close()


async def committed(log: PostgresLog, group: str, offsets: dict[tuple[str, int], int]) -> None:
    await log.join(group, "a", [TOPIC], 60)
    generation = await log.beat(group, "a", 60)
    await log.claim(group, generation, PLACES)
    await log.commit(group, generation, offsets)


async def test_the_schema_can_be_run_again_and_keeps_everything(
    log_conn: Connection, log: PostgresLog
) -> None:
    await append(log_conn, TOPIC, [(b"k", b"kept")])
    await log_conn.execute(log_schema().encode())
    await create_topics(log_conn, {TOPIC: PARTITIONS})

    assert [r.value for r in await log.read(dict.fromkeys(PLACES, 0), 10)] == [b"kept"]


async def test_records_of_one_key_go_to_one_partition_whoever_appends_them(
    log_conn: Connection, log: PostgresLog
) -> None:
    keys = [b"cell-%d" % n for n in range(50)]
    await append(log_conn, TOPIC, [(key, b"relay") for key in keys])
    await log.append(TOPIC, [Entry(slot_of(key), key, b"faust") for key in keys])

    records = await log.read(dict.fromkeys(PLACES, 0), 100)
    homes = {key: {r.partition for r in records if r.key == key} for key in keys}
    assert all(len(home) == 1 for home in homes.values())
    assert {number for home in homes.values() for number in home} == set(range(PARTITIONS))


async def test_a_record_is_there_when_its_transaction_commits_and_not_before(
    log_conn: Connection, log: PostgresLog
) -> None:
    async with log_conn.transaction():
        await append(log_conn, TOPIC, [(b"k", b"v")])
        during = await log.read(dict.fromkeys(PLACES, 0), 10)
    after = await log.read(dict.fromkeys(PLACES, 0), 10)

    assert (during, len(after)) == ([], 1)


async def test_a_transaction_that_is_rolled_back_leaves_no_hole(
    log_conn: Connection, log: PostgresLog
) -> None:
    async with log_conn.transaction(force_rollback=True):
        await append(log_conn, TOPIC, [(b"k", b"never")] * 3)
    await append(log_conn, TOPIC, [(b"k", b"first")])

    (record,) = await log.read(dict.fromkeys(PLACES, 0), 10)
    assert (record.offset, record.value) == (0, b"first")


async def test_a_later_append_waits_for_an_earlier_one_that_has_not_committed(
    log_conn: Connection, log: PostgresLog, log_database_url: str
) -> None:
    async with log_conn.transaction():
        await append(log_conn, TOPIC, [(b"k", b"early")])
        late = asyncio.create_task(log.append(TOPIC, [Entry(slot_of(b"k"), b"k", b"late")]))
        async with await psycopg.AsyncConnection.connect(log_database_url) as watcher:

            async def is_waiting() -> bool:
                found = await watcher.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE application_name = 'streamlog writer' AND wait_event_type = 'Lock'"
                )
                await watcher.rollback()
                return await found.fetchone() == (1,)

            await until(is_waiting, what="the late append to wait")
    await late

    assert [r.value for r in await log.read(dict.fromkeys(PLACES, 0), 9)] == [b"early", b"late"]


async def test_a_reader_beside_many_writers_never_passes_a_record(
    log_database_url: str, log: PostgresLog
) -> None:
    async def write(writer: int) -> None:
        async with await psycopg.AsyncConnection.connect(log_database_url) as conn:
            for n in range(25):
                pairs = [(b"%d" % k, b"%d/%d/%d" % (writer, n, k)) for k in range(4)]
                await append(conn, TOPIC, pairs)
                if n % 5 == 4:
                    await conn.rollback()
                else:
                    await conn.commit()

    writers = [asyncio.create_task(write(writer)) for writer in range(4)]
    position = dict.fromkeys(PLACES, 0)
    while (last := all(task.done() for task in writers)) is not None:
        for record in await log.read(position, 7):
            assert record.offset == position[TOPIC, record.partition]
            position[TOPIC, record.partition] += 1
        if last and not await log.read(position, 1):
            break
    await asyncio.gather(*writers)

    assert sum(position.values()) == 4 * 20 * 4


async def test_appending_nothing_appends_nothing(log_conn: Connection, log: PostgresLog) -> None:
    await append(log_conn, TOPIC, [])

    assert await log.read(dict.fromkeys(PLACES, 0), 1) == []


async def test_appending_to_an_unknown_topic_is_refused(log_conn: Connection) -> None:
    with pytest.raises(UnknownTopic):
        await append(log_conn, "nowhere.v1", [(b"k", b"v")])


async def test_one_read_brings_a_bounded_number_of_bytes(
    log_conn: Connection, log: PostgresLog
) -> None:
    for _ in range(10):
        await append(log_conn, TOPIC, [(b"k", bytes(1 << 20))])

    records = await log.read(dict.fromkeys(PLACES, 0), 100)
    assert sum(len(record.value) for record in records) == READ_BYTES


async def test_lag_is_what_the_group_has_not_committed(
    log_conn: Connection, log: PostgresLog
) -> None:
    await append(log_conn, TOPIC, [(b"%d" % n, b"x") for n in range(30)])
    before = await lag(log_conn, "g", TOPIC)
    bounds = await log.bounds(PLACES)
    await committed(log, "g", {PLACES[0]: bounds[PLACES[0]][1]})

    assert before == 30
    assert await lag(log_conn, "g", TOPIC) == 30 - bounds[PLACES[0]][1]
    with pytest.raises(UnknownTopic):
        await lag(log_conn, "g", "nowhere.v1")


async def test_only_old_records_that_every_group_committed_are_trimmed(
    log_conn: Connection, log: PostgresLog
) -> None:
    await log.append(TOPIC, [Entry(0, None, b"%d" % n) for n in range(10)])
    await committed(log, "fast", {PLACES[0]: 8})
    await committed(log, "slow", {PLACES[0]: 3})

    young = await trim(log_conn, timedelta(hours=1))
    old = await trim(log_conn, NOW)

    assert (young, old) == (0, 3)
    assert [r.offset for r in await log.read({PLACES[0]: 0}, 99)] == list(range(3, 10))
    assert (await log.bounds([PLACES[0]]))[PLACES[0]] == (3, 10)


async def test_a_partition_no_group_has_read_keeps_everything_unless_forced(
    log_conn: Connection, log: PostgresLog
) -> None:
    await log.append(TOPIC, [Entry(0, None, b"x")] * 5)

    assert await trim(log_conn, NOW) == 0
    assert await trim(log_conn, NOW, force=True) == 5


async def test_one_topic_can_be_trimmed_alone(log_conn: Connection, log: PostgresLog) -> None:
    await log.append(TOPIC, [Entry(0, None, b"x")] * 5)
    await committed(log, "g", {PLACES[0]: 5})

    assert await trim(log_conn, NOW, topic="another") == 0
    assert await trim(log_conn, NOW, topic=TOPIC) == 5


async def test_a_group_that_is_forgotten_holds_nothing_back(
    log_conn: Connection, log: PostgresLog
) -> None:
    await log.append(TOPIC, [Entry(0, None, b"x")] * 5)
    await committed(log, "gone", {PLACES[0]: 1})
    await committed(log, "here", {PLACES[0]: 4})
    await forget_group(log_conn, "gone")

    assert await trim(log_conn, NOW) == 4


async def test_a_group_resumes_at_the_first_record_kept_after_a_forced_trim(
    log_conn: Connection, log: PostgresLog
) -> None:
    await log.append(TOPIC, [Entry(0, None, b"x")] * 5)
    await committed(log, "g", {PLACES[0]: 1})
    await trim(log_conn, NOW, force=True)
    await log.append(TOPIC, [Entry(0, None, b"y")])

    await log.join("g", "b", [TOPIC], 60)
    resumed = await log.claim("g", await log.beat("g", "b", 60), PLACES)
    assert resumed[PLACES[0]] == 5
    assert await lag(log_conn, "g", TOPIC) == 1


async def test_a_log_whose_connections_were_cut_goes_on_at_once(
    log_conn: Connection, log: PostgresLog
) -> None:
    await log.append(TOPIC, [Entry(0, None, b"before")])
    await log_conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    await log.append(TOPIC, [Entry(0, None, b"after")])
    assert len(await log.read({PLACES[0]: 0}, 9)) == 2


async def test_a_database_that_cannot_be_reached_is_said_so() -> None:
    log = PostgresLog("postgresql://nobody@127.0.0.1:1/nothing")

    with pytest.raises(LogUnavailable):
        await log.partitions(TOPIC)


async def test_a_database_without_the_tables_is_said_so(database_server_url: str) -> None:
    log = PostgresLog(database_server_url)
    try:
        with pytest.raises(LogMissing):
            await log.partitions(TOPIC)
        with pytest.raises(LogMissing):
            await log.append(TOPIC, [Entry(0, None, b"x")])
    finally:
        await log.close()


async def test_a_lease_that_was_taken_while_the_clock_was_ahead_ends_all_the_same(
    log_conn: Connection, log: PostgresLog
) -> None:
    for member in ("ghost", "heir"):
        await log.join("g", member, [TOPIC], 0.5)
    await log_conn.execute(
        "UPDATE streamlog.member SET lease_until = lease_until + interval '2 hours'"
        " WHERE member = 'ghost'"
    )

    async def alone() -> bool:
        generation = await log.beat("g", "heir", 0.5)
        return set((await log.take_note("g", "heir", generation)).members) == {"heir"}

    await until(alone, what="the ghost to be put out")
