"""The doors of the grid: releases, cells, positions, components and figures."""

from datetime import date
from typing import Any

import httpx
import numpy as np
import pytest
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from shapely import MultiPolygon, box

from geo.geojson import geojson_of
from geo.shift import Datum, from_wgs84
from grid.profile.figures import Figure
from grid.profile.postgres import store_figures
from tests.app.grid.city import FIRST, FOURTH, HALVES, THIRD, draft, redrawn
from tests.app.http.ogc.ground import (
    AFTER,
    BEFORE,
    COVERS,
    lay_ground,
    place_components,
)
from tests.app.town import PORTAL, Town, a_report, running_town
from tests.makers import CELLS, CITY, COMMUNITY, PARTS, SOUTH, STEP, WEST, cells, label, spot

LON, LAT = spot()


async def asked(town: Town, path: str, login: str = "dispatcher.city", **params: Any) -> Any:
    """What a person is told below `/api/grid`."""
    async with await town.logged_in(login) as browser:
        answer = await browser.get(f"/api/grid{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sent(
    town: Town, path: str, told: object, login: str = "dispatcher.city"
) -> httpx.Response:
    async with await town.logged_in(login) as browser:
        return await browser.post(f"/api/grid{path}", json=told)


async def test_releases_are_told_with_their_standing_and_no_draft(town: Town):
    await lay_ground(town.conn)
    await draft(town.conn, redrawn())

    told = await asked(town, "")

    standing = [(one["version"], one["standing"], one["cells"]) for one in told["releases"]]
    assert told["in_force"] == 2
    assert standing == [(2, "in_force", 4), (1, "past", 4)]


async def test_areas_are_a_tree(town: Town):
    await lay_ground(town.conn)

    told = await asked(town, "/areas")

    [division] = told["areas"]
    [street] = division["areas"]
    [community] = street["areas"]
    assert [one["code"] for one in (division, street, community)] == [CITY, "990199001", COMMUNITY]
    assert (division["department"], community["areas"]) == ("street-office", [])
    assert (told["version"], (await asked(town, "/areas", at=BEFORE))["version"]) == (2, 1)


async def test_a_cell_tells_where_it_is_and_who_answers_for_what(town: Town):
    await lay_ground(town.conn)

    told = await asked(town, f"/cells/{FIRST}")

    assert [one["code"] for one in told["areas"]] == [COMMUNITY, "990199001", CITY]
    assert {one["category"]: one["department"]["code"] for one in told["departments"]} == {
        "01001": "water",
        "06010": "sanitation",
        "09009": "street-office",  # nobody's duty: the territory takes it
    }
    assert "属地兜底" in told["departments"][2]["because"]["zh"]
    assert told["departments"][0]["department"]["name"] == {"zh": "water（中）", "en": "water"}
    assert [rule["name"] for rule in told["departments"][0]["rules_before"]] == ["night fires"]
    assert (told["version"], told["ended_at"]) == (2, None)


async def test_the_links_of_a_cell_lead_somewhere(town: Town):
    await lay_ground(town.conn)
    links = (await asked(town, f"/cells/{FIRST}"))["links"]

    async with await town.logged_in("dispatcher.city") as browser:
        answers = {name: await browser.get(address) for name, address in links.items()}

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "geometry": 200,
        "profile": 200,
    }


async def test_a_cell_is_told_while_the_doors_do_not_know_the_newest_pack_yet(town: Town):
    await lay_ground(town.conn)
    harbour = PARTS["departments"][0] | {"code": "harbour", "name": label("Harbour")}
    rule = {
        "row": 1,
        "name": "boats",
        "when": "category == '06010'",
        "department": "harbour",
        "because": label("It floats"),
    }
    for part, content in (("departments", [*PARTS["departments"], harbour]), ("routing", [rule])):
        await town.conn.execute(
            "INSERT INTO city_part (part, version, content, sha256) VALUES (%s, 2, %s, 'y')",
            (part, Jsonb(content)),
        )

    told = await asked(town, f"/cells/{FIRST}", category="06010")

    assert told["departments"][0]["department"]["code"] == "harbour"


