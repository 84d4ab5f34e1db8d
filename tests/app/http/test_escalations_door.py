"""The door of escalations: who was told sees it, and says that they see to it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb

from app.clock import Clock
from app.settings import Settings
from dispatch.ledger import equations
from dispatch.postgres.ledger import read_books
from tests.app.town import Town
from tests.dispatch.escalation.lives import a_ladder, a_part, a_step

STEP = a_step("1 min not taken", tell=["dispatcher", "supervisor"], repeat_minutes=1, most=5)


async def told(town: Town) -> int:
    """A case that two people were told of, as they would be now; the id of the escalation."""
    await town.conn.execute(
        "INSERT INTO city_part (part, version, content, sha256, loaded_at)"
        " VALUES ('escalation', 1, %s, 'x', '2020-01-01 00:00Z')",
        [Jsonb(a_part(a_ladder(STEP)))],
    )
    case_id = await town.a_case()
    await ago(town, case_id, minutes=3)
    clock = Clock(Settings(database_url=town.settings.database_url))
    await clock.watch()
    while await clock.escalator.turn():
        pass
    await clock.close()
    found = await town.conn.execute("SELECT id FROM escalation WHERE case_id = %s", [case_id])
    [escalation_id] = await found.fetchone() or (0,)
    return escalation_id


async def ago(town: Town, case_id: int, **span: float) -> None:
    """Let the history of a case lie so long ago; its chain is not looked at here."""
    async with town.conn.transaction():
        await town.conn.execute("SET LOCAL session_replication_role = replica")
        await town.conn.execute(
            "UPDATE case_event SET at = at - %s WHERE case_id = %s", [timedelta(**span), case_id]
        )


async def acknowledge(town: Town, login: str, escalation_id: object) -> httpx.Response:
    async with await town.logged_in(login) as client:
        return await client.post(f"/api/escalations/{escalation_id}/acknowledge")


async def listed(town: Town, login: str, query: str = "") -> list[dict[str, Any]]:
    async with await town.logged_in(login) as client:
        answer = await client.get(f"/api/escalations{query}")
        assert answer.status_code == 200
        return answer.json()["escalations"]


async def test_who_was_told_sees_it_with_every_message_and_how_it_stands(town: Town):
    escalation_id = await told(town)

    [mine] = await listed(town, "dispatcher.city", "?mine=true&open=true")

    assert (mine["id"], mine["step"], mine["times"]) == (escalation_id, "1 min not taken", 1)
    assert mine["people"] == ["dispatcher.city", "supervisor.city"]
    [notice] = mine["notices"]
    assert (notice["channel"], notice["state"], notice["attempts"]) == ("log", "pending", 0)
    assert await listed(town, "handler.sanitation", "?mine=true") == []
    assert len(await listed(town, "handler.sanitation", f"?case={mine['case']}")) == 1


async def test_acknowledged_it_stands_in_the_history_and_is_not_told_again(town: Town):
    escalation_id = await told(town)

    answer = await acknowledge(town, "dispatcher.city", escalation_id)
    again = await acknowledge(town, "dispatcher.city", escalation_id)

    assert (answer.status_code, again.status_code) == (200, 200)
    assert answer.json()["acknowledged_by"] == "dispatcher.city"
    found = await town.conn.execute(
        "SELECT actor FROM case_event WHERE kind = 'escalation_acknowledged'"
    )
    assert await found.fetchall() == [("dispatcher.city",)]
    assert await listed(town, "dispatcher.city", "?open=true") == []
    books = equations(await read_books(town.conn))
    assert [one.name for one in books if not one.holds] == []


async def test_of_two_who_acknowledge_at_once_one_has_it_and_the_other_is_told_who(town: Town):
    escalation_id = await told(town)

    answers = await asyncio.gather(
        acknowledge(town, "dispatcher.city", escalation_id),
        acknowledge(town, "supervisor.city", escalation_id),
    )

    late, early = sorted(answers, key=lambda answer: answer.status_code, reverse=True)
    assert (early.status_code, late.status_code) == (200, 409)
    assert early.json()["acknowledged_by"] in late.json()["detail"]
    assert late.json()["details"]["zh"].endswith("已确认")


async def test_who_was_not_told_cannot_acknowledge(town: Town):
    escalation_id = await told(town)

    handler = await acknowledge(town, "handler.sanitation", escalation_id)
    elsewhere = await acknowledge(town, "dispatcher.elsewhere", escalation_id)
    auditor = await acknowledge(town, "auditor.city", escalation_id)

    assert [one.status_code for one in (handler, elsewhere, auditor)] == [403, 404, 403]
    assert "details" in handler.json()


@pytest.mark.parametrize("name", ["0", "4711", "9223372036854775808", "x", "１", "1%20", "-1"])
async def test_what_is_no_escalation_is_not_found(town: Town, name: str):
    assert (await acknowledge(town, "dispatcher.city", name)).status_code == 404


@pytest.mark.parametrize(
    "query", ["?mine=me", "?open=1", "?case=0", "?limit=201", "?before=x", "?colour=red"]
)
async def test_a_list_that_cannot_be_asked_for_is_refused(town: Town, query: str):
    async with await town.logged_in("dispatcher.city") as client:
        assert (await client.get(f"/api/escalations{query}")).status_code == 400


async def test_nobody_sees_escalations_of_cases_out_of_reach(town: Town):
    escalation_id = await told(town)

    async with await town.logged_in("dispatcher.elsewhere") as client:
        one = await client.get(f"/api/escalations/{escalation_id}")
        many = (await client.get("/api/escalations")).json()
    unknown = await town.client.get("/api/escalations")

    assert (one.status_code, many, unknown.status_code) == (
        404,
        {"escalations": [], "next": None},
        401,
    )


async def test_a_page_goes_on_below_the_last_one(town: Town):
    escalation_id = await told(town)

    async with await town.logged_in("dispatcher.city") as client:
        first = (await client.get("/api/escalations?limit=1")).json()
        rest = (await client.get(f"/api/escalations?before={first['next']}")).json()

    assert ([one["id"] for one in first["escalations"]], rest["escalations"]) == (
        [escalation_id],
        [],
    )
    assert datetime.fromisoformat(first["escalations"][0]["told_at"]) <= datetime.now(UTC)
