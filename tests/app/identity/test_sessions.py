"""Logging in, staying in, getting out: RELIABILITY §4.5 D, as far as local accounts go."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.identity.passwords import Passwords, hash_password
from app.identity.postgres import issue_one_time_login, set_password
from app.identity.throttle import PER_LOGIN, WINDOW, Throttle
from tests.app.town import PASSWORD, Town, running_town

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
async def known(town: Town) -> Town:
    """Littletown, where the dispatcher has a password."""
    await set_password(town.conn, "dispatcher.city", hash_password(PASSWORD), datetime.now(UTC))
    return town


async def log_in(town: Town, login: str, password: str, **headers: str) -> httpx.Response:
    told = {"login": login, "password": password}
    return await town.client.post("/api/session", json=told, headers=headers)


async def test_whoever_knows_the_password_is_logged_in(known: Town):
    answer = await log_in(known, "dispatcher.city", PASSWORD)

    me = (await known.client.get("/api/session")).json()
    assert answer.status_code == 200
    assert me["login"] == "dispatcher.city"
    assert "case.move.assign" in me["actions"]
    assert "case.move.handle" not in me["actions"]
    assert me["timezone"] == "Asia/Shanghai"


async def test_the_cookie_is_closed_to_scripts_and_to_other_sites(known: Town):
    answer = await log_in(known, "dispatcher.city", PASSWORD)

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("city_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


async def test_behind_https_the_cookie_is_bound_to_the_host(database_url: str):
    async with running_town(database_url, public_url="https://grid.example") as town:
        hashed = hash_password(PASSWORD)
        await set_password(town.conn, "dispatcher.city", hashed, datetime.now(UTC))

        answer = await log_in(town, "dispatcher.city", PASSWORD)
        foreign = await log_in(town, "dispatcher.city", PASSWORD, origin=town.url)

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-city_session=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert foreign.status_code == 403


async def test_only_a_hash_of_the_session_is_stored(known: Town):
    await log_in(known, "dispatcher.city", PASSWORD)
    token = known.client.cookies["city_session"]

    found = await known.conn.execute("SELECT token_sha256 FROM session")

    [(stored,)] = await found.fetchall()
    assert token.encode() not in bytes(stored)
    assert len(stored) == 32


async def test_wrong_unknown_and_passwordless_are_answered_alike(known: Town):
    answers = [
        await log_in(known, login, "wrong password 123")
        for login in ("dispatcher.city", "nobody", "operator.city")
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


async def test_an_unknown_person_costs_as_much_hashing_as_a_known_one():
    passwords = Passwords()

    assert not await passwords.matches(None, "a password that nobody has")
    assert await passwords.matches(hash_password(PASSWORD), PASSWORD)


async def test_a_session_from_before_the_login_is_not_taken_over(known: Town):
    known.client.cookies.set("city_session", "preset-by-somebody")

    answer = await log_in(known, "dispatcher.city", PASSWORD)

    assert "preset-by-somebody" not in answer.headers["set-cookie"]


async def test_after_logging_out_the_session_is_worth_nothing(known: Town):
    await log_in(known, "dispatcher.city", PASSWORD)
    token = known.client.cookies["city_session"]

    out = await known.client.delete("/api/session")
    again = await known.client.get("/api/cases", headers={"cookie": f"city_session={token}"})

    assert (out.status_code, again.status_code) == (204, 401)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE person SET active = false WHERE login = 'dispatcher.city'",
        "UPDATE person SET roles = '{administrator}' WHERE login = 'dispatcher.city'",
        "UPDATE session SET seen_at = seen_at - interval '31 minutes'",
        "UPDATE session SET created_at = created_at - interval '13 hours'",
        "UPDATE session SET revoked_at = now()",
    ],
)
async def test_a_session_ends_with_its_time_its_roles_and_its_person(town: Town, change: str):
    async with await town.logged_in("dispatcher.city") as browser:
        before = await browser.get("/api/cases")
        await town.conn.execute(change)

        after = await browser.get("/api/cases")

    assert before.status_code == 200
    assert after.status_code in (401, 403)


async def test_a_new_password_ends_all_sessions(town: Town):
    async with await town.logged_in("dispatcher.city") as browser:
        await set_password(town.conn, "dispatcher.city", hash_password(PASSWORD), datetime.now(UTC))

        answer = await browser.get("/api/cases")

    assert answer.status_code == 401


async def test_a_one_time_login_works_once(town: Town):
    token = await issue_one_time_login(town.conn, "dispatcher.city", datetime.now(UTC))

    looked = await town.client.head(f"/login/{token}")
    first = await town.client.get(f"/login/{token}")
    me = await town.client.get("/api/session")
    second = await town.client.get(f"/login/{token}")

    assert looked.status_code == 200
    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert me.json()["login"] == "dispatcher.city"
    assert second.headers["location"] == "/login"


async def test_a_one_time_login_is_good_for_a_quarter_of_an_hour(town: Town):
    issued_at = datetime.now(UTC) - timedelta(minutes=16)
    token = await issue_one_time_login(town.conn, "dispatcher.city", issued_at)

    answer = await town.client.get(f"/login/{token}")

    assert answer.headers["location"] == "/login"
    assert "set-cookie" not in answer.headers


async def test_a_page_of_another_site_cannot_act_with_the_session(town: Town):
    case_id = await town.a_case()
    told = {"move": "assign", "department": "water"}
    async with await town.logged_in("dispatcher.city") as browser:
        url = f"/api/cases/{case_id}/moves"
        by_fetch = await browser.post(url, json=told, headers={"sec-fetch-site": "cross-site"})
        by_origin = await browser.post(url, json=told, headers={"origin": "https://evil.example"})
        same_site = await browser.post(url, json=told, headers={"sec-fetch-site": "same-site"})
        own = await browser.post(url, json=told, headers={"origin": town.url})

    statuses = [answer.status_code for answer in (by_fetch, by_origin, same_site, own)]
    assert statuses == [403, 403, 403, 200]


async def test_a_password_of_a_megabyte_is_not_hashed(town: Town):
    long = await log_in(town, "dispatcher.city", "x" * 1_000_000)
    longish = await log_in(town, "dispatcher.city", "x" * 129)

    assert (long.status_code, longish.status_code) == (413, 422)


async def test_a_spray_of_passwords_is_slowed_down(town: Town):
    answers = await asyncio.gather(
        *(log_in(town, "dispatcher.city", f"wrong password {n}") for n in range(PER_LOGIN + 5))
    )

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) == PER_LOGIN
    assert statuses.count(429) == 5


async def test_logins_are_noted_without_what_was_typed(known: Town):
    await log_in(known, "dispatcher.city", PASSWORD)
    await log_in(known, "typed my password here", "wrong password 123")

    found = await known.conn.execute("SELECT actor, action, outcome FROM audit ORDER BY id")
    assert await found.fetchall() == [
        ("dispatcher.city", "session.open", "done"),
        ("unknown", "session.open", "refused"),
    ]


def test_failures_are_forgotten_after_their_window():
    throttle = Throttle()
    for _ in range(PER_LOGIN):
        throttle.failed("li", "10.0.0.1", NOW)

    assert throttle.wait("li", "10.0.0.2", NOW) == WINDOW
    assert throttle.wait("wang", "10.0.0.1", NOW) == timedelta(0)
    assert throttle.wait("li", "10.0.0.1", NOW + WINDOW) == timedelta(0)


def test_an_office_behind_one_address_can_log_in_all_day():
    throttle = Throttle()
    for person in range(1000):
        throttle.failed(str(person), "10.0.0.1", NOW)
        throttle.succeeded(str(person), "10.0.0.1")

    assert throttle.wait("li", "10.0.0.1", NOW) == timedelta(0)


def test_a_spray_of_logins_does_not_fill_the_memory():
    throttle = Throttle()
    for person in range(30_000):
        throttle.failed(str(person), str(person), NOW)

    assert len(throttle._windows) <= 20_000  # pyright: ignore[reportPrivateUsage]