async def test_a_code_with_a_slash_in_it_leads_to_its_cell(town: Town):
    await lay_ground(town.conn)
    await town.conn.execute("UPDATE cell SET code = 'mill/1' WHERE code = %s", [FIRST])

    told = await asked(town, "/cells/mill%2F1")
    async with await town.logged_in("dispatcher.city") as browser:
        ways = [*told["links"].values(), "/api/map/cells/mill%2F1"]
        answers = [await browser.get(way) for way in ways]

    assert told["code"] == "mill/1"
    assert [answer.status_code for answer in answers] == [200] * 3


async def test_a_cell_that_is_no_more_tells_who_followed_it(town: Town):
    await lay_ground(town.conn)

    told = await asked(town, f"/cells/{THIRD}", category="06010")

    assert (told["version"], told["ended_at"]) == (1, "2026-06-01T00:00:00Z")
    assert [one["successor"] for one in told["successors"]] == list(HALVES)
    assert len(told["departments"]) == 1


async def test_a_position_is_in_one_cell_of_each_release(town: Town):
    await lay_ground(town.conn)

    now = await asked(town, "/locate", lon=LON, lat=LAT, datum="wgs84")
    then = await asked(town, "/locate", lon=LON, lat=LAT, datum="wgs84", at=BEFORE)
    outside = await asked(town, "/locate", lon=0, lat=0, datum="wgs84")

    assert (now["cell"], now["version"]) == (HALVES[0], 2)
    assert now["areas"] == [COMMUNITY, "990199001", CITY]
    assert (then["cell"], then["version"]) == (THIRD, 1)
    assert (outside["cell"], outside["areas"]) == (None, [])


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
async def test_positions_of_chinese_maps_are_shifted_first(town: Town, datum: Datum):
    await lay_ground(town.conn)
    [[lon, lat]] = from_wgs84(np.array([[LON, LAT]]), datum).tolist()

    told = await asked(town, "/locate", lon=lon, lat=lat, datum=datum)
    many = (await sent(town, "/locate", {"positions": [[lon, lat]], "datum": datum})).json()

    assert told["cell"] == HALVES[0]
    assert (told["lon"], told["lat"]) == pytest.approx((LON, LAT), abs=1e-8)
    assert [one["cell"] for one in many["places"]] == [HALVES[0]]


async def test_many_positions_are_answered_in_their_order(town: Town):
    await lay_ground(town.conn)
    spots = [[LON, LAT], [0, 0], [WEST + 1.5 * STEP, SOUTH + STEP / 2], [LON, LAT]]

    answer = await sent(town, "/locate", {"positions": spots, "datum": "cgcs2000", "at": AFTER})

    assert answer.status_code == 200
    told = [one["cell"] for one in answer.json()["places"]]
    assert told == [HALVES[0], None, FOURTH, HALVES[0]]


WRONG_QUERIES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("", {"at": BEFORE}, ["at"]),
    ("/areas", {"at": "today"}, ["at"]),
    ("/areas", {"at": "2020-01-01T00:00:00Z"}, ["at"]),
    ("/areas", {"at": "0001-01-01T00:00:00+14:00"}, ["at"]),
    ("/locate", {}, ["lon", "lat", "datum"]),
    ("/locate", {"lon": "x", "lat": "91", "datum": "mars"}, ["lon", "lat", "datum"]),
    ("/locate", {"lon": "nan", "lat": "inf", "datum": "wgs84"}, ["lon", "lat"]),
    ("/locate", {"lon": 1, "lat": 1, "datum": "wgs84", "near": 1}, ["near"]),
    (f"/cells/{FIRST}", {"category": "\x00"}, ["category"]),
    (f"/cells/{FIRST}", {"category": "99999"}, ["category"]),
    (f"/cells/{FIRST}/profile", {"at": "x"}, ["at"]),
    ("/components", {"lon": 1, "lat": 1, "datum": "wgs84", "count": 51}, ["count"]),
    ("/components", {"lon": 1, "lat": 1, "datum": "wgs84", "radius_m": 0}, ["radius_m"]),
    ("/components", {"lon": 1, "lat": 1, "datum": "wgs84", "category": "\x07"}, ["category"]),
    ("/components", {"lon": 1, "lat": 1, "datum": "wgs84", "category": "1," * 21}, ["category"]),
    (f"/components/{COVERS[0]}", {"limit": 1}, ["limit"]),
]


