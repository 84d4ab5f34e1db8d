"""Registering things and sending observations: what is taken, and what is refused and why."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.rulebook import load_rulebook
from tests.app.http.sta.observing_town import (
    asked,
    ids,
    keep_what_is_in_the_log,
    post,
    told,
)
from tests.app.town import METER, PHONE, Town
from tests.makers import spot

pytestmark = pytest.mark.asyncio(loop_scope="module")
POINT = {"type": "Point", "coordinates": list(spot(60, 60))}
PLACE = {
    "name": "Weir", "description": "", "encodingType": "application/geo+json", "location": POINT,
}  # fmt: skip
STREAM: dict[str, Any] = {
    "name": "Level",
    "description": "above the sill",
    "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
    "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": "ucum:m"},
    "ObservedProperty": {"@iot.id": "water_level"},
    "Sensor": {
        "name": "Radar",
        "description": "",
        "encodingType": "text/html",
        "metadata": "r.html",
    },
}
THING: dict[str, Any] = {
    "name": "Weir", "description": "old", "Locations": [PLACE], "Datastreams": [STREAM],
}  # fmt: skip


def now(**ago: float) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


def changed(path: str, value: Any) -> dict[str, Any]:
    """The thing with one field, at a path with dots, set or (None) left out."""
    thing: Any = deepcopy(THING)
    here = thing
    parts = [path] if path.startswith("@") else path.split(".")
    *steps, last = [int(step) if step.isdigit() else step for step in parts]
    for step in steps:
        here = here[step]
    if value is None:
        del here[last]
    else:
        here[last] = value
    return thing


async def a_stream(town: Town) -> str:
    """The id of a new datastream of the lab."""
    answer = await post(town, "/Things", THING)
    assert answer.status_code == 201, answer.text
    [stream] = await ids(town, f"/Things('{answer.json()['@iot.id']}')/Datastreams")
    return stream


async def test_a_registered_device_is_one_of_the_sensors_of_the_city(things: Town):
    stream = await a_stream(things)

    rules = await load_rulebook(things.conn, things.settings.home / "cache")
    sensor = rules.alarms.sensors.find(stream)

    assert sensor is not None
    assert (sensor.observed_property, sensor.unit) == ("water_level", "m")
    assert (sensor.source, sensor.area) == ("gateway:lab", "990199001")
    assert (sensor.lon, sensor.lat) == pytest.approx(spot(60, 60))
    written = await things.conn.execute("SELECT count(*) FROM audit WHERE action = 'sensor.write'")
    [count] = await written.fetchone() or (0,)
    assert count >= 1


async def test_entities_are_made_one_by_one_and_linked(things: Town):
    made = {
        name: (await post(things, f"/{name}", body)).json()["@iot.id"]
        for name, body in {
            "Things": {"name": "Mast", "description": "m"},
            "Sensors": STREAM["Sensor"] | {"@iot.id": "radar-9"},
            "ObservedProperties": {"name": "wind", "description": "", "definition": "urn:wind"},
        }.items()
    }
    placed = await post(things, f"/Things('{made['Things']}')/Locations", PLACE)
    body = STREAM | {
        "Sensor": {"@iot.id": "radar-9"},
        "ObservedProperty": {"@iot.id": made["ObservedProperties"]},
        "unitOfMeasurement": {"name": "", "symbol": "m/s", "definition": ""},
    }

    answer = await post(things, f"/Things('{made['Things']}')/Datastreams", body)

    assert (placed.status_code, answer.status_code) == (201, 201)
    assert answer.headers["location"] == answer.json()["@iot.selfLink"]
    assert made["ObservedProperties"] == "wind"
    assert await ids(things, "/Sensors('radar-9')/Datastreams") == [answer.json()["@iot.id"]]


async def test_a_thing_that_moves_has_a_history_of_places(things: Town):
    thing = (await post(things, "/Things", THING | {"Datastreams": []})).json()["@iot.id"]
    await post(things, f"/Things('{thing}')/Locations", PLACE | {"name": "Upstream"})

    [place] = (await told(things, f"/Things('{thing}')/Locations"))["value"]
    stays = await told(things, f"/Things('{thing}')/HistoricalLocations", expand="Locations")

    assert place["name"] == "Upstream"
    assert [one["Locations"][0]["name"] for one in stays["value"]] == ["Weir", "Upstream"]


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("name", None, "name"),
        ("name", 7, "name"),
        ("colour", "red", "colour"),
        ("properties", [1], "properties"),
        ("@iot.id", "W1", "@iot.id"),
        ("@iot.id", "no id", "@iot.id"),
        ("Locations.0.location", {"type": "Point", "coordinates": [999, 0]}, "location"),
        ("Locations.0.location", "here", "location"),
        ("Locations.0.encodingType", "text/plain", "encodingType"),
        ("Locations.0.location", {"type": "Point", "coordinates": [2.3, 48.8]}, "Thing"),
        ("Locations", None, "Thing"),
        ("Datastreams.0.Sensor", None, "Sensor"),
        ("Datastreams.0.Sensor", {"@iot.id": "gone"}, "@iot.id"),
        ("Datastreams.0.unitOfMeasurement", None, "unitOfMeasurement"),
        ("Datastreams.0.unitOfMeasurement.definition", "ucum:cm", "unitOfMeasurement"),
        ("Datastreams.0.observationType", "OM_Truth", "observationType"),
        ("Datastreams.0.Observations", [{"result": 1}], "Observations"),
        ("Datastreams.0.properties", {"source": "no source"}, "source"),
        ("Datastreams", {}, "Datastreams"),
        ("Datastreams", [7], "Datastreams"),
    ],
)
async def test_what_cannot_be_registered_is_told_by_its_place_and_nothing_is_kept(
    things: Town, path: str, value: Any, field: str
):
    before = await everything(things)

    answer = await post(things, "/Things", changed(path, value))

    assert answer.status_code == 400, answer.text
    assert any(one["field"].endswith(field) for one in answer.json()["errors"]), answer.text
    assert await everything(things) == before


async def everything(town: Town) -> Any:
    found = await town.conn.execute(
        "SELECT (SELECT count(*) FROM registered_entity), (SELECT count(*) FROM registered_place),"
        " (SELECT count(*) FROM registered_device)"
    )
    return await found.fetchone()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/Nothings", {}, 404),
        ("/HistoricalLocations", {}, 405),
        ("/Things('W1')/Datastreams('W1')/Thing", {}, 405),
        ("/Things('gone')/Datastreams", STREAM, 404),
        ("/Things", [1], 400),
        ("/Things", "x", 400),
    ],
)
async def test_what_is_made_nowhere_is_refused(things: Town, path: str, body: Any, status: int):
    assert (await post(things, path, body)).status_code == status


async def test_only_who_may_registers(things: Town):
    assert [
        (await post(things, "/Things", THING, key)).status_code
        for key in (METER, PHONE, "auditor", "monitor")
    ] == [403] * 4


async def test_an_observation_is_read_as_it_was_sent(things: Town):
    stream = await a_stream(things)
    body = {
        "phenomenonTime": f"{now(minutes=3)}/{now(minutes=2)}",
        "resultTime": now(minutes=1),
        "result": 3,
        "resultQuality": {"good": True},
        "parameters": {"by": "li.wei"},
        "FeatureOfInterest": {
            "name": "Reach 7",
            "description": "",
            "encodingType": "application/geo+json",
            "feature": {"type": "LineString", "coordinates": [spot(60, 60), spot(90, 60)]},
        },
    }

    answers = [await post(things, f"/Datastreams('{stream}')/Observations", body) for _ in "ab"]
    await keep_what_is_in_the_log(things)

    sent = answers[0].json()
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].headers["location"] == sent["@iot.selfLink"]
    assert await told(things, f"/Observations('{sent['@iot.id']}')") == sent
    place = await told(things, f"/Observations('{sent['@iot.id']}')/FeatureOfInterest")
    assert place["name"] == "Reach 7"
    assert await ids(things, f"/FeaturesOfInterest('{place['@iot.id']}')/Observations") == [
        sent["@iot.id"]
    ]
    assert await ids(things, f"/FeaturesOfInterest('{stream}')/Observations") == []
    near = "geo.intersects(FeatureOfInterest/feature, geography'{}')"
    line = f"LINESTRING({spot(80, 0)[0]} 29, {spot(80, 0)[0]} 30)"
    found = await ids(things, f"/Datastreams('{stream}')/Observations", filter=near.format(line))
    assert found == [sent["@iot.id"]]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"result": "high"}, "result"),
        ({"result": True}, "result"),
        ({"result": None}, "result"),
        ({"Datastream": {"@iot.id": "R1"}}, "Datastream"),
        ({"Datastream": {"@iot.id": "gone"}}, "Datastream"),
        ({"Datastream": None}, "Datastream"),
        ({"phenomenonTime": now(hours=80)}, "phenomenonTime"),
        ({"phenomenonTime": now(hours=-1)}, "phenomenonTime"),
        ({"phenomenonTime": "2026-11-23T08:00:00"}, "phenomenonTime"),
        ({"phenomenonTime": 7}, "phenomenonTime"),
        ({"resultTime": "soon"}, "resultTime"),
        ({"FeatureOfInterest": {"@iot.id": "gone"}}, "@iot.id"),
        ({"FeatureOfInterest": {"name": "x", "feature": 7}}, "feature"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_no_observation_is_told_by_its_field(
    things: Town, changes: dict[str, Any], field: str
):
    body = {"result": 1.5, "Datastream": {"@iot.id": "W1"}, **changes}

    answer = await post(things, "/Observations", body, METER)

    assert answer.status_code == 400, answer.text
    assert any(one["field"].endswith(field) for one in answer.json()["errors"])


async def test_good_rows_of_a_data_array_are_taken_beside_bad_ones(things: Town):
    rows = [[now(minutes=5), 1.0], [now(hours=90), 2.0], [now(minutes=4)], [now(minutes=3), 3.0]]
    body = [
        {
            "Datastream": {"@iot.id": "W1"},
            "components": ["phenomenonTime", "result"],
            "dataArray@iot.count": 4,
            "dataArray": rows,
        }
    ]

    answer = await post(things, "/CreateObservations", body, METER)

    assert answer.status_code == 201, answer.text
    first, late, short, last = answer.json()
    assert "Observations('W1@" in first
    assert late.startswith("error: [0].dataArray[1].phenomenonTime")
    assert short.startswith("error: [0].dataArray[2]")
    await keep_what_is_in_the_log(things)
    id = last.partition("('")[2].partition("')")[0]
    assert (await told(things, f"/Observations('{id}')"))["result"] == 3.0


@pytest.mark.parametrize(
    "body",
    [[], {}, [{}], [{"components": ["result"], "dataArray": []}],
     [{"components": "result", "dataArray": [[1]]}],
     [{"components": ["result"], "dataArray": [[1]]}]],
)  # fmt: skip
async def test_a_data_array_without_a_good_row_is_refused(things: Town, body: Any):
    assert (await post(things, "/CreateObservations", body, METER)).status_code == 400


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b'{"result": NaN}', b'"\\u0000"', b"[" * 5000]
)
async def test_what_is_no_json_is_400(things: Town, content: bytes):
    headers = {"x-api-key": things.keys["lab"], "content-type": "application/json"}

    for path in ("/Observations", "/CreateObservations", "/Things"):
        answer = await things.client.post(f"/sta/v1.1{path}", content=content, headers=headers)
        assert answer.status_code == 400, answer.text


async def test_texts_that_no_store_can_hold_are_refused(things: Town):
    body = THING | {"properties": {"deep": [{"x": "a\0b"}]}}

    answer = await post(things, "/Things", body)

    assert answer.status_code == 400
    assert "deep" in answer.json()["errors"][0]["field"]
    assert (await asked(things, "/Things", filter="name eq 'a'")).status_code == 200
