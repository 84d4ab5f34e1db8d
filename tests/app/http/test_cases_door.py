"""Cases for staff: what each may see, which moves are open, and what is answered otherwise."""

import asyncio
from typing import Any

import httpx

from dispatch.ledger import equations
from dispatch.postgres.ledger import read_books
from tests.app.town import PORTAL, Town, a_report, store_grid_of_town


async def make(town: Town, login: str, case_id: int, move: str, **told: Any) -> httpx.Response:
    """One move by one person."""
    async with await town.logged_in(login) as browser:
        return await browser.post(f"/api/cases/{case_id}/moves", json={"move": move, **told})


async def test_a_case_tells_everything_about_itself(town: Town):
    case_id = await town.a_case()

    async with await town.logged_in("dispatcher.city") as browser:
        told = (await browser.get(f"/api/cases/{case_id}")).json()

    assert told["case"]["state"] == "assigned"
    assert told["case"]["department_name"]["en"] == "sanitation"
    assert [event["kind"] for event in told["history"]] == ["reported", "filed", "assigned"]
    assert told["why"]["routing"]["department"] == "sanitation"
    assert len(told["reports"]) == 1
    assert [move["move"] for move in told["moves"]] == ["correct", "assign", "involve", "suspend"]
    asked = {"move": "assign", "needs_reason": False, "needs_department": True}
    assert told["moves"][1].items() >= asked.items()
    assert told["deadlines"][0]["state"] == "pending"


async def test_a_case_goes_all_the_way_through_the_hands_of_those_who_may(town: Town):
    case_id = await town.a_case()

    answers = [
        await make(town, "dispatcher.city", case_id, "assign", department="water"),
        await make(town, "handler.water", case_id, "send_back", reason="not ours"),
        await make(town, "dispatcher.city", case_id, "assign", department="sanitation"),
        await make(town, "handler.sanitation", case_id, "handle"),
        await make(town, "inspector.mill", case_id, "rework", reason="still there"),
        await make(town, "handler.sanitation", case_id, "handle"),
        await make(town, "inspector.mill", case_id, "verify"),
        await make(town, "operator.city", case_id, "close"),
    ]

    assert [answer.status_code for answer in answers] == [200] * 8
    assert answers[-1].json()["case"]["closed"] is True
    assert [line for line in equations(await read_books(town.conn)) if not line.holds] == []
    found = await town.conn.execute(
        "SELECT actor FROM audit WHERE action = 'case.move.close' AND outcome = 'done'"
    )
    assert await found.fetchall() == [("operator.city",)]


async def test_what_lies_outside_the_reach_does_not_exist(town: Town):
    case_id = await town.a_case()

    statuses = {}
    for login in ("dispatcher.elsewhere", "handler.water", "admin", "auditor.city"):
        async with await town.logged_in(login) as browser:
            one = await browser.get(f"/api/cases/{case_id}")
            listed = await browser.get("/api/cases")
            number = len(listed.json().get("cases", []))
            statuses[login] = (one.status_code, listed.status_code, number)

    assert statuses == {
        "dispatcher.elsewhere": (404, 200, 0),
        "handler.water": (404, 200, 0),
        "admin": (403, 403, 0),
        "auditor.city": (200, 200, 1),
    }


async def test_who_was_refused_what_is_written_down(town: Town):
    case_id = await town.a_case()

    for login in ("admin", "handler.water"):
        async with await town.logged_in(login) as browser:
            await browser.get(f"/api/cases/{case_id}")

    found = await town.conn.execute("SELECT actor, action, target, outcome FROM audit ORDER BY id")
    assert await found.fetchall() == [
        ("admin", "case.read", str(case_id), "refused"),
        ("handler.water", "case.read", str(case_id), "refused"),
    ]


