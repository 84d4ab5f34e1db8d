"""The doors of situations: who sees them, why they are one, and what people order of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb

from app.situations.lookout import Lookout
from tests.app.http.test_lists import rank
from tests.app.situations.watched import a_part, look, report
from tests.app.town import Town, store_grid_of_town

CLOSE = [(30.0, 30.0), (60.0, 30.0), (60.0, 60.0)]


@pytest.fixture
async def flagged(town: Town) -> AsyncIterator[Town]:
    """Littletown with one situation of three cases."""
    await store_grid_of_town(town.conn)
    await town.conn.execute(
        "INSERT INTO city_part (part, version, content, sha256) VALUES ('situations', 1, %s, '')",
        [Jsonb(a_part({}))],
    )
    lookout = Lookout(town.settings.database_url)
    await look(lookout)
    await report(town.conn, *CLOSE)
    await look(lookout)
    yield town
    await lookout.close()


async def get(town: Town, login: str, path: str = "/api/situations/1") -> httpx.Response:
    async with await town.logged_in(login) as browser:
        return await browser.get(path)


async def order(
    town: Town, name: str, login: str = "commander.city", tag: str | None = None, **body: Any
) -> httpx.Response:
    headers = {} if tag is None else {"if-match": tag}
    async with await town.logged_in(login) as browser:
        return await browser.post(f"/api/situations/1/{name}", json=body, headers=headers)


async def test_a_situation_tells_its_members_its_outline_and_why_it_is_one(flagged: Town):
    answer = await get(flagged, "dispatcher.city")

    told = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert told["situation"]["state"] == "open"
    assert [one["case"]["number"][-6:] for one in told["members"]] == ["000001", "000002", "000003"]
    assert told["situation"]["outline"]["type"] == "Polygon"
    assert told["trend"]["counts"][-1] == 3
    [why] = told["why"]
    assert why["text"]["en"].startswith("“Heaps”: 3 things of rubbish within 100 m and 1 h")
    assert "事件达3件" in why["text"]["zh"]
    assert [one["kind"] for one in told["history"]] == ["flagged"]


async def test_a_case_tells_what_it_belongs_to(flagged: Town):
    told = (await get(flagged, "dispatcher.city", "/api/cases/2")).json()

    assert told["situations"] == [{"id": 1, "family": "rubbish", "state": "open"}]


async def test_only_who_reaches_it_sees_it(flagged: Town):
    assert (await get(flagged, "dispatcher.elsewhere")).status_code == 404
    assert (await get(flagged, "handler.sanitation")).status_code == 200
    assert (await get(flagged, "handler.water")).status_code == 404
    assert (await get(flagged, "admin")).status_code == 403
    listed = (await get(flagged, "dispatcher.elsewhere", "/api/situations")).json()
    assert listed == {"situations": [], "next": None}


@pytest.mark.parametrize("number", ["0", "2", "x", "9" * 30, "-1"])
async def test_what_is_not_there_is_not_found(flagged: Town, number: str):
    assert (await get(flagged, "dispatcher.city", f"/api/situations/{number}")).status_code == 404


async def test_the_list_can_be_narrowed(flagged: Town):
    async def found(query: str) -> int:
        answer = await get(flagged, "dispatcher.city", f"/api/situations?{query}")
        assert answer.status_code == 200, answer.text
        return len(answer.json()["situations"])

    assert await found("state=open,growing&family=rubbish&rule=heaps&plan=clean-up") == 1
    assert await found("going_on=true&acknowledged=false&case=2&area=990199001") == 1
    assert await found("going_on=false") == 0
    assert await found("family=fire") == 0


@pytest.mark.parametrize(
    "query", ["state=asleep", "sort=size", "colour=red", "after=1~x", "case=0"]
)
async def test_a_list_that_cannot_be_asked_for_is_told_why(flagged: Town, query: str):
    answer = await get(flagged, "dispatcher.city", f"/api/situations?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


async def test_pages_tell_every_situation_once_in_order(flagged: Town):
    await flagged.conn.execute(
        """
        INSERT INTO situation (family, way, rules, state, members, areas, departments, zone,
                               outline, first_at, last_at, flagged_at, moved_at, version)
        SELECT family, way, rules, state, n, areas, departments, zone, outline, first_at, last_at,
               flagged_at + make_interval(mins => n % 2), moved_at, 1
          FROM situation, generate_series(1, 4) AS n
        """
    )
    async with await flagged.logged_in("dispatcher.city") as browser:
        for sort in ("-id", "id", "-members", "flagged_at", "-last_at"):
            found: list[dict[str, Any]] = []
            more: dict[str, Any] = {}
            while True:
                query = {"sort": sort, "limit": 2, **more}
                told = (await browser.get("/api/situations", params=query)).json()
                found += told["situations"]
                if told["next"] is None:
                    break
                more = {"before" if isinstance(told["next"], int) else "after": told["next"]}
            ranks = [rank(row, sort.removeprefix("-"), "id") for row in found]
            assert ranks == sorted(ranks, reverse=sort.startswith("-")), sort
            assert len({row["id"] for row in found}) == len(found) == 5


async def test_it_is_acknowledged_as_it_was_seen_and_refused_when_it_has_changed(flagged: Town):
    answer = await order(flagged, "acknowledge", tag='"1"')

    assert answer.status_code == 200
    assert answer.json()["situation"]["acknowledged_by"] == "commander.city"
    assert answer.headers["etag"] == '"2"'
    assert (await order(flagged, "dismiss", tag='"1"', reason="演练")).status_code == 412


async def test_a_dismissed_one_needs_a_reason_and_goes_on_only_by_a_person(flagged: Town):
    assert (await order(flagged, "dismiss")).status_code == 422
    dismissed = await order(flagged, "dismiss", reason="演练")
    assert dismissed.json()["situation"]["state"] == "dismissed"
    assert (await order(flagged, "acknowledge")).status_code == 409

    reopened = await order(flagged, "reopen", reason="并非演练")

    assert reopened.json()["situation"]["state"] == "open"
    assert [one["kind"] for one in reopened.json()["history"]] == [
        "flagged", "dismissed", "reopened",
    ]  # fmt: skip


async def test_a_case_is_taken_away_and_added_again(flagged: Town):
    gone = await order(flagged, "detach", kind="case", ref="2", reason="另案")
    twice = await order(flagged, "detach", kind="case", ref="2", reason="另案")
    back = await order(flagged, "attach", kind="case", ref="2", reason="还是同一件")
    again = await order(flagged, "attach", kind="case", ref="2", reason="还是同一件")

    assert [gone.status_code, twice.status_code, back.status_code, again.status_code] == [
        200, 409, 200, 409,
    ]  # fmt: skip
    assert len(gone.json()["members"]) == 2
    assert len(back.json()["members"]) == 3
    unknown = await order(flagged, "attach", kind="case", ref="99", reason="x")
    assert unknown.status_code == 422


async def test_orders_are_for_those_who_may_give_them(flagged: Town):
    assert (await order(flagged, "acknowledge", "auditor.city")).status_code == 403
    assert (await order(flagged, "acknowledge", "dispatcher.elsewhere")).status_code == 404
    assert "dismiss" in (await get(flagged, "commander.city")).json()["orders"]
    assert (await get(flagged, "auditor.city")).json()["orders"] == []


@pytest.mark.parametrize(
    "body", [{"kind": "car", "ref": "1", "reason": "x"}, {"kind": "case", "ref": "", "reason": "x"}]
)
async def test_an_order_that_cannot_be_read_changes_nothing(flagged: Town, body: dict[str, Any]):
    assert (await order(flagged, "attach", **body)).status_code == 422
    assert (await get(flagged, "commander.city")).headers["etag"] == '"1"'
