"""Reading by address and by query options."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.app.http.sta.observing_town import START, asked, ids, told
from tests.app.town import METER, PORTAL, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")
MILL = "geography'POLYGON((113 29,113.001 29,113.001 29.001,113 29.001,113 29))'"


def written(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_the_service_tells_its_collections_and_what_it_keeps(things: Town):
    answer = (await things.client.get("/sta/v1.1")).json()

    assert [one["name"] for one in answer["value"]] == [
        "Things", "Locations", "HistoricalLocations", "Datastreams", "Sensors",
        "ObservedProperties", "Observations", "FeaturesOfInterest",
    ]  # fmt: skip
    assert answer["value"][0]["url"] == f"{things.url}/sta/v1.1/Things"
    assert len(answer["serverSettings"]["conformance"]) > 5


async def test_a_sensor_of_the_pack_is_a_datastream_with_all_around_it(things: Town):
    stream = await told(
        things, "/Datastreams('W1')", expand="Thing($expand=Locations),Sensor,ObservedProperty"
    )

    assert stream["unitOfMeasurement"] == {
        "name": "metre", "symbol": "m", "definition": "ucum:m",
    }  # fmt: skip
    assert stream["Thing"]["@iot.id"] == "W1"
    assert stream["Thing"]["Locations"][0]["location"]["type"] == "Point"
    assert stream["ObservedProperty"]["name"] == "water_level"
    assert stream["Sensor"]["encodingType"] == "text/plain"
    first, last = stream["phenomenonTime"].split("/")
    assert first == written(0).replace("Z", ".000Z")
    assert first < last


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/Things('W1')/Datastreams", ["W1"]),
        ("/Datastreams('W1')/Thing/Locations", ["W1"]),
        ("/ObservedProperties('rain')/Datastreams", ["R1"]),
        ("/Things('W1')/HistoricalLocations", ["W1"]),
        ("/Locations('R1')/Things", ["R1"]),
        ("/Things('R1')/Datastreams('R1')/Sensor/Datastreams", ["R1"]),
    ],
)
async def test_links_are_followed_by_address(things: Town, path: str, there: list[str]):
    assert await ids(things, path) == there


async def test_every_kind_of_link_that_is_told_leads_somewhere(things: Town):
    waiting = [f"{things.url}/sta/v1.1/Observations?$top=1"]
    seen: set[str] = set()
    while waiting:
        url = waiting.pop()
        kind = re.sub(r"\('.*?'\)", "()", url.partition("?")[0])
        if kind in seen:
            continue
        seen.add(kind)
        answer = await things.client.get(url, headers={"x-api-key": things.keys["auditor"]})
        assert answer.status_code == 200, url
        page = answer.json()
        for one in page.get("value", [page]):
            waiting += [link for name, link in one.items() if name.endswith("Link")]

    assert len(seen) == 8 + 16 + 1  # entities, links from them, and where it began


async def test_properties_values_and_references_have_addresses(things: Town):
    assert await told(things, "/Things('W1')/properties/name_en") == {
        "name_en": "Gauge at the mill"
    }
    value = await asked(things, "/ObservedProperties('rain')/name/$value")
    assert (value.text, value.headers["content-type"]) == ("rain", "text/plain; charset=utf-8")
    refs = await told(things, "/Things('W1')/Datastreams/$ref")
    assert refs == {"value": [{"@iot.selfLink": f"{things.url}/sta/v1.1/Datastreams('W1')"}]}


@pytest.mark.parametrize(
    "path",
    [
        "/Nothings", "/Things('X')", "/Things('W1')/nothing", "/Things/name", "/Things('W1",
        "/Datastreams('W1')/Thing/Thing", "/Observations('W1@12')", "/Observations('x')",
        "/Observations('W1@99999999999999')", "/Things('W1')/name/more", "/" + "Things/" * 50,
        "/Datastreams('W1')/Thing('W1')", "/Things('%00')", "/Observations('%00@12')",
    ],
)  # fmt: skip
async def test_an_address_that_names_nothing_is_404(things: Town, path: str):
    assert (await asked(things, path)).status_code == 404


@pytest.mark.parametrize(
    ("condition", "there"),
    [
        ("name eq '水位'", []),
        ("startswith(name,'Hall') or substringof('Rain', properties/name_en)", ["R1"]),
        ("ObservedProperty/@iot.id eq 'rain'", ["R1"]),
        ("not (ObservedProperty/name eq 'rain')", ["W1"]),
        ("unitOfMeasurement/symbol in ('m','km')", ["W1"]),
        (f"st_within(observedArea, {MILL})", ["W1"]),
        ("geo.distance(observedArea, geography'POINT(113.0003 29.0003)') lt 50", ["W1"]),
        ("geo.distance(observedArea, geography'POINT(113.0003 29.0003)') lt 120", ["W1", "R1"]),
        ("Thing/Locations/name eq 'Rain gauge（中）'", ["R1"]),
        ("length(id) eq 2 and 7 sub 2 mul 3 eq 1", ["W1", "R1"]),
        ("description eq null", []),
        ("properties/none eq null", ["W1", "R1"]),
        ("properties/none gt 5", []),
    ],
)  # fmt: skip
async def test_datastreams_are_filtered(things: Town, condition: str, there: list[str]):
    assert await ids(things, "/Datastreams", filter=condition) == there


async def test_things_are_filtered_by_any_of_several_they_lead_to(things: Town):
    found = await ids(things, "/Things", filter="Datastreams/ObservedProperty/name eq 'rain'")

    assert found == ["R1"]


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("result gt 1.85", 171 + 36),
        ("result eq 2 and Datastream/@iot.id eq 'R1'", 12),
        ("result mod 2 eq 1 and Datastream/Thing/name eq 'Rain gauge（中）'", 24),
        ("Datastream/ObservedProperty/name eq 'rain' or result gt 18.85", 61),
        (f"phenomenonTime ge {written(1)} and phenomenonTime lt {written(2)}", 12),
        (f"phenomenonTime sub duration'PT1H' lt {written(0)}", 12),
        ("minute(resultTime) eq 30 and second(phenomenonTime) eq 0", 40),
        ("not (result lt 1000)", 0),
        (f"st_within(FeatureOfInterest/feature, {MILL})", 180),
        ("result div 0 eq 1", 0),
        ("result eq null", 0),
        ("result in (1, 2, 3) and not Datastream/id eq 'W1'", 36),
        ("round(result) eq 3 and Datastream/id eq 'W1'", 10),
        ("true", 240),
        ("now() gt mindatetime()", 240),
        (f"date(phenomenonTime) ge {START:%Y-%m-%d}", 240),
    ],
)  # fmt: skip
async def test_observations_are_filtered_in_the_database(things: Town, condition: str, count: int):
    page = await told(things, "/Observations", filter=condition, count="true", top=0)

    assert page == {"@iot.count": count, "value": []}


async def test_an_observation_is_found_by_its_id(things: Town):
    [first] = (await told(things, "/Datastreams('W1')/Observations", top=1))["value"]

    same = await told(things, f"/Observations('{first['@iot.id']}')")
    found = await ids(things, "/Observations", filter=f"id eq '{first['@iot.id']}'")

    assert same == first
    assert found == [first["@iot.id"]]


@pytest.mark.parametrize(
    "options",
    [
        {"filter": "result gt 'a'"},
        {"filter": "result"},
        {"filter": "nothing eq 1"},
        {"filter": "result gt Datastream/name"},
        {"filter": "length(Datastream/name) eq result"},
        {"filter": "foo(result) eq 1"},
        {"filter": "(" * 100 + "1 eq 1" + ")" * 100},
        {"filter": " or ".join(["result eq 1"] * 200)},
        {"filter": "id gt 'W1@5'"},
        {"filter": "parameters/x eq 1"},
        {"filter": "year(result) eq 1"},
        {"filter": "startswith(id,'W')"},
        {"filter": "result eq 1 extra"},
        {"orderby": "parameters"},
        {"orderby": "Datastream/name"},
        {"orderby": "result,result,result,result,result"},
        {"top": "-1"},
        {"top": "many"},
        {"skip": "x"},
        {"count": "yes"},
        {"select": "nothing"},
        {"expand": "Things"},
        {"expand": "Datastream($top=x)"},
        {"expand": "Datastream($nothing=1)"},
        {"expand": "Datastream($filter=x eq)"},
        {"expand": "Datastream("},
        {"expand": "Datastream/Thing/Datastreams/Thing/Datastreams/Thing"},
        {"resultFormat": "xml"},
        {"skiptoken": "x"},
        {"skiptoken": "eyJhZnRlciI6WzFdfQ=="},
        {"search": "x"},
    ],
)  # fmt: skip
async def test_what_cannot_be_meant_is_400_and_says_what_to_do(
    things: Town, options: dict[str, str]
):
    answer = await asked(things, "/Observations", **options)

    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["field"].startswith("$")
    assert answer.json()["errors"][0]["remedy"]


async def test_observations_are_ordered_and_cut(things: Town):
    page = await told(
        things, "/Datastreams('W1')/Observations",
        orderby="result desc", top=2, skip=1, select="result,phenomenonTime",
    )  # fmt: skip

    assert [one["result"] for one in page["value"]] == pytest.approx([18.8, 18.7])
    assert set(page["value"][0]) == {"result", "phenomenonTime"}


async def test_the_newest_sample_of_every_datastream_comes_in_one_answer(things: Town):
    page = await told(
        things, "/Things",
        expand="Datastreams($select=name;$expand="
        "Observations($orderby=phenomenonTime desc;$top=1;$count=true;$select=result))",
    )  # fmt: skip

    newest = {thing["@iot.id"]: thing["Datastreams"][0]["Observations"] for thing in page["value"]}
    assert newest == {"W1": [{"result": pytest.approx(18.9)}], "R1": [{"result": 4.0}]}
    assert page["value"][0]["Datastreams"][0]["Observations@iot.count"] == 180


async def whole_walk(town: Town, url: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    following: str | None = url
    while following:
        parts = urlsplit(following)
        answer = await town.client.get(
            f"{parts.path}?{parts.query}", headers={"x-api-key": town.keys["auditor"]}
        )
        assert answer.status_code == 200, answer.text
        rows += answer.json()["value"]
        following = answer.json().get("@iot.nextLink")
    return rows


@pytest.mark.parametrize(
    "order",
    ["", "&$orderby=result", "&$orderby=result desc,phenomenonTime", "&$orderby=Datastream/id"],
)
@pytest.mark.parametrize("top", [7, 60, 240])
async def test_the_pages_of_a_walk_make_the_whole(things: Town, order: str, top: int):
    rows = await whole_walk(things, f"/sta/v1.1/Observations?$top={top}{order}")

    assert len({one["@iot.id"] for one in rows}) == len(rows) == 240
    if order.startswith("&$orderby=result desc"):
        assert [one["result"] for one in rows] == sorted(
            (one["result"] for one in rows), reverse=True
        )


async def test_entities_and_what_is_expanded_have_pages_too(things: Town):
    page = await told(things, "/Datastreams", top=1, expand="Observations($top=100;$select=result)")
    [first] = page["value"]

    rest = await whole_walk(things, first["Observations@iot.nextLink"])
    others = await whole_walk(things, page["@iot.nextLink"])

    assert len(first["Observations"]) + len(rest) == 180
    assert set(rest[0]) == {"result"}
    assert [one["@iot.id"] for one in others] == ["R1"]


async def test_data_arrays_hold_the_same_as_entities(things: Town):
    arrays = await told(things, "/Observations", resultFormat="dataArray", top=1000, count="true")
    entities = await told(things, "/Observations", top=1000)

    rows = [(row[0], row[1], row[2]) for one in arrays["value"] for row in one["dataArray"]]
    assert arrays["@iot.count"] == 240
    assert arrays["value"][0]["components"] == ["id", "phenomenonTime", "result", "resultTime"]
    assert rows == [
        (one["@iot.id"], one["phenomenonTime"], one["result"]) for one in entities["value"]
    ]
    assert sum(one["dataArray@iot.count"] for one in arrays["value"]) == 240


async def test_a_device_sees_its_own_and_nothing_else(things: Town):
    assert [one["@iot.id"] for one in (await told(things, "/Things", METER))["value"]] == ["W1"]
    assert (await told(things, "/Observations", METER, count="true"))["@iot.count"] == 180
    assert (await asked(things, "/Datastreams('R1')", METER)).status_code == 404
    assert (await asked(things, "/Datastreams('W1')/ObservedProperty", METER)).status_code == 200
    hidden = await told(things, "/Observations", METER, filter="Datastream/id eq 'R1'")
    assert hidden["value"] == []


async def test_who_may_not_see_sensors_is_refused(things: Town):
    assert (await things.client.get("/sta/v1.1/Things")).status_code == 401
    assert (await asked(things, "/Things", "monitor")).status_code == 403
    assert (await asked(things, "/Things", PORTAL)).status_code == 403


async def test_staff_see_the_sensors_of_their_areas(things: Town):
    async def listed(login: str) -> int:
        async with await things.logged_in(login) as browser:
            answer = await browser.get("/sta/v1.1/Observations?$count=true&$top=0")
        return answer.json()["@iot.count"]

    assert await listed("commander.city") == 240
    assert await listed("dispatcher.elsewhere") == 0
    assert await listed("admin") == 240


async def test_the_key_may_stand_as_a_password_here_alone(things: Town):
    auth = ("x", things.keys["auditor"])

    assert (await things.client.get("/sta/v1.1/Things", auth=auth)).status_code == 200
    assert (await things.client.get("/sta/v1.1/Things", auth=("x", "y"))).status_code == 401
    assert (await things.client.get("/api/cases", auth=auth)).status_code == 401


async def test_an_answer_that_would_be_a_flood_is_refused(things: Town, monkeypatch: Any):
    monkeypatch.setattr("app.http.sta.telling.MOST_TOLD", 500)

    answer = await asked(things, "/Datastreams", expand="Observations($top=1000)")

    assert answer.status_code == 400
    assert "$top" in answer.json()["errors"][0]["remedy"]
