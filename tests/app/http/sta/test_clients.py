"""A program that others wrote, frost_sta_client, creates and reads with the doors as they are."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import frost_sta_client as fsc
import pytest
from frost_sta_client.service.auth_handler import AuthHandler
from geojson import Point

from tests.app.http.sta.observing_town import keep_what_is_in_the_log
from tests.app.town import Town
from tests.makers import spot

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:furl.pathstr is deprecated:DeprecationWarning"),
]
NOW = datetime.now(UTC).replace(microsecond=0)


def service(town: Town, key: str) -> fsc.SensorThingsService:
    return fsc.SensorThingsService(
        f"{town.url}/sta/v1.1", auth_handler=AuthHandler("key", town.keys[key])
    )


def a_thing() -> fsc.Thing:
    """A thing with all that belongs to it, as the client's own guide makes one."""
    metre = fsc.UnitOfMeasurement(name="metre", symbol="m", definition="ucum:m")
    stream = fsc.Datastream(
        name="Water behind the weir",
        description="Level above the sill",
        observation_type="http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
        unit_of_measurement=metre,
        observed_property=fsc.ObservedProperty(
            name="water_level", definition="urn:water", description="level"
        ),
        sensor=fsc.Sensor(
            name="Radar 7", description="", encoding_type="application/pdf", metadata="radar.pdf"
        ),
    )
    place = fsc.Location(
        name="The weir",
        description="north bank",
        encoding_type="application/geo+json",
        location=Point(spot(60, 60)),
    )
    return fsc.Thing(
        name="Weir",
        description="The old weir",
        properties={"owner": "mill"},
        locations=[place],
        datastreams=[stream],
    )


async def in_thread(work: Any, *arguments: Any) -> Any:
    return await asyncio.to_thread(work, *arguments)


async def test_it_creates_a_thing_with_a_datastream_and_observations_and_reads_them(things: Town):
    def create() -> tuple[Any, Any, Any]:
        client = service(things, "lab")
        thing = a_thing()
        client.create(thing)
        [stream] = client.things().find(thing.id).get_datastreams().query().list()
        one = fsc.Observation(phenomenon_time=NOW.isoformat(), result=2.5, datastream=stream)
        client.create(one)
        return thing.id, stream.id, one.id

    thing_id, stream_id, observation_id = await in_thread(create)
    await keep_what_is_in_the_log(things)

    def read() -> tuple[Any, ...]:
        client = service(things, "lab")
        thing = client.things().find(thing_id)
        stream = client.datastreams().find(stream_id)
        observation = client.observations().find(observation_id)
        listed = stream.get_observations().query().filter("result gt 2").list()
        places = thing.get_locations().query().list()
        return thing, stream, observation, list(listed), list(places)

    thing, stream, observation, listed, places = await in_thread(read)
    assert (thing.name, thing.properties) == ("Weir", {"owner": "mill"})
    assert stream.unit_of_measurement.symbol == "m"
    assert observation.result == 2.5
    assert datetime.fromisoformat(observation.phenomenon_time) == NOW
    assert [one.result for one in listed] == [2.5]
    assert places[0].location["coordinates"] == pytest.approx(spot(60, 60))


async def test_it_sends_data_arrays(things: Town):
    def send() -> list[Any]:
        client = service(things, "lab")
        thing = a_thing()
        client.create(thing)
        [stream] = client.things().find(thing.id).get_datastreams().query().list()
        P = fsc.model.ext.data_array_value.DataArrayValue.Property
        array = fsc.model.ext.data_array_value.DataArrayValue()
        array.components = {P.PHENOMENON_TIME, P.RESULT}
        array.datastream = stream
        for n in range(20):
            at = (NOW - timedelta(minutes=n)).isoformat()
            array.add_observation(fsc.Observation(phenomenon_time=at, result=n / 2))
        document = fsc.model.ext.data_array_document.DataArrayDocument()
        document.add_data_array_value(array)
        made = client.observations().create(document)
        return [stream.id, *[one.self_link for one in made]]

    stream_id, *links = await in_thread(send)
    await keep_what_is_in_the_log(things)

    def results() -> list[float]:
        stream = service(things, "lab").datastreams().find(stream_id)
        order = stream.get_observations().query().orderby("phenomenonTime", "desc").top(6)
        return [one.result for one in order.list()]

    assert len(links) == 20
    assert all(link.startswith(f"{things.url}/sta/v1.1/Observations(") for link in links)
    assert await in_thread(results) == [n / 2 for n in range(20)]


async def test_it_walks_all_pages_of_a_collection(things: Town):
    def results() -> list[float]:
        stream = service(things, "auditor").datastreams().find("W1")
        return [one.result for one in stream.get_observations().query().top(50).list()]

    assert await in_thread(results) == pytest.approx([1 + n / 10 for n in range(180)])
