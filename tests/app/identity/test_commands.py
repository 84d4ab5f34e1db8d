"""`citygrid user` and `citygrid key`: who gets in, told and refused in one sentence."""

import asyncio
import json

import pytest
from psycopg import AsyncConnection
from typer.testing import CliRunner, Result

from app.identity.commands import key, user
from app.identity.passwords import Passwords
from app.identity.postgres import find_key, find_person
from tests.app.town import PASSWORD

RUN = CliRunner()
ADD = ["add", "li.wei", "--role", "handler", "--name-zh", "李伟", "--name-en", "Li Wei"]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("CITY_DATABASE_URL", database_url)


async def run_user(*args: str, given: str | None = None) -> Result:
    return await asyncio.to_thread(RUN.invoke, user, list(args), input=given)


async def run_key(*args: str) -> Result:
    return await asyncio.to_thread(RUN.invoke, key, list(args))


async def test_a_person_is_added_gets_a_password_and_is_listed(conn: AsyncConnection):
    added = await run_user(*ADD, "--department", "water")
    told = await run_user("password", "li.wei", "--stdin", given=f"{PASSWORD}\n")
    listed = await run_user("list", "--json")

    person = await find_person(conn, "li.wei")
    assert (added.exit_code, told.exit_code) == (0, 0)
    assert person is not None
    assert await Passwords().matches(person.password_hash, PASSWORD)
    [shown] = json.loads(listed.stdout)["people"]
    assert (shown["roles"], shown["department"], shown["has_password"]) == (
        ["handler"], "water", True,
    )  # fmt: skip
    assert PASSWORD not in listed.stdout


async def test_what_cannot_be_is_refused_in_a_sentence():
    await run_user(*ADD)
    refused = {
        "there is a person li.wei already": await run_user(*ADD),
        "there is no person nobody": await run_user(
            "password", "nobody", "--stdin", given=f"{PASSWORD}\n"
        ),
        "a password has 12 to 128 characters": await run_user(
            "password", "li.wei", "--stdin", given="short\n"
        ),
        "portal never had a key": await run_key("renew", "portal"),
        "portal has no valid key": await run_key("revoke", "portal"),
        "a source is written kind:name": await run_key("add", "portal", "--role", "citizen"),
    }

    assert {result.exit_code for result in refused.values()} == {1}
    for sentence, result in refused.items():
        assert sentence in result.stderr


async def test_a_key_is_printed_once_renewed_and_revoked(conn: AsyncConnection):
    first = (await run_key("add", "open311:portal", "--role", "citizen")).stdout.strip()
    second = (await run_key("renew", "open311:portal")).stdout.strip()
    revoked = await run_key("revoke", "open311:portal")

    assert await find_key(conn, first) is None
    found = await find_key(conn, second)
    assert found is not None
    assert found.revoked_at is not None
    assert revoked.exit_code == 0
    audit = await conn.execute("SELECT actor, action, outcome FROM audit ORDER BY id")
    assert await audit.fetchall() == [
        ("command line", "key.add", "done"),
        ("command line", "key.renew", "done"),
        ("command line", "key.revoke", "done"),
    ]


async def test_an_invitation_is_the_path_of_a_one_time_login():
    await run_user(*ADD)

    invited = await run_user("invite", "li.wei")
    nobody = await run_user("invite", "nobody")

    assert invited.stdout.startswith("/login/")
    assert nobody.exit_code == 1


async def test_a_database_that_is_away_is_said_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CITY_DATABASE_URL", "postgresql://citygrid@127.0.0.1:1/none")

    told = await run_user("list")

    assert told.exit_code == 2
    assert "the database is away" in told.stderr
