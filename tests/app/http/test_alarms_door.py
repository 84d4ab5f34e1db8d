"""The doors of alarms and sensors: within reach, filtered, page by page, and who sees to one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.database import Database
from app.http.alarm_filters import NAMES
from dispatch import actions
from dispatch.postgres import tallies
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.tallies import Tallied
from dispatch.sensing.alarms import AlarmRules
from dispatch.sensing.sensors import Sensor, Sensors
from tests.app.sensing.stream import LEVELS, RISING, Desk, Log, rules_of
from tests.app.town import Town, store_grid_of_town
from tests.makers import PARTS

WHO = "dispatcher.city"
SEVERAL = rules_of(*({**LEVELS, "name": f"river-{n}", "category": None} for n in range(5)))


@pytest.fixture
async def desk(town: Town) -> AsyncIterator[Desk]:
    await store_grid_of_town(town.conn)
    database = Database(town.settings.database_url)
    yield Desk(database, RISING)
    await database.close()


async def ask(town: Town, path: str, who: str = WHO, **query: Any) -> httpx.Response:
    async with await town.logged_in(who) as browser:
        return await browser.get(path, params=query)


async def an_alarm(town: Town, desk: Desk) -> str:
    """The key of an alarm that stands."""
    await desk.keep(Log().samples((0, 4.0)))
    [alarm] = (await ask(town, "/api/alarms")).json()["alarms"]
    return alarm["key"]


async def acknowledge(town: Town, key: str, who: str = WHO, **headers: str) -> httpx.Response:
    async with await town.logged_in(who) as browser:
        return await browser.post(f"/api/alarms/{key}/acknowledge", headers=headers)


async def test_one_alarm_is_told_with_its_history_and_its_case(town: Town, desk: Desk):
    log = Log()
    await desk.keep(log.samples((0, 4.0)), log.samples((1, 6.0)))
    [alarm] = (await ask(town, "/api/alarms")).json()["alarms"]
    before = (await ask(town, f"/api/alarms/{alarm['key']}")).json()["case"]
    async with town.conn.transaction():
        await actions.decide(PostgresBook(town.conn), [1], RISING, now=datetime.now(UTC))

    answer = await ask(town, f"/api/alarms/{alarm['key']}")

    told = answer.json()
    assert (told["alarm"], answer.headers["etag"]) == (alarm, '"2"')
    assert (alarm["state"], alarm["level"], alarm["name"]["en"]) == (
        "raised",
        1,
        "Gauge at the mill",
    )
    assert [(one["kind"], one["level"]) for one in told["history"]] == [
        ("raised", 3),
        ("upgraded", 1),
    ]
    assert (before, told["case"]["id"], told["case"]["state"]) == (None, 1, "assigned")


async def test_acknowledged_it_is_told_by_whom_and_sent_on(town: Town, desk: Desk):
    key = await an_alarm(town, desk)

    first = await acknowledge(town, key, **{"if-match": '"1"'})
    again = await acknowledge(town, key)
    other = await acknowledge(town, key, "supervisor.city")

    assert [one.status_code for one in (first, again, other)] == [200, 200, 409]
    assert first.json()["alarm"]["acknowledged_by"] == WHO
    assert [one["actor"] for one in first.json()["history"]] == ["sensing", WHO]
    assert WHO in other.json()["detail"]
    found = await town.conn.execute("SELECT payload FROM outbox ORDER BY id DESC LIMIT 1")
    [payload] = await found.fetchone() or ("",)
    assert json.loads(payload)["data"]["kind"] == "acknowledged"


async def test_who_saw_an_older_state_is_told_so(town: Town, desk: Desk):
    key = await an_alarm(town, desk)

    assert (await acknowledge(town, key, **{"if-match": '"7"'})).status_code == 412


async def test_one_that_gets_graver_is_to_be_acknowledged_again(town: Town, desk: Desk):
    log = Log()
    await desk.keep(log.samples((0, 4.0)))
    [alarm] = (await ask(town, "/api/alarms")).json()["alarms"]
    await acknowledge(town, alarm["key"])

    await desk.keep(log.samples((1, 6.0)))

    [alarm] = (await ask(town, "/api/alarms")).json()["alarms"]
    assert alarm["acknowledged_by"] is None


@pytest.mark.parametrize("who", ["handler.water", "dispatcher.elsewhere", "auditor.city"])
async def test_who_may_not_acknowledge_is_refused(town: Town, desk: Desk, who: str):
    key = await an_alarm(town, desk)

    assert (await acknowledge(town, key, who)).status_code in (403, 404)


async def test_nobody_sees_alarms_out_of_reach(town: Town, desk: Desk):
    key = await an_alarm(town, desk)

    one = await ask(town, f"/api/alarms/{key}", "dispatcher.elsewhere")
    many = await ask(town, "/api/alarms", "dispatcher.elsewhere")
    near = await ask(town, "/api/alarms", "inspector.mill")

    assert (one.status_code, many.json()["alarms"]) == (404, [])
    assert len(near.json()["alarms"]) == 1
    assert (await town.client.get("/api/alarms")).status_code == 401


@pytest.mark.parametrize("name", ["0", "x" * 64, "A" * 64, "1%20", "f" * 64])
async def test_what_is_no_alarm_is_not_found(town: Town, desk: Desk, name: str):
    assert (await acknowledge(town, name)).status_code == 404


async def test_each_order_tells_every_alarm_once_across_pages(town: Town, desk: Desk):
    desk.rules, log = SEVERAL, Log()
    await desk.keep(*(log.samples((hour, value)) for hour, value in ((0, 4.0), (1, 6.0), (2, 1.0))))
    await desk.keep(log.samples((3, 4.0)))

    for sort in NAMES:
        found, after = list[Any](), dict[str, str]()
        while after is not None:
            page = (await ask(town, "/api/alarms", sort=sort, limit=3, **after)).json()
            found += [(one[sort.removeprefix("-")], one["key"]) for one in page["alarms"]]
            after = {"after": page["next"]} if page["next"] else None
        assert found == sorted(found, reverse=sort.startswith("-")), sort
        assert len({key for _, key in found}) == len(found) == 10


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"state": "raised"}, 1),
        ({"state": "cleared,withdrawn"}, 1),
        ({"level": "1"}, 1),
        ({"rule": "river-rising", "device": "W1", "property": "water_level"}, 2),
        ({"area": "990199001001"}, 2),
        ({"area": "990198"}, 0),
        ({"acknowledged": "true"}, 0),
        ({"reported": "true"}, 2),
        ({"bbox": "112,28,114,30"}, 2),
        ({"bbox": "1,2,3,4"}, 0),
    ],
)
async def test_a_list_is_narrowed(town: Town, desk: Desk, query: dict[str, str], count: int):
    log = Log()
    told = ((0, 4.0), (1, 6.0), (2, 1.0), (3, 4.0))
    await desk.keep(*(log.samples(one) for one in told))

    assert len((await ask(town, "/api/alarms", **query)).json()["alarms"]) == count


@pytest.mark.parametrize(
    "query",
    [
        {"state": "red"},
        {"level": "5"},
        {"sort": "device"},
        {"after": "x"},
        {"after": "2026-01-01T00:00:00Z~1"},
        {"sort": "level", "after": f"2026-01-01T00:00:00Z~{'f' * 64}"},
        {"bbox": "1,2,3"},
        {"limit": "201"},
        {"colour": "red"},
        {"device": "\x00"},
    ],
)
async def test_a_list_that_cannot_be_asked_for_is_refused(
    town: Town, desk: Desk, query: dict[str, str]
):
    answer = await ask(town, "/api/alarms", **query)

    assert (answer.status_code, [*answer.json()["errors"][0]]) == (
        400,
        ["field", "problem", "remedy"],
    )


async def test_sensors_are_told_with_value_state_and_faults(town: Town, desk: Desk):
    log = Log()
    desk.now_s = 60.0
    await desk.keep(log.samples((0, 4.0)), log.samples((0, 4.0)), log.bytes(b"?"))

    told = (await ask(town, "/api/sensors")).json()

    by_code = {one["code"]: one for one in told["sensors"]}
    assert (by_code["W1"]["state"], by_code["W1"]["value"], by_code["W1"]["alarms"]) == (
        "alarm",
        4.0,
        1,
    )
    assert by_code["W1"]["faults"] == {"duplicate": 1}
    assert (by_code["R1"]["state"], by_code["R1"]["at"]) == ("unseen", None)
    assert (told["counts"]["malformed"], told["counts"]["samples"]) == (1, 2)
    assert told["next"] is None


async def test_what_doors_refused_is_told_with_the_sensor_and_strangers_to_whoever_sees_all(
    town: Town, desk: Desk
):
    rows = [
        Tallied("W1", "unit", "http", 2, "unit is odd"),
        Tallied("W1", "unit", "mqtt", 1, "unit is odd"),
        Tallied("W9", "unknown", "http", 4, "device is no device of this city"),
    ]
    now = datetime.now(UTC)
    await tallies.add(town.conn, rows, now=now)
    await tallies.add(town.conn, rows, now=now - timedelta(days=8))

    all_of_it = (await ask(town, "/api/sensors", "auditor.city")).json()
    part = (await ask(town, "/api/sensors", "dispatcher.city")).json()

    by_code = {one["code"]: one["refused"] for one in all_of_it["sensors"]}
    assert by_code == {"R1": {}, "W1": {"unit": 3}}
    [stranger] = all_of_it["strangers"]
    assert (stranger["device"], stranger["count"]) == ("W9", 4)
    assert part["strangers"] == []


async def test_sensors_are_narrowed_and_paged(town: Town, desk: Desk):
    await desk.keep(Log().samples((0, 4.0)))

    first = (await ask(town, "/api/sensors", limit=1)).json()
    rest = (await ask(town, "/api/sensors", after=first["next"])).json()
    alarmed = (await ask(town, "/api/sensors", state="alarm")).json()["sensors"]
    rain = (await ask(town, "/api/sensors", property="rain", area="990199001")).json()["sensors"]
    elsewhere = (await ask(town, "/api/sensors", "dispatcher.elsewhere")).json()["sensors"]

    assert [one["code"] for one in (*first["sensors"], *rest["sensors"])] == ["R1", "W1"]
    assert [one["code"] for one in alarmed] == ["W1"]
    assert [one["code"] for one in rain] == ["R1"]
    assert elsewhere == []
    assert (await ask(town, "/api/sensors", state="asleep")).status_code == 400


async def test_a_sensor_outside_all_cells_is_in_its_area(town: Town, desk: Desk):
    gauge = Sensor.of(PARTS["sensors"][0])
    outside = replace(gauge, lon=gauge.lon - 1)
    desk.rules = replace(RISING, alarms=AlarmRules(Sensors([outside]), ()))

    await desk.keep(Log().samples((0, 4.0)))

    [alarm] = (await ask(town, "/api/alarms")).json()["alarms"]
    assert alarm["areas"] == ["990199001", "990199"]
