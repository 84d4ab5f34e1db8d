"""Duplicates at the doors: suggested, merged, taken apart, and told to those who reported."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatch.ledger import equations
from dispatch.postgres.ledger import read_books
from tests.app.http.test_cases_door import make
from tests.app.town import METER, PHONE, PORTAL, Town, a_report, store_grid_of_town
from tests.makers import spot

HERE, BESIDE = spot(30, 30), spot(100, 30)


async def two_cases(town: Town) -> tuple[int, int, str, str]:
    """Two cases that no rule merges, 70 m from each other; ids and receipts."""
    receipts: list[str] = []
    for (lon, lat), text in ((HERE, "桥下有垃圾堆"), (BESIDE, "垃圾堆在桥下面")):
        answer = await town.submit(a_report(lon=lon, lat=lat, description=text))
        receipts.append(answer.json()["receipt"])
    await town.decide_all()
    found = await town.conn.execute("SELECT id FROM cases ORDER BY id")
    [first], [second] = await found.fetchall()
    return first, second, receipts[0], receipts[1]


async def test_an_operator_is_shown_what_is_alike_with_reasons_in_both_languages(town: Town):
    first, second, _, _ = await two_cases(town)

    async with await town.logged_in("operator.city") as browser:
        told = (await browser.get(f"/api/cases/{second}/duplicates")).json()
    async with await town.logged_in("handler.water") as browser:
        hidden = await browser.get(f"/api/cases/{second}/duplicates")

    [one] = told["duplicates"]
    assert (one["case"]["id"], told["merged"]) == (first, [])
    assert 60 < one["distance_m"] < 80
    assert one["similarity"] > 0.4
    assert {"zh", "en"} == one["reasons"][0].keys()
    assert hidden.status_code == 404


async def test_a_phone_is_told_what_is_open_near_and_nothing_that_anybody_wrote(town: Town):
    await two_cases(town)
    lon, lat = HERE
    asked = {"category": "06010", "lon": lon, "lat": lat, "datum": "wgs84"}

    async def ask(key: str | None, **more: Any) -> Any:
        headers = {"x-api-key": town.keys[key]} if key else {}
        return await town.client.get("/api/duplicates", params=asked | more, headers=headers)

    told = (await ask(PHONE, description="垃圾堆在桥下面")).json()["duplicates"]
    other = (await ask(PORTAL, category="01001")).json()["duplicates"]

    assert [one["distance_m"] for one in told] in ([0.0, 70.0], [70.0, 0.0])
    assert told[0]["status"]["zh"] == "已派遣,处置中"
    assert told[0].keys() == {
        "category", "category_name", "state", "status", "reported_at", "reports", "distance_m",
    }  # fmt: skip
    assert other == []
    assert [(await ask(key)).status_code for key in (None, METER)] == [401, 403]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"category": "nonsense"}, "category"),
        ({"category": None}, "category"),
        ({"lon": "181"}, "lon"),
        ({"lat": "nan"}, "lat"),
        ({"datum": None}, "datum"),
        ({"datum": "mars"}, "datum"),
        ({"description": "\x00"}, "description"),
        ({"description": "x" * 5000}, "description"),
        ({"radius": "5"}, "radius"),
    ],
)
async def test_what_cannot_be_asked_before_sending_is_refused(
    town: Town, changed: dict[str, str | None], field: str
):
    asked = {"category": "06010", "lon": "113", "lat": "29", "datum": "wgs84", **changed}
    params = {name: value for name, value in asked.items() if value is not None}

    answer = await town.client.get(
        "/api/duplicates", params=params, headers={"x-api-key": town.keys[PHONE]}
    )

    assert answer.status_code == 422
    assert field in {fault["field"] for fault in answer.json()["errors"]}


async def test_merged_by_hand_the_other_reporter_is_told_of_the_case_that_goes_on(town: Town):
    first, second, _, receipt = await two_cases(town)

    answer = await make(town, "operator.city", second, "merge", case=first, reason="same heap")
    standing = (await town.client.get(f"/api/reports/{receipt}")).json()
    [public] = (await town.client.get(f"/open311/v2/requests/{receipt}.json")).json()
    async with await town.logged_in("operator.city") as browser:
        case = (await browser.get(f"/api/cases/{first}")).json()
        near = (await browser.get(f"/api/cases/{first}/duplicates")).json()

    told = answer.json()
    assert (answer.status_code, told["case"]["state"]) == (200, "void")
    assert [move["move"] for move in told["moves"]] == ["unmerge"]
    assert standing["case"]["number"] == case["case"]["number"]
    assert standing["case"]["merged_case"] == told["case"]["number"]
    assert public["status"] == "open"
    assert case["case"]["number"] in public["status_notes"]
    assert (case["case"]["reports"], len(case["reports"])) == (2, 2)
    assert [one["id"] for one in near["merged"]] == [second]
    assert near["duplicates"] == []

    apart = await make(town, "operator.city", second, "unmerge", reason="two heaps")
    again = (await town.client.get(f"/api/reports/{receipt}")).json()

    assert (apart.status_code, apart.json()["case"]["state"]) == (200, "assigned")
    assert again["case"]["number"] == told["case"]["number"]
    assert again["case"]["merged_case"] is None
    assert [line for line in equations(await read_books(town.conn)) if not line.holds] == []


async def test_what_cannot_be_merged_is_refused_in_both_languages(town: Town):
    first, second, _, _ = await two_cases(town)

    answers = [
        await make(town, "operator.city", second, "merge", reason="x"),
        await make(town, "operator.city", second, "merge", reason="x", case=404),
        await make(town, "operator.city", second, "merge", reason="x", case=second),
        await make(town, "operator.city", second, "merge", case=first),
        await make(town, "operator.city", second, "merge", reason="x", case=0),
        await make(town, "operator.city", second, "unmerge", reason="x"),
        await make(town, "dispatcher.city", second, "merge", reason="x", case=first),
        await make(town, "operator.city", second, "grade", reason="x", severity=5),
        await make(town, "operator.city", second, "grade", reason="x", severity=3),
        await make(town, "operator.city", second, "grade", reason="x"),
        await make(town, "dispatcher.city", second, "grade", reason="x", severity=1),
    ]

    assert [one.status_code for one in answers] == [
        422, 422, 409, 422, 422, 409, 403, 422, 409, 422, 403,
    ]  # fmt: skip
    assert [answers[n].json()["errors"][0]["field"] for n in (0, 1, 2)] == ["case"] * 3
    assert "就是本案卷" in answers[2].json()["details"]["zh"]
    assert "已是 3 级" in answers[8].json()["details"]["zh"]


async def test_the_most_severe_come_first_in_the_queue_page_by_page(town: Town):
    first, second, _, _ = await two_cases(town)
    await make(town, "operator.city", second, "grade", reason="a school", severity=1)

    async with await town.logged_in("dispatcher.city") as browser:

        async def page(**query: Any) -> Any:
            return (await browser.get("/api/cases", params=query)).json()

        one = await page(sort="severity", limit=1)
        two = await page(sort="severity", limit=1, after=one["next"])

    assert [case["id"] for case in one["cases"] + two["cases"]] == [second, first]


def a_warning(**changes: Any) -> dict[str, Any]:
    until = (datetime.now(UTC) + timedelta(hours=6)).isoformat()
    return {"kind": "rainstorm", "area": "990199001", "until": until, **changes}


async def test_a_commander_warns_of_something_and_ends_it(town: Town):
    await store_grid_of_town(town.conn)

    async with await town.logged_in("commander.city") as browser:
        made = await browser.post("/api/warnings", json=a_warning(note="黄色预警"))
        number = made.json()["warning"]["id"]
        listed = (await browser.get("/api/warnings")).json()["warnings"]
        lifted = await browser.post(f"/api/warnings/{number}/lift")
        again = await browser.post(f"/api/warnings/{number}/lift")
        nowhere = await browser.post("/api/warnings/404/lift")
        left = (await browser.get("/api/warnings")).json()["warnings"]
    async with await town.logged_in("operator.city") as browser:
        not_granted = await browser.post("/api/warnings", json=a_warning())

    assert (made.status_code, [one["id"] for one in listed], left) == (201, [number], [])
    assert lifted.json()["warning"]["ended_by"] == "commander.city"
    assert [a.status_code for a in (again, nowhere, not_granted)] == [409, 404, 403]


async def test_a_warning_for_an_area_that_is_no_more_can_be_ended(town: Town):
    await store_grid_of_town(town.conn)
    async with await town.logged_in("commander.city") as browser:
        made = await browser.post("/api/warnings", json=a_warning())
        await store_grid_of_town(town.conn, renamed="990199002")

        again = await browser.post("/api/warnings", json=a_warning())
        lifted = await browser.post(f"/api/warnings/{made.json()['warning']['id']}/lift")

    assert (again.status_code, lifted.status_code) == (422, 200)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kind": "no kind!"}, "kind"),
        ({"area": "990198"}, "area"),
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "2999-01-01T00:00:00Z"}, "until"),
        ({"until": "tomorrow"}, "until"),
        ({"since": "2999-01-01T00:00:00Z"}, "until"),
        ({"note": "\x00"}, "note"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_warning_that_cannot_be_meant_is_refused(
    town: Town, changed: dict[str, str], field: str
):
    await store_grid_of_town(town.conn)

    async with await town.logged_in("commander.city") as browser:
        answer = await browser.post("/api/warnings", json=a_warning(**changed))

    assert answer.status_code == 422
    assert field in {fault["field"] for fault in answer.json()["errors"]}
    found = await town.conn.execute("SELECT count(*) FROM warning")
    assert await found.fetchone() == (0,)
