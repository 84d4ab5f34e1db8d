"""RELIABILITY §4.5 C 37-45: positions that cannot be meant, with a hint to what was meant."""

from typing import Any

import numpy as np
import pytest

from app.http.city import City
from app.http.submission import Envelope, Told, Unfit, submission
from dispatch.report import Channel
from geo.shift import Datum, from_wgs84
from tests.app.town import Town, a_report
from tests.makers import NOON, PARTS, spot

LON, LAT = spot()


CROOKED: list[tuple[dict[str, Any], str, str]] = [
    ({"lon": LAT, "lat": LON}, "lat", "swapped"),
    ({"lon": 0.0, "lat": 0.0}, "lon", "without a fix"),
    ({"lat": 91.0}, "lat", "-90 to 90"),
    ({"lon": 181.0}, "lon", "-180 to 180"),
    ({"lon": -181.0}, "lon", "-180 to 180"),
    ({"lon": 100.0}, "lon", "lies in lon 113 to 113.002"),
    ({"datum": None}, "datum", "wgs84, cgcs2000, gcj02, bd09"),
    ({"datum": "mars"}, "datum", "none is guessed"),
    ({"lon": None}, "lon", "both"),
    ({"lat": None}, "lat", "both"),
    ({"lon": None, "lat": None, "datum": None}, "lon", "address"),
    ({"lon": None, "lat": None}, "lon", "address"),
    ({"lon": None, "lat": None, "address": "1 Mill St"}, "datum", "with it"),
]


async def test_a_position_that_cannot_be_is_refused_with_a_hint(town: Town):
    for changes, field, hint in CROOKED:
        answer = await town.submit(a_report(**changes))

        assert answer.status_code == 422, changes
        [first, *_] = answer.json()["errors"]
        assert (first["field"], hint in first["remedy"]) == (field, True), changes
    assert await town.stored() == 0


def test_a_swapped_position_is_told_also_where_both_orders_are_degrees():
    new_york = {**PARTS, "city": {**PARTS["city"], "bbox": [-74.3, 40.4, -73.7, 41.0]}}
    told = Told(category="06010", lon=40.7, lat=-74.0, datum="wgs84")
    envelope = Envelope("device:1", "", b"", Channel.API)

    with pytest.raises(Unfit) as unfit:
        submission(told, envelope, City.of(new_york, {}), NOON)

    assert "swapped" in unfit.value.faults[0].remedy


async def test_a_report_with_only_an_address_is_accepted(town: Town):
    answer = await town.submit(a_report(lon=None, lat=None, datum=None, address="磨坊路1号"))

    assert answer.status_code == 201
    found = await town.conn.execute("SELECT position IS NULL, datum FROM inbox")
    assert await found.fetchall() == [(True, "none")]


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
async def test_a_shifted_position_is_stored_as_sent_and_in_wgs84(town: Town, datum: Datum):
    [[lon, lat]] = from_wgs84(np.array([[LON, LAT]]), datum).tolist()

    await town.submit(a_report(lon=lon, lat=lat, datum=datum.value))

    found = await town.conn.execute(
        "SELECT datum, given_lon, given_lat, ST_X(position), ST_Y(position) FROM inbox"
    )
    [stored] = await found.fetchall()
    assert stored[:3] == (datum.value, lon, lat)
    assert stored[3:] == pytest.approx((LON, LAT), abs=1e-8)


async def test_a_position_near_the_city_but_in_no_cell_is_for_the_rules_to_reject(town: Town):
    receipt = (await town.submit(a_report(lon=LON - 0.01))).json()["receipt"]

    await town.decide_all()

    standing = (await town.client.get(f"/api/reports/{receipt}")).json()
    assert (standing["state"], standing["reason"]) == ("rejected", "outside")


async def test_a_position_on_the_edge_of_two_cells_is_one_case(town: Town):
    receipts = [
        (await town.submit(a_report(lon=113.001, lat=29.0005))).json()["receipt"] for _ in range(2)
    ]

    await town.decide_all()

    states = {(await town.client.get(f"/api/reports/{one}")).json()["state"] for one in receipts}
    assert states == {"cased", "merged"}


async def test_a_box_that_is_none_is_refused(town: Town):
    boxes = ["10,10,5,20", "10,20,20,10", "170,0,-170,10", "1,2,3", "a,b,c,d", "nan,0,1,1"]

    async with await town.logged_in("dispatcher.city") as browser:
        answers = [await browser.get("/api/cases", params={"bbox": box}) for box in boxes]

    assert [answer.status_code for answer in answers] == [400] * len(boxes)


async def test_a_box_of_the_whole_world_is_capped(town: Town):
    await town.a_case()

    async with await town.logged_in("dispatcher.city") as browser:
        answer = await browser.get("/api/cases", params={"bbox": "-180,-90,180,90"})
        too_many = await browser.get("/api/cases", params={"limit": "1000000"})

    assert len(answer.json()["cases"]) == 1
    assert too_many.status_code == 400
