"""Dead reports through the doors: who sees what, replayed, put right; the books keep."""

import json
from typing import Any

import pytest

from app.database import connect
from dispatch.ledger import equations
from dispatch.postgres.ledger import read_books
from dispatch.postgres.saving import MAX_ATTEMPTS
from tests.app.town import Town
from tests.makers import spot


@pytest.fixture
async def dead(town: Town) -> int:
    """A dead report with a reporter: its category was taken out of the catalogue meanwhile."""
    told = {
        "category": "06010", "description": "rubbish", "address": "Mill Street 5",
        "lon": spot()[0], "lat": spot()[1], "datum": "wgs84",
        "reporter": {"name": "Lin Mo", "phone": "555-0100"},
    }  # fmt: skip
    receipt = (await town.submit(told)).json()["receipt"]
    await town.conn.execute("UPDATE inbox SET category = 'lost' WHERE receipt = %s", [receipt])
    for _ in range(MAX_ATTEMPTS):
        await town.decide_all()
    found = await town.conn.execute("SELECT id FROM inbox WHERE state = 'dead'")
    [report_id] = await found.fetchone() or (0,)
    return report_id


async def ask(town: Town, login: str, path: str) -> Any:
    async with await town.logged_in(login) as browser:
        return await browser.get(path)


async def tell(town: Town, login: str, path: str, body: object = None) -> Any:
    async with await town.logged_in(login) as browser:
        return await browser.post(path, json=body)


async def balanced(town: Town) -> bool:
    async with await connect(town.settings.database_url) as conn:
        return all(line.holds for line in equations(await read_books(conn)))


async def inbox(town: Town) -> list[tuple[Any, ...]]:
    found = await town.conn.execute("SELECT id, state, replay_of FROM inbox ORDER BY id")
    return await found.fetchall()


@pytest.mark.parametrize(
    ("login", "listed", "read"),
    [
        ("operator.city", 200, 200),
        ("auditor.city", 200, 200),
        ("admin", 200, 403),
        ("dispatcher.city", 403, 403),
        ("handler.sanitation", 403, 403),
    ],
)
async def test_content_is_for_operators_reasons_also_for_administrators(
    town: Town, dead: int, login: str, listed: int, read: int
):
    one = await ask(town, login, f"/api/dead/{dead}")

    assert (await ask(town, login, "/api/dead")).status_code == listed
    assert one.status_code == read


async def test_nothing_tells_who_reported(town: Town, dead: int):
    listed = await ask(town, "operator.city", "/api/dead")
    one = await ask(town, "operator.city", f"/api/dead/{dead}")

    assert one.json()["description"] == "rubbish"
    assert "Lin Mo" not in listed.text + one.text
    assert "555-0100" not in listed.text + one.text


async def test_a_list_for_the_administrator_holds_no_content(town: Town, dead: int):
    [listed] = (await ask(town, "admin", "/api/dead")).json()["dead"]

    assert set(listed) == {
        "id", "category", "category_name", "received_at", "decided_at", "reason"
    }  # fmt: skip


async def test_one_that_is_replayed_is_decided_by_the_rules_of_today(town: Town, dead: int):
    await town.conn.execute("UPDATE inbox SET category = '06010'")

    answer = await tell(town, "admin", f"/api/dead/{dead}/replay")
    again = await tell(town, "admin", f"/api/dead/{dead}/replay")
    await town.decide_all()

    assert (answer.status_code, again.status_code) == (202, 409)
    assert await inbox(town) == [(dead, "cased", None)]
    assert await balanced(town)


async def test_one_that_is_put_right_becomes_a_case_and_the_dead_one_stays_dead(
    town: Town, dead: int
):
    path = f"/api/dead/{dead}/edit"
    answer = await tell(town, "operator.city", path, {"category": "06010"})
    await town.decide_all()

    new = answer.json()["report"]
    assert answer.status_code == 201
    assert await inbox(town) == [(dead, "dead", None), (new, "cased", dead)]
    found = await town.conn.execute("SELECT name FROM reporter WHERE inbox_id = %s", [new])
    assert await found.fetchone() == ("Lin Mo",)
    assert (await ask(town, "operator.city", "/api/dead")).json()["dead"] == []
    assert await balanced(town)


async def test_it_is_put_right_once(town: Town, dead: int):
    path = f"/api/dead/{dead}/edit"
    await tell(town, "operator.city", path, {"category": "06010"})

    again = await tell(town, "operator.city", path, {"category": "09009"})
    replayed = await tell(town, "operator.city", f"/api/dead/{dead}/replay")

    assert (again.status_code, replayed.status_code) == (409, 409)
    assert len(await inbox(town)) == 2


@pytest.mark.parametrize(
    ("correction", "field"),
    [
        ({"category": "99999"}, "category"),
        ({"category": "06010", "lon": 0, "lat": 0}, "lon"),
        ({"category": "06010", "datum": "mars"}, "datum"),
        ({"category": "06010", "condition": "flooded"}, "condition"),
        ({"category": "06010", "description": "bell \u0007"}, "description"),
        ({"reporter": {"name": "x"}}, "reporter"),
    ],
)
async def test_it_is_checked_as_the_doors_check(
    town: Town, dead: int, correction: dict[str, Any], field: str
):
    answer = await tell(town, "operator.city", f"/api/dead/{dead}/edit", correction)

    assert answer.status_code == 422
    assert field in [fault["field"] for fault in answer.json()["errors"]]
    assert await inbox(town) == [(dead, "dead", None)]


async def test_the_audit_says_who_changed_which_fields_but_not_what_they_say(town: Town, dead: int):
    changes = {"category": "06010", "description": "a secret"}
    await tell(town, "operator.city", f"/api/dead/{dead}/edit", changes)

    found = await town.conn.execute(
        "SELECT actor, target, detail FROM audit WHERE action = 'report.edit'"
    )
    [(actor, target, detail)] = await found.fetchall()
    assert (actor, target) == ("operator.city", str(dead))
    assert detail["fields"] == ["category", "description"]
    assert "secret" not in json.dumps(detail)


@pytest.mark.parametrize("number", [0, 12345, 2**63])
async def test_a_number_that_is_no_dead_report_is_not_found(town: Town, number: int):
    path = f"/api/dead/{number}"

    assert (await ask(town, "operator.city", path)).status_code == 404
    answer = await tell(town, "operator.city", f"{path}/edit", {"category": "06010"})
    assert answer.status_code == 404


async def test_the_figure_of_dead_reports_forgets_what_was_put_right(town: Town, dead: int):
    async def figure() -> str:
        told = await town.client.get("/metrics", headers={"x-api-key": town.keys["monitor"]})
        [line] = [one for one in told.text.splitlines() if one.startswith("city_reports_dead")]
        return line

    before = await figure()
    await tell(town, "operator.city", f"/api/dead/{dead}/edit", {"category": "06010"})

    assert (before, await figure()) == ("city_reports_dead 1.0", "city_reports_dead 0.0")
