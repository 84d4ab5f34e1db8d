"""The notifier before a real receiver and a real database: everything arrives, under one key."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from psycopg import AsyncConnection
from starlette.responses import RedirectResponse, Response, StreamingResponse

from app.notifier import Notifier
from app.processes import free_port
from app.settings import Settings
from dispatch import actions
from dispatch.ledger import equations
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.destinations import add_destination, end_destination
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.ledger import read_books
from tests.app.receiver import Post, Receiver, receiving
from tests.makers import NOON, rulebook, submission

RULES = rulebook()
SECRET = "known to both"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
async def notifier(database_url: str) -> AsyncIterator[Notifier]:
    """A notifier at work in this process."""
    async with at_work(database_url) as one:
        yield one


@asynccontextmanager
async def at_work(database_url: str, notify_attempts: int = 1440) -> AsyncGenerator[Notifier]:
    settings = Settings(
        database_url=database_url, notify_attempts=notify_attempts, notify_inside="127.0.0.1"
    )
    notifier = Notifier(settings)
    task = asyncio.create_task(notifier.deliver())
    try:
        yield notifier
    finally:
        notifier.stop()
        async with asyncio.timeout(30):
            await task


async def add(
    conn: AsyncConnection, receiver: Receiver, name: str, *kinds: str, secret: str | None = None
) -> None:
    """A destination that is the path of this name at the receiver."""
    async with conn.transaction():
        await add_destination(conn, name, f"{receiver.url}/{name}", secret, kinds)


async def happen(conn: AsyncConnection, reports: int = 1) -> list[str]:
    """Report and decide; the keys of all events so far."""
    async with conn.transaction():
        accepted = await accept_many(conn, [submission() for _ in range(reports)])
        ids = [one.report_id for one in accepted]
        await actions.decide(PostgresBook(conn), ids, RULES, now=NOON)
    found = await conn.execute("SELECT dedup FROM outbox ORDER BY id")
    return [row[0] for row in await found.fetchall()]


async def states(conn: AsyncConnection, name: str) -> dict[str, int]:
    found = await conn.execute(
        "SELECT state, count(*) FROM delivery WHERE destination = %s GROUP BY state", [name]
    )
    return dict(await found.fetchall())


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():
            await asyncio.sleep(0.02)


async def all_sent(conn: AsyncConnection, name: str, count: int) -> None:
    async def sent() -> bool:
        return await states(conn, name) == {"sent": count}

    await until(sent)


async def assert_balanced(conn: AsyncConnection) -> None:
    assert [one for one in equations(await read_books(conn)) if not one.holds] == []


async def test_an_event_arrives_with_its_bytes_its_key_and_a_signature(
    conn: AsyncConnection, receiver: Receiver, notifier: Notifier
):
    await add(conn, receiver, "all", secret=SECRET)

    keys = await happen(conn)
    await all_sent(conn, "all", len(keys))

    found = await conn.execute("SELECT dedup, payload FROM outbox")
    assert {(post.key, post.body.decode()) for post in receiver.posts} == set(
        await found.fetchall()
    )
    for post in receiver.posts:
        assert post.headers["content-type"] == "application/cloudevents+json"
        assert json.loads(post.body)["id"] == post.key
        seconds, _, proof = post.headers["citygrid-signature"].removeprefix("t=").partition(",v1=")
        signed = f"{seconds}.".encode() + post.body
        assert hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest() == proof
    await assert_balanced(conn)


async def test_a_destination_gets_only_the_kinds_it_asked_for_and_no_signature_without_a_secret(
    conn: AsyncConnection, receiver: Receiver, notifier: Notifier
):
    await add(conn, receiver, "some", "reported")

    await happen(conn)
    await all_sent(conn, "some", 1)

    [post] = receiver.posts
    assert json.loads(post.body)["data"]["kind"] == "reported"
    assert "citygrid-signature" not in post.headers


async def test_what_was_answered_500_is_sent_again_under_its_key(
    conn: AsyncConnection, receiver: Receiver, notifier: Notifier
):
    async def fails_at_first(post: Post) -> Response:
        return Response(status_code=500 if receiver.keys("/all")[post.key] == 1 else 200)

    receiver.answers["/all"] = fails_at_first
    await add(conn, receiver, "all")

    keys = await happen(conn)
    await all_sent(conn, "all", len(keys))

    assert receiver.keys("/all") == dict.fromkeys(keys, 2)
    await assert_balanced(conn)


async def test_a_destination_that_hangs_does_not_delay_another(
    conn: AsyncConnection, receiver: Receiver, notifier: Notifier
):
    hanging = asyncio.Event()

    async def hangs(post: Post) -> Response:
        await hanging.wait()
        return Response(status_code=503)

    receiver.answers["/hangs"] = hangs
    await add(conn, receiver, "hangs")
    await add(conn, receiver, "all")

    await happen(conn)
    await receiver.until(lambda: bool(receiver.keys("/hangs")))
    await happen(conn)
    keys = await happen(conn)
    await all_sent(conn, "all", len(keys))

    assert "sent" not in await states(conn, "hangs")
    hanging.set()


async def test_a_redirect_is_a_failure_and_nobody_goes_there(
    conn: AsyncConnection, receiver: Receiver, notifier: Notifier
):
    async def elsewhere(post: Post) -> Response:
        return RedirectResponse(f"{receiver.url}/inside", status_code=307)

    receiver.answers["/all"] = elsewhere
    await add(conn, receiver, "all", "reported")

    await happen(conn)

    async def noted() -> bool:
        found = await conn.execute("SELECT last_error FROM delivery")
        return await found.fetchone() == ("answered 307",)

    await until(noted)
    assert {post.path for post in receiver.posts} == {"/all"}


async def test_an_answer_without_an_end_is_cut_and_its_status_counts(
    conn: AsyncConnection, receiver: Receiver, notifier: Notifier
):
    async def endless(post: Post) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            while True:
                yield bytes(8192)
                await asyncio.sleep(0.001)

        return StreamingResponse(pieces())

    receiver.answers["/all"] = endless
    await add(conn, receiver, "all", "reported")

    await happen(conn)

    await all_sent(conn, "all", 1)
    assert len(receiver.posts) == 1


async def test_a_delivery_nobody_takes_is_dead_after_the_attempts_allowed(
    conn: AsyncConnection, receiver: Receiver, database_url: str
):
    async def refuses(post: Post) -> Response:
        return Response(status_code=410)

    receiver.answers["/all"] = refuses
    await add(conn, receiver, "all", "reported")
    await happen(conn)

    async with at_work(database_url, notify_attempts=2):

        async def dead() -> bool:
            return await states(conn, "all") == {"dead": 1}

        await until(dead)

    assert sum(receiver.keys("/all").values()) == 2
    await assert_balanced(conn)


async def test_a_destination_that_ended_is_told_nothing_more(
    conn: AsyncConnection, receiver: Receiver, notifier: Notifier
):
    await add(conn, receiver, "all")
    keys = await happen(conn)
    await all_sent(conn, "all", len(keys))

    async with conn.transaction():
        await end_destination(conn, "all")
    await add(conn, receiver, "another")
    later = [key for key in await happen(conn) if key not in keys]
    await all_sent(conn, "another", len(later))

    assert set(receiver.keys("/all")) == set(keys)
    assert set(receiver.keys("/another")) == set(later)
    await assert_balanced(conn)


async def test_events_from_before_the_notifier_ran_arrive(
    conn: AsyncConnection, receiver: Receiver, database_url: str
):
    await add(conn, receiver, "all")
    keys = await happen(conn, 100)

    async with at_work(database_url):
        await all_sent(conn, "all", len(keys))

    assert receiver.keys("/all") == dict.fromkeys(keys, 1)


async def test_a_notifier_told_to_stop_settles_what_it_has_claimed(
    conn: AsyncConnection, receiver: Receiver, database_url: str
):
    slow = asyncio.Event()

    async def slowly(post: Post) -> Response:
        await slow.wait()
        return Response(status_code=200)

    receiver.answers["/all"] = slowly
    await add(conn, receiver, "all", "reported")
    await happen(conn)

    async with at_work(database_url) as notifier:
        await receiver.until(lambda: bool(receiver.posts))
        notifier.stop()
        slow.set()

    assert await states(conn, "all") == {"sent": 1}


async def test_what_one_notifier_was_sending_when_it_was_killed_the_other_sends(
    conn: AsyncConnection, receiver: Receiver, database_url: str, tmp_path: Path
):
    stuck: set[str] = set()

    async def hangs_at_first(post: Post) -> Response:
        if len(stuck) < 3 and post.key not in stuck:
            stuck.add(post.key)
            await asyncio.sleep(60)
        return Response(status_code=200)

    receiver.answers["/all"] = hangs_at_first
    await add(conn, receiver, "all")
    async with process(database_url, tmp_path) as first:
        keys = await happen(conn, 40)
        await receiver.until(lambda: len(stuck) == 3)
        first.kill()
        await first.wait()
    # The lease of the dead one would end in half a minute.
    await conn.execute(
        "UPDATE delivery SET leased_until = clock_timestamp() - interval '1 s'"
        " WHERE leased_until IS NOT NULL"
    )

    async with process(database_url, tmp_path) as second:
        await all_sent(conn, "all", len(keys))
        second.send_signal(signal.SIGTERM)
        assert await second.wait() == 0

    assert set(receiver.keys("/all")) == set(keys)
    await assert_balanced(conn)


async def test_two_notifiers_send_everything_once_and_tell_what_they_did(
    conn: AsyncConnection, receiver: Receiver, database_url: str, tmp_path: Path
):
    await add(conn, receiver, "all")
    port = free_port()
    async with (
        process(database_url, tmp_path, CITY_METRICS_PORT=str(port)),
        process(database_url, tmp_path),
    ):
        for _ in range(9):
            await happen(conn, 20)
        keys = await happen(conn, 20)
        await all_sent(conn, "all", len(keys))
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text

    assert receiver.keys("/all") == dict.fromkeys(keys, 1)
    assert "city_delivery_seconds_count" in text
    await assert_balanced(conn)


@asynccontextmanager
async def process(database_url: str, home: Path, **settings: str) -> AsyncGenerator[Process]:
    """`citygrid notifier` as a process of its own."""
    environment = {
        **os.environ,
        "CITY_DATABASE_URL": database_url,
        "CITY_HOME": str(home),
        "CITY_NOTIFY_INSIDE": "127.0.0.1",
        **settings,
    }
    one = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", "notifier", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield one
    finally:
        if one.returncode is None:
            one.kill()
        await one.wait()
