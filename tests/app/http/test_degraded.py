"""What a web process does, and tells, while one of its servers is missing or takes no changes."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from PIL import Image

from app.database import DatabaseAway, connect
from app.modes import Mode
from app.probing import DiskProbe, KafkaProbe, RedisProbe
from tests.app.town import PHONE, Town, running_town

NOBODY = "127.0.0.1:1"

BREAK = """
    CREATE FUNCTION break_writes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'no' USING ERRCODE = '{state}';
    END $$;
    CREATE TRIGGER no_writes BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION break_writes();
"""


async def degraded(town: Town) -> list[str]:
    return (await town.client.get("/api/state")).json()["degraded"]


async def until_degraded(town: Town, *modes: Mode) -> None:
    """Wait until the state tells exactly these."""
    async with asyncio.timeout(30):
        while await degraded(town) != list(modes):
            await asyncio.sleep(0.05)


@asynccontextmanager
async def as_admin(server_url: str) -> AsyncGenerator[psycopg.AsyncConnection]:
    async with await connect(server_url) as conn:
        yield conn


async def disconnect_all(admin: psycopg.AsyncConnection, database: str) -> None:
    await admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
        [database],
    )


async def take_no_changes(town: Town, server_url: str) -> None:
    """Make the town's database read-only for everybody, as a standby is."""
    name = town.conn.info.dbname
    async with as_admin(server_url) as admin:
        order = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
        await admin.execute(order.encode())
        await disconnect_all(admin, name)
    await until_degraded(town, Mode.DATABASE_READ_ONLY)
    for _ in range(town.settings.database_connections + 1):
        await town.client.get("/readyz")  # each finds out about one broken connection


async def test_a_town_with_all_its_servers_is_not_degraded(town: Town):
    await until_degraded(town)

    assert (await town.client.get("/readyz")).json()["degraded"] == []


async def test_a_database_that_takes_no_changes_is_503_to_writers_and_read_by_everybody(
    town: Town, database_server_url: str
):
    case_id = await town.a_case()
    async with await town.logged_in("dispatcher.city") as browser:
        await town.conn.execute("UPDATE session SET seen_at = now() - interval '2 minutes'")
        await take_no_changes(town, database_server_url)

        report = await town.submit()
        move = {"move": "rework", "reason": "x"}
        moved = await browser.post(f"/api/cases/{case_id}/moves", json=move)
        login = await town.client.post("/api/session", json={"login": "admin", "password": "y"})
        paths = ("/api/cases", f"/api/cases/{case_id}", "/live/snapshot", "/api/session", "/readyz")
        reads = [(await browser.get(path)).status_code for path in paths]

    assert (report.status_code, moved.status_code, login.status_code) == (503, 503, 503)
    assert report.headers["retry-after"]
    assert login.headers["retry-after"]
    assert "takes no changes" in login.json()["detail"]
    assert reads == [200] * len(paths)


@pytest.mark.parametrize("state", ["53100", "53200", "53300", "25006", "57014", "57P03", "40001"])
async def test_whatever_may_pass_is_503_and_the_same_key_is_taken_afterwards(
    town: Town, state: str
):
    await town.conn.execute(BREAK.format(state=state).encode())
    key = str(uuid4())

    refused = await town.submit(key=key)
    await town.conn.execute("DROP TRIGGER no_writes ON inbox")
    taken = await town.submit(key=key)

    assert (refused.status_code, taken.status_code) == (503, 201)
    assert refused.headers["retry-after"]
    assert await town.stored() == 1


async def test_a_full_disk_refuses_photos_until_a_report_fits_again(town: Town):
    receipt = (await town.submit()).json()["receipt"]
    await town.conn.execute(BREAK.format(state="53100").encode())
    await town.submit()
    await until_degraded(town, Mode.DISK_LOW)

    refused = await add_photo(town, receipt)
    await town.conn.execute("DROP TRIGGER no_writes ON inbox")
    report = await town.submit()
    await until_degraded(town)
    taken = await add_photo(town, receipt)

    assert (refused.status_code, report.status_code, taken.status_code) == (503, 201, 201)
    assert refused.headers["retry-after"] == "60"
    assert "photos" in refused.json()["detail"]


async def add_photo(town: Town, receipt: str):
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    return await town.client.post(
        f"/api/reports/{receipt}/photos",
        files={"photo": ("p.png", picture.getvalue(), "image/png")},
        headers={"x-api-key": town.keys[PHONE]},
    )


