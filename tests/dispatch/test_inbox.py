"""The inbox: idempotent, durable when committed, receipts that cannot be guessed."""

import asyncio
from dataclasses import replace

import pytest
from psycopg import AsyncConnection

from app.database import Database
from dispatch.postgres.inbox import accept_many, add_photo, find_by_receipt, list_standing
from dispatch.postgres.log import overlooked
from dispatch.report import Acceptance, Reporter, Submission
from tests.makers import NOON, submission


async def take(conn: AsyncConnection, *submissions: Submission) -> list[Acceptance]:
    async with conn.transaction():
        return await accept_many(conn, submissions)


async def test_a_repeat_of_the_same_bytes_gets_the_same_receipt(conn: AsyncConnection) -> None:
    one = submission()

    [first], [again] = await take(conn, one), await take(conn, one)

    assert (first.fresh, again.fresh, again.conflict) == (True, False, False)
    assert again.receipt == first.receipt


async def test_the_same_key_with_other_bytes_is_a_conflict_and_the_first_is_kept(
    conn: AsyncConnection,
) -> None:
    one = submission(description="first")
    [first] = await take(conn, one)

    [second] = await take(conn, replace(one, body_sha256=bytes(32), description="second"))

    assert second.conflict
    standing = await find_by_receipt(conn, first.receipt)
    assert standing is not None
    assert standing.description == "first"


async def test_one_key_twice_in_a_batch_is_one_row(conn: AsyncConnection) -> None:
    one = submission()

    first, second = await take(conn, one, one)

    assert first.receipt == second.receipt
    found = await conn.execute("SELECT count(*) FROM inbox")
    assert await found.fetchone() == (1,)


async def test_the_same_key_of_another_source_is_another_report(conn: AsyncConnection) -> None:
    one = submission()

    first, other = await take(conn, one, replace(one, source="device:2"))

    assert first.receipt != other.receipt
    assert other.fresh


async def test_fifty_at_once_make_one_row(database_url: str, conn: AsyncConnection) -> None:
    one, database = submission(), Database(database_url, size=10)

    async def send() -> Acceptance:
        async with database.connection() as own:
            return (await accept_many(own, [one]))[0]

    answers = await asyncio.gather(*(send() for _ in range(50)))

    assert len({answer.receipt for answer in answers}) == 1
    assert sum(answer.fresh for answer in answers) == 1
    await database.close()


async def test_batches_that_share_keys_in_another_order_wait_instead_of_blocking_each_other(
    database_url: str, conn: AsyncConnection
) -> None:
    low, middle, high = sorted((submission() for _ in range(3)), key=lambda one: one.client_key)
    doors = Database(database_url)

    async def accept(*submissions: Submission) -> list[Acceptance]:
        async with doors.connection() as other:
            return await accept_many(other, submissions)

    async with conn.transaction(force_rollback=True):
        await accept_many(conn, [middle])
        first = asyncio.create_task(accept(low, middle, high))
        await _blocked(doors, 1)
        second = asyncio.create_task(accept(high, middle, low))
        await _blocked(doors, 2)

    try:
        assert [one.fresh for one in await first + await second] == [True] * 3 + [False] * 3
    finally:
        await doors.close()


async def _blocked(database: Database, sessions: int) -> None:
    """Until so many sessions of this database wait for another's lock."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
    )
    async with asyncio.timeout(20), database.session() as watcher:
        while await (await watcher.execute(waiting)).fetchone() != (sessions,):
            await asyncio.sleep(0.01)


async def test_reporters_are_kept_apart_from_reports(conn: AsyncConnection) -> None:
    await take(conn, submission(reporter=Reporter(name="王", phone="13800000000")))

    found = await conn.execute("SELECT name, phone FROM reporter")
    assert await found.fetchall() == [("王", "13800000000")]
    found = await conn.execute("SELECT count(*) FROM inbox WHERE body::text LIKE '%1380%'")
    assert await found.fetchone() == (0,)


@pytest.mark.parametrize(("numbers", "flagged"), [((1, 2, 3), [0, 0, 0]), ((3, 1, 3), [0, 1, 1])])
async def test_a_device_sequence_that_does_not_rise_is_flagged(
    conn: AsyncConnection, numbers: tuple[int, ...], flagged: list[int]
) -> None:
    for seq in numbers:
        await take(conn, submission(device_seq=seq))

    found = await conn.execute("SELECT cardinality(flags) FROM inbox ORDER BY id")
    assert [row[0] for row in await found.fetchall()] == flagged


async def test_the_same_photo_twice_is_one_photo(conn: AsyncConnection) -> None:
    [answer] = await take(conn, submission())
    photo = {"sha256": b"x" * 32, "media_type": "image/jpeg", "original": b"o", "display": b"d",
             "added_by": "li"}  # fmt: skip

    first = await add_photo(conn, answer.receipt, **photo)
    again = await add_photo(conn, answer.receipt, **photo)

    assert first == again
    assert first is not None


async def test_a_photo_of_an_unknown_report_is_not_kept(conn: AsyncConnection) -> None:
    photo = {"sha256": b"x" * 32, "media_type": "image/jpeg", "original": b"o", "display": b"d",
             "added_by": "li"}  # fmt: skip

    assert await add_photo(conn, "0" * 32, **photo) is None


async def test_reports_are_listed_by_when_they_came_and_how_they_stand(
    conn: AsyncConnection,
) -> None:
    await take(conn, submission(), submission(category="01001"))
    found = await conn.execute("SELECT min(received_at), max(received_at) FROM inbox")
    since, until = await found.fetchone() or (NOON, NOON)

    rubbish = await list_standing(
        conn, since=since, until=until.replace(year=2999), category="06010"
    )
    ended = await list_standing(conn, since=since, until=until.replace(year=2999), ended=True)

    assert [one.category for one in rubbish] == ["06010"]
    assert ended == []


async def test_the_rescue_takes_the_urgent_sooner_and_first(conn: AsyncConnection) -> None:
    routine, urgent, urgent_too = await take(
        conn,
        submission(client_key="routine"),
        submission(client_key="urgent", category="01001"),
        submission(client_key="urgent too", category="01001"),
    )

    soon = await overlooked(conn, older_than_s=3600.0, urgent={"01001"}, urgent_after_s=0.0)
    late = await overlooked(conn, older_than_s=0.0, urgent={"01001"}, urgent_after_s=0.0)

    assert soon == [urgent.report_id, urgent_too.report_id]
    assert late == [urgent.report_id, urgent_too.report_id, routine.report_id]


async def test_the_rescue_takes_what_came_while_the_clock_was_ahead(conn: AsyncConnection) -> None:
    [early, _] = await take(conn, submission(client_key="early"), submission(client_key="usual"))
    await conn.execute(
        "UPDATE inbox SET received_at = received_at + interval '2 hours' WHERE id = %s",
        [early.report_id],
    )

    assert await overlooked(conn, older_than_s=3600.0) == [early.report_id]