async def test_what_cannot_be_asked_is_answered_with_every_parameter_at_fault(town: Town):
    await lay_ground(town.conn)
    await place_components(town.conn, COVERS[0])
    answers: list[tuple[str, dict[str, Any], list[str]]] = []

    async with await town.logged_in("dispatcher.city") as browser:
        for path, params, _ in WRONG_QUERIES:
            answer = await browser.get(f"/api/grid{path}", params=params)
            assert answer.status_code == 422, (path, params, answer.text)
            assert answer.json()["titles"]["zh"] == "内容不合要求"
            answers.append((path, params, [one["field"] for one in answer.json()["errors"]]))

    assert answers == WRONG_QUERIES


SQUARE = [[LON, LAT], [LON + 0.0001, LAT], [LON, LAT + 0.0001], [LON, LAT]]
BOW = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
WRONG_BODIES: list[tuple[str, object, str]] = [
    ("/locate", {"positions": [], "datum": "wgs84"}, "positions"),
    ("/locate", {"positions": [[1, 1]] * 1001, "datum": "wgs84"}, "positions"),
    ("/locate", {"positions": [[1, 1], [181, 1]], "datum": "wgs84"}, "positions[1]"),
    ("/locate", {"positions": [[1, 91]], "datum": "wgs84"}, "positions[0]"),
    ("/locate", {"positions": [[1]], "datum": "wgs84"}, "positions[0]"),
    ("/locate", {"positions": [[1, 1]]}, "datum"),
    ("/locate", {"positions": [[1, 1]], "datum": "mars"}, "datum"),
    ("/locate", {"positions": [[1, 1]], "datum": "wgs84", "at": "now"}, "at"),
    ("/profile", {"type": "Point", "coordinates": [1, 1]}, "type"),
    ("/profile", {"type": "Polygon", "coordinates": []}, "$.coordinates"),
    ("/profile", {"type": "Polygon", "coordinates": [BOW]}, "$"),
    ("/profile", {"type": "Polygon", "coordinates": [SQUARE[:3]]}, "$.coordinates[0]"),
    ("/profile", {"type": "Polygon", "coordinates": [[[0, 0], [0, 99]]]}, "$.coordinates[0][1][1]"),
    ("/profile", {"type": "Polygon", "coordinates": [[["a", 0]]]}, "$.coordinates[0][0][0]"),
    ("/profile", {"type": "Polygon"}, "$.coordinates"),
    ("/profile", {"type": "Feature"}, "geometry"),
    ("/profile", {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [BOW]}},
     "geometry"),
    ("/profile", {"type": "Polygon", "coordinates": [[[0, 0], [60, 0], [0, 60], [0, 0]]]}, "$"),
    ("/profile", {"type": "Polygon", "coordinates": [[[i / 9999, 0] for i in range(2001)]]},
     "$.coordinates[0][2000]"),
]  # fmt: skip


async def test_what_cannot_be_taken_is_answered_with_its_place(town: Town):
    await lay_ground(town.conn)
    answers: list[tuple[int, str]] = []

    for path, told, _ in WRONG_BODIES:
        answer = await sent(town, path, told)
        [fault, *_] = answer.json()["errors"]
        answers.append((answer.status_code, fault["field"]))

    assert answers == [(422, field) for _, _, field in WRONG_BODIES]


async def test_the_nearest_components_come_with_their_distance(town: Town):
    await place_components(town.conn, *COVERS)
    lon = WEST + STEP * 3.1 / 8

    near = await asked(town, "/components", lon=lon, lat=SOUTH, datum="wgs84", count=2)
    none = await asked(
        town, "/components", lon=lon, lat=SOUTH, datum="wgs84", category="02001,02002"
    )
    far = await asked(town, "/components", lon=lon, lat=SOUTH, datum="wgs84", radius_m=1)

    assert [one["id"] for one in near["components"]] == [COVERS[2], COVERS[3]]
    assert near["components"][0]["distance_m"] == pytest.approx(1.2, abs=0.1)
    assert (none["components"], far["components"]) == ([], [])


async def test_a_component_tells_its_surveys_and_the_cases_within_reach(town: Town):
    await place_components(town.conn, *COVERS)
    await place_components(town.conn, *COVERS, state="broken")
    for component in COVERS[:2]:
        await town.submit(a_report(category="01001", attributes={"component": component}))
    await town.decide_all()
    path = f"/components/{COVERS[0]}"

    seen = {
        login: (await asked(town, path, login))["cases"]
        for login in ("dispatcher.city", "handler.water", "dispatcher.elsewhere", "admin")
    }
    told = await asked(town, path)
    async with await town.logged_in("dispatcher.city") as browser:
        listed = await browser.get("/api/cases", params={"component": COVERS[1]})

    assert [one["state"] for one in told["versions"]] == ["intact", "broken"]
    assert {login: None if one is None else len(one) for login, one in seen.items()} == {
        "dispatcher.city": 1,
        "handler.water": 1,
        "dispatcher.elsewhere": 0,
        "admin": None,
    }
    assert len(listed.json()["cases"]) == 1


