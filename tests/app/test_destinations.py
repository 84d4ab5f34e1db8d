"""`citygrid destination` and `citygrid delivery` as an administrator types them."""

from __future__ import annotations

import json

import psycopg
import pytest
from typer.testing import CliRunner, Result

from app.__main__ import main

URL = "http://receiver.example/events"


@pytest.fixture(autouse=True)
def environment(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITY_DATABASE_URL", database_url)


def typed(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def shown(*words: str) -> dict[str, object]:
    """The one destination there is, as it is listed."""
    [one] = json.loads(typed("destination", "list", "--json").stdout)["destinations"]
    return one


def stand(database_url: str, state: str) -> int:
    """A delivery of an event that never was; its id."""
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "INSERT INTO outbox (topic, key, dedup, payload) VALUES ('t', '1', 'case-1-1', '{}')"
        )
        found = conn.execute(
            "INSERT INTO delivery (destination, dedup, event, state, attempts, last_error)"
            " SELECT 'room', dedup, id, %s, 3, 'answered 410' FROM outbox RETURNING id",
            [state],
        ).fetchone()
    return found[0] if found else 0


def test_a_destination_is_added_with_a_secret_that_is_printed_once():
    added = json.loads(typed("destination", "add", "room", URL, "--json").stdout)

    listed = typed("destination", "list", "--json").stdout
    assert len(added["secret"]) >= 32
    assert added["secret"] not in listed
    assert shown()["signed"] is True


def test_a_destination_may_be_unsigned_and_ask_for_kinds():
    typed("destination", "add", "room", URL, "--kind", "closed", "--unsigned")

    assert (shown()["signed"], shown()["kinds"], shown()["pending"]) == (False, ["closed"], 0)


def test_a_table_shows_a_person_the_same():
    typed("destination", "add", "room", URL)

    assert "room" in typed("destination", "list").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("room", "file:///etc/passwd"), "url of a destination"),
        (("room", "http://li:pass@receiver.example/"), "without a login"),
        (("Room", URL), "name of a destination"),
        (("room", URL, "--kind", "exploded"), "no kind exploded"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line(words: tuple[str, ...], told: str):
    done = typed("destination", "add", *words)

    assert done.exit_code == 1
    assert told in done.output


def test_a_name_is_refused_a_second_time_even_after_the_end():
    typed("destination", "add", "room", URL)
    assert typed("destination", "end", "room").exit_code == 0

    again = typed("destination", "add", "room", URL)

    assert again.exit_code == 1
    assert "choose another name" in again.output
    assert typed("destination", "end", "room").exit_code == 1


def test_an_administrator_who_must_wait_too_long_is_told_to_try_again(database_url: str):
    with psycopg.connect(database_url) as busy:
        busy.execute("LOCK TABLE destination IN ROW SHARE MODE")
        done = typed("destination", "add", "room", URL)

    assert done.exit_code == 1
    assert "try again" in done.output


def test_dead_deliveries_are_listed_and_replayed(database_url: str):
    typed("destination", "add", "room", URL)
    dead = stand(database_url, "dead")
    assert "answered 410" in typed("delivery", "list").stdout
    [listed] = json.loads(typed("delivery", "list", "--json").stdout)["dead"]
    assert (listed["id"], listed["destination"], listed["attempts"]) == (dead, "room", 3)

    replayed = typed("delivery", "replay", str(dead), "--json")

    assert json.loads(replayed.stdout) == {"replayed": [dead]}
    assert json.loads(typed("delivery", "list", "--json").stdout) == {"dead": []}
    assert typed("delivery", "replay", str(dead)).exit_code == 1


def test_who_changed_what_stands_in_the_audit_trail(database_url: str):
    typed("destination", "add", "room", URL)
    typed("delivery", "replay", "4711")
    typed("destination", "end", "room")

    with psycopg.connect(database_url) as conn:
        trail = conn.execute("SELECT action, target, outcome FROM audit ORDER BY id").fetchall()
    assert trail == [
        ("destination.add", "room", "done"),
        ("delivery.replay", "4711", "refused"),
        ("destination.end", "room", "done"),
    ]
