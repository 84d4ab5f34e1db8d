"""`citygrid channel` and `citygrid notice` as an administrator types them."""

from __future__ import annotations

import json

import psycopg
import pytest
from typer.testing import CliRunner, Result

from app.__main__ import main

SMS = "https://gateway.example/send"


@pytest.fixture(autouse=True)
def environment(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITY_DATABASE_URL", database_url)


def typed(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(main, list(words), input=answer)


def listed() -> dict[str, dict[str, object]]:
    rows = json.loads(typed("channel", "list", "--json").stdout)["channels"]
    return {row["name"]: row for row in rows}


def stand(database_url: str, state: str, *, channel: str = "gateway:sms", attempts: int = 3) -> int:
    """A notice of an escalation that never was; its id."""
    with psycopg.connect(database_url) as conn:
        conn.execute("SET LOCAL session_replication_role = replica")
        found = conn.execute(
            """
            INSERT INTO notice (escalation, dedup, channel, person, payload, state, attempts,
                                last_error)
            SELECT 1, 'notice-' || count(*), %s, 'li', '{}', %s, %s, 'answered 410' FROM notice
            RETURNING id
            """,
            [channel, state, attempts],
        ).fetchone()
        conn.execute(
            """
            INSERT INTO escalation (case_id, run, since, step, ladder, due_at, told_at, people)
            SELECT 17, 'resolve', 1, '80%', 'usual', now(), now(), '{li}'
             WHERE NOT EXISTS (SELECT FROM escalation)
            """
        )
    return found[0] if found else 0


def test_a_channel_is_set_up_with_a_secret_that_is_printed_once(database_url: str):
    secret = json.loads(typed("channel", "set", "gateway:sms", SMS, "--json").stdout)["secret"]

    assert len(secret) >= 32
    assert secret not in typed("channel", "list", "--json").stdout
    assert (listed()["gateway:sms"]["url"], listed()["log"]["set_up"]) == (SMS, True)
    with psycopg.connect(database_url) as conn:
        trail = conn.execute("SELECT action, target, outcome FROM audit").fetchall()
    assert trail == [("channel.set", "gateway:sms", "done")]


def test_a_mail_server_gets_a_login_whose_password_is_asked_for_and_never_shown(database_url: str):
    words = ("mail", "smtp://mail.example", "--from", "city@mail.example", "--login", "city")
    done = typed("channel", "set", *words, answer="pass word\n")

    assert done.exit_code == 0
    assert "pass word" not in done.output
    with psycopg.connect(database_url) as conn:
        found = conn.execute("SELECT login, secret, sender FROM channel").fetchone()
    assert found == ("city", "pass word", "city@mail.example")


def test_what_waits_for_a_channel_that_is_not_set_up_is_seen(database_url: str):
    stand(database_url, "pending", channel="webhook:room")

    assert listed()["webhook:room"] == {
        "name": "webhook:room", "url": "", "set_up": False, "pending": 1, "sent": 0, "dead": 0
    }  # fmt: skip
    assert "webhook:room" in typed("channel", "list").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sms", SMS), "name of a channel"),
        (("log", SMS), "name of a channel"),
        (("gateway", "file:///etc/passwd"), "url of a channel"),
        (("gateway", "https://li:pw@gateway.example/"), "without a login"),
        (("gateway", "https://10.0.0.7/send"), "10.0.0.7 is inside"),
        (("mail", "https://mail.example"), "a mail server as smtp://"),
        (("mail", "smtp://li:pw@mail.example"), "without a login"),
        (("mail", "smtp://mail.example"), "from of a channel"),
        (("mail", "smtp://mail.example", "--from", "a b@c"), "from of a channel"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line(words: tuple[str, ...], told: str):
    done = typed("channel", "set", *words)

    assert done.exit_code == 1
    assert told in done.output


def test_a_channel_is_set_up_anew_and_removed(database_url: str):
    typed("channel", "set", "gateway:sms", SMS)
    typed("channel", "set", "gateway:sms", f"{SMS}2", "--unsigned")

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT url, secret FROM channel").fetchall() == [(f"{SMS}2", None)]
    assert typed("channel", "remove", "gateway:sms").exit_code == 0
    assert typed("channel", "remove", "gateway:sms").exit_code == 1
    assert listed().keys() == {"log"}


def test_dead_notices_are_listed_and_sent_again(database_url: str):
    dead, hopeless = stand(database_url, "dead"), stand(database_url, "dead", attempts=0)

    [_, row] = json.loads(typed("notice", "list", "--state", "dead", "--json").stdout)["notices"]
    again = typed("notice", "replay", str(dead), str(hopeless), "--json")

    assert (row["case"], row["step"], row["last_error"]) == (17, "80%", "answered 410")
    assert json.loads(again.stdout) == {"replayed": [dead]}
    assert (again.exit_code, f"to nobody's address: {hopeless}" in again.output) == (1, True)
    assert typed("notice", "list", "--case", "18", "--json").stdout.strip() == '{"notices": []}'
    assert typed("notice", "list", "--state", "lost").exit_code == 1
    assert "answered 410" in typed("notice", "list", "--case", "17").stdout