async def test_a_disk_with_little_room_is_low_and_one_that_cannot_be_seen_is_not(tmp_path: Path):
    low = DiskProbe(tmp_path, 10**9, [])
    roomy = DiskProbe(tmp_path, 0, [])
    unseen = DiskProbe(tmp_path / "not mounted", 10**9, [])

    assert await low.look() == (Mode.DISK_LOW,)
    assert (await roomy.look(), await unseen.look()) == ((), ())


async def test_without_kafka_and_redis_reports_are_taken_and_both_are_told(
    database_url: str, tmp_path: Path
):
    away = {"kafka_url": NOBODY, "redis_url": f"redis://{NOBODY}"}
    async with running_town(database_url, home=tmp_path, **away) as town:
        await until_degraded(town, Mode.KAFKA_AWAY, Mode.REDIS_AWAY)

        assert (await town.submit()).status_code == 201
        told = await town.client.get("/metrics", headers={"x-api-key": town.keys["monitor"]})

    assert 'city_degraded{mode="kafka_away"} 1.0' in told.text
    assert 'city_degraded{mode="database_away"} 0.0' in told.text


async def test_servers_that_answer_are_not_away(kafka_url: str, redis_url: str):
    kafka, redis = KafkaProbe(kafka_url), RedisProbe(redis_url)

    assert (await kafka.look(), await redis.look()) == ((), ())

    await kafka.close()
    await redis.close()


async def test_a_frozen_clock_is_told_and_forgotten_when_it_is_trusted_again(town: Town):
    await town.conn.execute("UPDATE clock_trust SET state = 'frozen'")
    await until_degraded(town, Mode.CLOCK_FROZEN)

    await town.conn.execute("UPDATE clock_trust SET state = 'trusted'")
    await until_degraded(town)


async def test_open_screens_are_told_at_once(town: Town):
    async with (
        await town.logged_in("dispatcher.city") as browser,
        browser.stream("GET", "/live/events?since=0") as stream,
    ):
        lines = stream.aiter_lines()
        await until_beat(lines, [])
        await town.conn.execute("UPDATE clock_trust SET state = 'frozen'")

        await until_beat(lines, ["clock_frozen"])


async def until_beat(lines: AsyncIterator[str], expected: list[str]) -> None:
    async with asyncio.timeout(30):
        async for line in lines:
            if line.startswith("data: ") and json.loads(line[6:]).get("degraded") == expected:
                return
    pytest.fail(f"the stream ended without a beat that says {expected}")


async def test_figures_are_told_without_the_database_to_a_key_it_knew(
    town: Town, database_server_url: str
):
    headers = {"x-api-key": town.keys["monitor"]}
    await town.client.get("/metrics", headers=headers)
    name = town.conn.info.dbname
    async with as_admin(database_server_url) as admin:
        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        await disconnect_all(admin, name)
        await until_degraded(town, Mode.DATABASE_AWAY)

        told = await town.client.get("/metrics", headers=headers)
        report = await town.submit()

        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        await until_degraded(town)

    assert 'city_degraded{mode="database_away"} 1.0' in told.text
    assert "city_reports_in_flight NaN" in told.text
    assert report.status_code == 503


async def test_reports_are_taken_when_no_further_connection_is_granted(
    database_url: str, tmp_path: Path
):
    role, limit = f"door_{uuid4().hex[:8]}", 12
    async with await connect(database_url) as admin:
        await admin.execute(
            f"CREATE ROLE {role} LOGIN PASSWORD 'door' CONNECTION LIMIT {limit};"
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};"
            f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}".encode()
        )
        limited = as_url(database_url, role)
        try:
            async with running_town(limited, home=tmp_path) as town, AsyncExitStack() as others:
                await until_degraded(town)
                assert (await town.submit()).status_code == 201
                while (conn := await one_more(limited)) is not None:
                    await others.enter_async_context(conn)

                answers = [(await town.submit()).status_code for _ in range(5)]
                crowd = await asyncio.gather(*(town.client.get("/readyz") for _ in range(20)))

                assert answers == [201] * 5
                assert {one.status_code for one in crowd} <= {200, 503}
        finally:
            await admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def as_url(database_url: str, role: str) -> str:
    scheme, _, rest = database_url.partition("://")
    return f"{scheme}://{role}:door@{rest.partition('@')[2]}"


async def one_more(url: str) -> psycopg.AsyncConnection | None:
    """Another connection, None when no more is granted."""
    try:
        return await connect(url)
    except DatabaseAway:
        return None