async def test_moves_that_may_not_or_cannot_be_made_change_nothing(town: Town):
    case_id = await town.a_case()

    statuses = {
        "another department's": (await make(town, "handler.water", case_id, "handle")).status_code,
        "not one's role": (await make(town, "supervisor.city", case_id, "assign")).status_code,
        "not now": (await make(town, "operator.city", case_id, "close")).status_code,
        "without a reason": (
            await make(town, "handler.sanitation", case_id, "send_back")
        ).status_code,
        "without a department": (
            await make(town, "dispatcher.city", case_id, "assign")
        ).status_code,
        "to nobody": (
            await make(town, "dispatcher.city", case_id, "assign", department="mars")
        ).status_code,
        "on an old version": (
            await make(town, "handler.sanitation", case_id, "handle", version=1)
        ).status_code,
        "unknown": (await make(town, "handler.sanitation", case_id, "explode")).status_code,
        "with more": (
            await make(town, "handler.sanitation", case_id, "handle", state="closed")
        ).status_code,
    }

    assert statuses == {
        "another department's": 404,
        "not one's role": 403,
        "not now": 409,
        "without a reason": 422,
        "without a department": 422,
        "to nobody": 422,
        "on an old version": 409,
        "unknown": 422,
        "with more": 422,
    }
    found = await town.conn.execute("SELECT version, state::text FROM cases")
    assert await found.fetchall() == [(3, "assigned")]


async def test_of_two_people_who_close_at_once_one_is_told_that_it_changed(town: Town):
    case_id = await town.a_case()

    answers = await asyncio.gather(
        *(make(town, "handler.sanitation", case_id, "handle") for _ in range(6))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5


async def test_a_list_is_filtered_and_paged(town: Town):
    for category in ("06010", "09009", "01001"):
        await town.submit(a_report(category=category))
    await town.decide_all()

    async with await town.logged_in("supervisor.city") as browser:
        first = (await browser.get("/api/cases", params={"limit": 2})).json()
        rest = (
            await browser.get("/api/cases", params={"limit": 2, "before": first["next"]})
        ).json()
        parking = (await browser.get("/api/cases", params={"category": "09009"})).json()
        closed = (await browser.get("/api/cases", params={"state": "closed,void"})).json()
        injected = (await browser.get("/api/cases", params={"category": "' OR 1=1 --"})).json()
        crooked = [
            (await browser.get("/api/cases", params={name: value})).status_code
            for name, value in (("order", "id"), ("state", "x"), ("limit", "0"), ("area", "\x00"))
        ]

    assert (len(first["cases"]), len(rest["cases"]), rest["next"]) == (2, 1, None)
    assert [case["category"] for case in parking["cases"]] == ["09009"]
    assert (closed["cases"], injected["cases"]) == ([], [])
    assert crooked == [400] * 4


async def test_numbers_that_no_case_can_have_are_not_found(town: Town):
    async with await town.logged_in("dispatcher.city") as browser:
        statuses = [
            (await browser.get(f"/api/cases/{number}")).status_code
            for number in ("0", "-1", "1e3", "9" * 19, "9" * 400, "%00", "١")
        ]

    assert statuses == [404] * 7


async def test_a_portal_that_reports_reads_no_case(town: Town):
    answer = await town.client.get("/api/cases", headers={"x-api-key": town.keys[PORTAL]})

    assert answer.status_code == 403


async def test_a_report_merged_by_mistake_becomes_a_case_of_its_own(town: Town):
    case_id = await town.a_case()
    await town.submit()
    await town.decide_all()
    found = await town.conn.execute("SELECT id FROM inbox WHERE state = 'merged'")
    [report] = await found.fetchone() or (0,)
    await store_grid_of_town(town.conn)
    url, told = f"/api/cases/{case_id}/reports/{report}/unmerge", {"reason": "another bag"}

    async with await town.logged_in("operator.city") as browser:
        taken_out = await browser.post(url, json=told)
        again = await browser.post(url, json=told)
        beyond = await browser.post(url.replace(str(report), "9" * 30), json=told)
    async with await town.logged_in("handler.sanitation") as browser:
        not_granted = await browser.post(url, json=told)

    assert taken_out.status_code == 201
    assert taken_out.json()["case"]["id"] != case_id
    assert [a.status_code for a in (again, beyond, not_granted)] == [409, 409, 403]
    assert [line for line in equations(await read_books(town.conn)) if not line.holds] == []