async def count_people(conn: AsyncConnection) -> None:
    """A hundred people in each of the four cells."""
    counted = [
        Figure("population", code, 100, "census", date(2020, 11, 1), MultiPolygon([shape]))
        for code, shape in zip(CELLS, cells(), strict=True)
    ]
    async with conn.transaction():
        await conn.execute(
            "INSERT INTO city_part (part, version, content, sha256) VALUES ('profile', 1, '{}', '')"
        )
        await store_figures(conn, counted, 1)


async def test_a_drawn_area_is_summed_and_says_what_is_estimated(town: Town):
    await lay_ground(town.conn)
    await count_people(town.conn)
    await place_components(town.conn, *COVERS)
    half = box(WEST, SOUTH, WEST + STEP / 2, SOUTH + STEP)
    whole = box(WEST, SOUTH, WEST + 2 * STEP, SOUTH + STEP)

    cut = (await sent(town, "/profile", geojson_of(half, digits=9))).json()
    feature = {"type": "Feature", "properties": {"x": 1}, "geometry": geojson_of(whole, digits=9)}
    full = (await sent(town, "/profile", feature)).json()

    assert cut["estimated"] is True
    assert cut["figures"]["population"]["value"] == pytest.approx(50, rel=1e-3)
    assert cut["figures"]["population"]["name"] == {"zh": "人口", "en": "People"}
    assert cut["components"] == {"01001": 4}
    assert (full["estimated"], full["figures"]["population"]["value"]) == (False, 200)
    assert "估算" in cut["note"]["zh"]


async def test_a_cell_has_the_sums_of_its_ground(town: Town):
    await lay_ground(town.conn)
    await count_people(town.conn)

    then = await asked(town, f"/cells/{THIRD}/profile")
    half = await asked(town, f"/cells/{HALVES[0]}/profile")

    assert (then["figures"]["population"]["value"], then["estimated"]) == (100, False)
    assert half["figures"]["population"]["value"] == pytest.approx(50, rel=1e-3)
    assert (half["estimated"], half["version"]) == (True, 2)


async def test_what_is_not_there_is_answered_404(town: Town):
    await lay_ground(town.conn)
    paths = ["/cells/nowhere", "/cells/%00", f"/cells/{'9' * 65}", f"/cells/{THIRD}?at={AFTER}",
             "/cells/nowhere/profile", "/components/nowhere", "/components/%00"]  # fmt: skip

    async with await town.logged_in("dispatcher.city") as browser:
        statuses = [(await browser.get(f"/api/grid{path}")).status_code for path in paths]

    assert statuses == [404] * len(paths)


PATHS = [
    "", "/areas", f"/cells/{FIRST}", f"/locate?lon={LON}&lat={LAT}&datum=wgs84",
    f"/components?lon={LON}&lat={LAT}&datum=wgs84", f"/cells/{FIRST}/profile",
]  # fmt: skip


async def statuses(town: Town, headers: dict[str, str]) -> list[int]:
    return [
        (await town.client.get(f"/api/grid{path}", headers=headers)).status_code for path in PATHS
    ]


async def test_who_may_ask_what(town: Town):
    await lay_ground(town.conn)

    assert await statuses(town, {}) == [401] * 6
    assert await statuses(town, {"x-api-key": town.keys[PORTAL]}) == [403] * 6
    async with await town.logged_in("admin") as browser:
        answers = [(await browser.get(f"/api/grid{path}")).status_code for path in PATHS]
    assert answers == [200] * 6


async def test_an_open_grid_tells_nobody_of_components_and_people(database_url: str, tmp_path: Any):
    async with running_town(database_url, home=tmp_path, grid_open=True) as town:
        await lay_ground(town.conn)

        assert await statuses(town, {}) == [200, 200, 200, 200, 401, 401]


async def test_before_there_is_a_city_the_grid_says_so(town: Town):
    async with await town.logged_in("dispatcher.city") as browser:
        answer = await browser.get("/api/grid")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "10"
