"""The door of moves and the list of tasks: who is offered what, and what is answered otherwise."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb

from dispatch.ledger import equations
from dispatch.postgres.ledger import read_books
from dispatch.workflow.variant import STAGE_MINUTES
from tests.app.http.test_cases_door import make
from tests.app.http.test_photos import a_photo as jpeg
from tests.app.town import PHONE, Town
from tests.makers import PARTS

LATER = (datetime.now(UTC) + timedelta(days=40)).isoformat()


async def done(town: Town, case_id: int, *moves: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    """Several moves by several people, each of which must be made; the case after the last."""
    told: dict[str, Any] = {}
    for login, move, more in moves:
        answer = await make(town, login, case_id, move, **{"reason": "because", **more})
        assert answer.status_code == 200, (move, answer.text)
        told = answer.json()
    return told


async def tasks(town: Town, login: str, **query: str) -> list[dict[str, Any]]:
    async with await town.logged_in(login) as browser:
        return (await browser.get("/api/tasks", params=query)).json()["tasks"]


async def test_lead_and_helper_work_side_by_side_and_the_lead_ends_it(town: Town):
    case_id = await town.a_case()
    await done(town, case_id, ("dispatcher.city", "involve", {"department": "water"}))

    theirs = await tasks(town, "handler.water")
    assert [(one["department"], one["lead"], one["state"]) for one in theirs] == [
        ("sanitation", True, "open"),
        ("water", False, "open"),
    ]
    too_soon = await make(town, "handler.sanitation", case_id, "handle")
    not_theirs = await make(town, "handler.water", case_id, "handle")
    told = await done(
        town,
        case_id,
        ("handler.water", "take", {}),
        ("handler.water", "finish_part", {}),
        ("handler.sanitation", "handle", {}),
    )

    assert (too_soon.status_code, not_theirs.status_code) == (409, 404)
    assert "协办" in too_soon.json()["details"]["zh"]
    assert told["case"]["helpers"] == ["water"]
    assert [one["state"] for one in await tasks(town, "handler.water")] == ["finished"] * 2
    assert [line for line in equations(await read_books(town.conn)) if not line.holds] == []


async def test_the_ledger_of_suspended_cases_and_what_was_left(town: Town):
    case_id = await town.a_case()
    told = await done(town, case_id, ("dispatcher.city", "suspend", {}))

    async with await town.logged_in("supervisor.city") as browser:
        suspended = (await browser.get("/api/cases", params={"suspended": "true"})).json()
        running = (await browser.get("/api/cases", params={"suspended": "false"})).json()
    resumed = await done(town, case_id, ("supervisor.city", "resume", {}))

    assert [case["id"] for case in suspended["cases"]] == [case_id]
    assert running["cases"] == []
    assert told["case"]["due_at"] is None
    assert told["deadlines"][0]["state"] == "cancelled"
    assert told["history"][-1]["fields"]["left_s"].keys() == {"resolve"}
    began = resumed["history"][-1]["fields"]["began"]["resolve"]
    assert datetime.fromisoformat(resumed["case"]["due_at"]) == datetime.fromisoformat(began)


async def test_more_time_is_asked_for_and_granted_by_somebody_else(town: Town):
    case_id = await town.a_case()

    asked = await done(town, case_id, ("handler.sanitation", "ask_extension", {"until": LATER}))
    granted = await done(town, case_id, ("dispatcher.city", "extend", {}))

    assert asked["case"]["due_at"] < granted["case"]["due_at"]
    assert datetime.fromisoformat(granted["case"]["due_at"]) == datetime.fromisoformat(LATER)


async def test_of_two_dispatchers_one_is_told_what_the_other_has_done(town: Town):
    case_id = await town.a_case()
    async with await town.logged_in("dispatcher.city") as browser:
        seen = await browser.get(f"/api/cases/{case_id}")

        async def assign(department: str) -> httpx.Response:
            return await browser.post(
                f"/api/cases/{case_id}/moves",
                json={"move": "assign", "department": department},
                headers={"if-match": seen.headers["etag"]},
            )

        answers = await asyncio.gather(assign("water"), assign("fire"))

    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (200, 412)
    assert won.headers["etag"] != seen.headers["etag"]
    problem = lost.json()
    assert [fault["problem"] for fault in problem["errors"]] == ["dispatcher.city: assigned"]
    assert "assigned by dispatcher.city" in problem["detail"]
    assert "由 dispatcher.city 更新" in problem["details"]["zh"]
    found = await town.conn.execute("SELECT version FROM cases")
    assert await found.fetchall() == [(4,)]


async def test_a_version_that_was_overtaken_is_409_and_told_too(town: Town):
    case_id = await town.a_case()

    answer = await make(town, "handler.sanitation", case_id, "handle", version=1)

    assert answer.status_code == 409
    assert [fault["problem"] for fault in answer.json()["errors"]] == [
        "rules: filed",
        "rules: assigned",
    ]


@pytest.mark.parametrize("tag", ['"1"', 'W/"3"', "3", '"nonsense"', '"' + "9" * 400 + '"', ""])
async def test_an_entity_tag_that_is_not_the_cases_is_412(town: Town, tag: str):
    case_id = await town.a_case()

    async with await town.logged_in("handler.sanitation") as browser:
        answer = await browser.post(
            f"/api/cases/{case_id}/moves", json={"move": "handle"}, headers={"if-match": tag}
        )

    assert answer.status_code == 412


async def test_what_is_missing_is_told_by_field_in_both_languages(town: Town):
    case_id = await town.a_case()

    answers = {
        "reason": await make(town, "handler.sanitation", case_id, "send_back"),
        "department": await make(town, "dispatcher.city", case_id, "involve"),
        "until": await make(town, "handler.sanitation", case_id, "ask_extension", reason="rain"),
        "photos": await make(
            town, "handler.sanitation", case_id, "handle",
            photos=["00000000-0000-4000-8000-000000000000"],
        ),
    }  # fmt: skip

    for field, answer in answers.items():
        problem = answer.json()
        assert answer.status_code == 422
        assert [fault["field"] for fault in problem["errors"]] == [field]


@pytest.mark.parametrize(
    "until",
    ["2020-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00",
     "2030-01-01T00:00:00", "soon", 17, "2030-02-30T00:00:00Z"],
)  # fmt: skip
async def test_a_time_that_cannot_be_the_deadline_is_refused(town: Town, until: object):
    case_id = await town.a_case()

    answer = await make(
        town, "handler.sanitation", case_id, "ask_extension", reason="rain", until=until
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "until"


async def test_a_city_switches_off_renames_and_asks_for_photos(town: Town):
    case_id = await town.a_case()
    workflow = {
        "off": ["transfer"],
        "photo": ["handle"],
        "minutes": STAGE_MINUTES,
        "names": {"handle": {"zh": "办结", "en": "All done"}},
    }
    await town.conn.execute(
        "INSERT INTO city_part (part, version, content, sha256) VALUES ('city', 2, %s, 'y')",
        [Jsonb(PARTS["city"] | {"workflow": workflow})],
    )
    await town.conn.execute("NOTIFY citygrid_pack")
    async with asyncio.timeout(20):
        while not (offered := await offers(town, case_id)).get("handle", {}).get("needs_photo"):
            await asyncio.sleep(0.05)

    assert offered["handle"]["name"] == {"zh": "办结", "en": "All done"}
    assert "transfer" not in offered
    refused = await make(
        town, "handler.sanitation", case_id, "transfer", reason="no", department="water"
    )
    assert refused.status_code == 409
    assert "未启用" in refused.json()["details"]["zh"]

    of_reporter = await a_photo_of_the_reporter(town)
    not_own = await make(town, "handler.sanitation", case_id, "handle", photos=[of_reporter])
    photo = await a_photo(town, case_id)
    told = await done(town, case_id, ("handler.sanitation", "handle", {"photos": [photo]}))
    assert told["history"][-1]["fields"]["photos"] == [photo]
    assert (not_own.status_code, not_own.json()["errors"][0]["field"]) == (422, "photos")
    await done(town, case_id, ("inspector.mill", "rework", {}))
    of_before = await make(town, "handler.sanitation", case_id, "handle", photos=[photo])
    assert of_before.status_code == 422
    assert {one["kind"]: one["state"] for one in told["deadlines"]} == {
        "resolve": "met",
        "stage.verify": "pending",
    }


async def offers(town: Town, case_id: int) -> dict[str, Any]:
    async with await town.logged_in("handler.sanitation") as browser:
        told = (await browser.get(f"/api/cases/{case_id}")).json()
    return {move["move"]: move for move in told["moves"]}


@pytest.mark.parametrize(
    ("login", "move", "more", "fields"),
    [
        ("handler.sanitation", "handle", {"until": LATER}, ["until"]),
        ("handler.sanitation", "handle", {"department": "water"}, ["department"]),
        ("handler.sanitation", "send_back", {"severity": 2, "case": 1}, ["severity", "case"]),
        ("dispatcher.city", "assign", {"department": "fire", "until": LATER}, ["until"]),
        ("inspector.mill", "self_handle", {"department": "water"}, ["department"]),
    ],
)
async def test_what_a_move_does_not_take_is_refused(
    town: Town, login: str, move: str, more: dict[str, Any], fields: list[str]
):
    case_id = await town.a_case()

    answer = await make(town, login, case_id, move, reason="because", **more)
    own = await make(town, "inspector.mill", case_id, "self_handle", department="sanitation")

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == fields
    assert own.status_code == 200


async def a_photo_of_the_reporter(town: Town) -> str:
    found = await town.conn.execute("SELECT receipt FROM inbox ORDER BY id LIMIT 1")
    [receipt] = await found.fetchone() or ("",)
    answer = await town.client.post(
        f"/api/reports/{receipt}/photos",
        files={"photo": ("seen.jpg", jpeg(size=(32, 24)), "image/jpeg")},
        headers={"x-api-key": town.keys[PHONE]},
    )
    assert answer.status_code == 201
    return answer.json()["photo"]


async def a_photo(town: Town, case_id: int) -> str:
    """The id of a photo that the department has added to the case."""
    async with await town.logged_in("handler.sanitation") as browser:
        files = {"photo": ("done.jpg", jpeg(), "image/jpeg")}
        answer = await browser.post(f"/api/cases/{case_id}/photos", files=files)
    async with await town.logged_in("handler.water") as browser:
        elsewhere = await browser.post(f"/api/cases/{case_id}/photos", files=files)
    assert (answer.status_code, elsewhere.status_code) == (201, 404)
    return answer.json()["photo"]


async def test_tasks_are_filtered_and_what_cannot_be_meant_is_refused(town: Town):
    await town.a_case()

    async with await town.logged_in("dispatcher.city") as browser:
        crooked = [
            (await browser.get("/api/tasks", params={name: value})).status_code
            for name, value in (
                ("order", "id"), ("state", "x"), ("lead", "1"), ("case", "0"), ("limit", "201"),
                ("department", "\x00"), ("before", "9" * 30),
            )
        ]  # fmt: skip
    assert crooked == [400] * 7
    assert len(await tasks(town, "dispatcher.city", state="open", lead="true")) == 1
    assert await tasks(town, "dispatcher.city", state="finished") == []
    assert await tasks(town, "dispatcher.city", department="' OR 1=1 --") == []
    assert await tasks(town, "dispatcher.elsewhere") == []
    assert await tasks(town, "handler.water") == []
