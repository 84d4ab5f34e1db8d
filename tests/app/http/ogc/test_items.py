"""Features: which a page holds, in what order, and what is answered when they are asked wrongly."""

from itertools import pairwise
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from shapely import Point

from app.identity.postgres import add_key
from grid.components.postgres import store_components
from tests.app.grid.city import FIRST, FOURTH, HALVES, THIRD, draft, drawn
from tests.app.http.ogc.ground import (
    AFTER,
    BEFORE,
    COVERS,
    SINCE_EVER,
    asked,
    features,
    ids,
    lay_ground,
    link,
    place_components,
    redraw,
)
from tests.app.town import PORTAL, Town, a_report, store_grid_of_town
from tests.grid.components.makers import component
from tests.makers import CELLS, COMMUNITY, SOUTH, STEP, WEST, spot

NOW_IN_FORCE = [FIRST, FOURTH, *HALVES]


async def walked(town: Town, first: Any, between: Any = None) -> list[Any]:
    """All ids of a walk by its links; *between* is awaited after each page."""
    found, page = ids(first), first
    async with await town.logged_in("auditor.city") as browser:
        while (onward := link(page, "next")) is not None:
            if between is not None:
                await between()
            page = (await browser.get(onward)).raise_for_status().json()
            found += ids(page)
    return found


async def test_a_cell_tells_its_ground_its_names_and_its_life(town: Town):
    await lay_ground(town.conn)

    page = await features(town, "cells", limit=1)

    [cell] = page["features"]
    assert (page["numberMatched"], page["numberReturned"]) == (4, 1)
    assert cell["id"] == FIRST
    assert cell["geometry"]["type"] == "MultiPolygon"
    assert cell["properties"] == {
        "code": FIRST,
        "area": COMMUNITY,
        "name_zh": "网格001",
        "name_en": "Cell 001",
        "area_m2": pytest.approx(21_500, rel=0.01),
        "grid_version": 2,
        "began_at": "2026-01-01T00:00:00Z",
        "ended_at": None,
    }


async def test_an_outer_ring_runs_against_the_clock(town: Town):
    await store_grid_of_town(town.conn)

    [cell] = (await features(town, "cells", limit=1))["features"]

    [[ring]] = cell["geometry"]["coordinates"]
    twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
    assert twice > 0


@pytest.mark.parametrize(
    ("moment", "cells"),
    [
        ("2025-12-31T23:59:59Z", []),
        (BEFORE, CELLS),
        (AFTER, NOW_IN_FORCE),
        ("2026-06-01T08:00:00+08:00", NOW_IN_FORCE),
        (f"../{BEFORE}", CELLS),
        (f"{AFTER}/..", NOW_IN_FORCE),
        (SINCE_EVER, [*CELLS, *HALVES]),
        ("../..", [*CELLS, *HALVES]),
        (f"/{BEFORE}", CELLS),
        ("2020-01-01T00:00:00Z/2020-01-02T00:00:00Z", []),
    ],
)
async def test_a_time_asks_the_release_in_force_then(town: Town, moment: str, cells: list[str]):
    await lay_ground(town.conn)

    page = await features(town, "cells", datetime=moment)

    assert ids(page) == cells
    assert page["numberMatched"] == len(cells)


async def test_of_a_cell_in_two_releases_a_span_gives_the_later_shape(town: Town):
    await lay_ground(town.conn)

    page = await features(town, "cells", datetime=SINCE_EVER)

    versions = {one["id"]: one["properties"]["grid_version"] for one in page["features"]}
    assert versions == {**dict.fromkeys(CELLS, 1), **dict.fromkeys(NOW_IN_FORCE, 2)}


async def test_an_ended_cell_is_still_there_by_its_code(town: Town):
    await lay_ground(town.conn)

    ended = await asked(town, "auditor.city", f"/collections/cells/items/{THIRD}")

    assert ended.status_code == 200
    assert ended.json()["properties"]["ended_at"] == "2026-06-01T00:00:00Z"


async def test_a_draft_is_nowhere_to_be_read(town: Town):
    await lay_ground(town.conn)
    await draft(town.conn, {f"{COMMUNITY}099": drawn()[FIRST]})

    page = await features(town, "cells", datetime="../..")
    one = await asked(town, "auditor.city", f"/collections/cells/items/{COMMUNITY}099")

    assert f"{COMMUNITY}099" not in ids(page)
    assert one.status_code == 404


async def test_a_walk_over_cells_stays_with_the_release_it_began_with(town: Town):
    await store_grid_of_town(town.conn)
    first = await features(town, "cells", limit=1)

    await redraw(town.conn)

    assert await walked(town, first) == CELLS
    assert ids(await features(town, "cells")) == NOW_IN_FORCE


BOXES = [
    # in one corner cell; six numbers; a point where four meet; an edge that only touches
    (f"{WEST + 0.0001},{SOUTH + 0.0001},{WEST + 0.0002},{SOUTH + 0.0002}", {CELLS[2]}),
    (f"{WEST + 0.0001},{SOUTH + 0.0001},0,{WEST + 0.0002},{SOUTH + 0.0002},9", {CELLS[2]}),
    (f"{WEST + STEP},{SOUTH + STEP},{WEST + STEP},{SOUTH + STEP}", set(CELLS)),
    (f"{WEST - 1},{SOUTH},{WEST},{SOUTH + 2 * STEP}", {CELLS[0], CELLS[2]}),
    (f"{WEST - 1},{SOUTH},{WEST - 0.5},{SOUTH + 2 * STEP}", set()),
    # all the way round from 170 E to 112 W and to 113.0005 E
    (f"170,{SOUTH},-112,{SOUTH + 2 * STEP}", set()),
    (f"170,{SOUTH},{WEST + STEP / 2},{SOUTH + STEP / 2}", {CELLS[2]}),
    ("-180,-90,180,90", set(CELLS)),
]


@pytest.mark.parametrize(("box", "cells"), BOXES)
async def test_a_box_gives_what_lies_in_it_or_touches_it(town: Town, box: str, cells: set[str]):
    await store_grid_of_town(town.conn)

    page = await features(town, "cells", bbox=box)

    assert set(ids(page)) == cells
    assert page["numberMatched"] == len(cells)


async def test_an_area_holds_the_cells_of_all_areas_below(town: Town):
    await lay_ground(town.conn)

    within = await features(town, "cells", area="990199")
    before = await features(town, "cells", area="990199001", datetime=BEFORE)
    elsewhere = await features(town, "cells", area="990198")

    assert (ids(within), ids(before), ids(elsewhere)) == (NOW_IN_FORCE, CELLS, [])


async def test_areas_are_chosen_by_level_and_parent(town: Town):
    await lay_ground(town.conn)

    streets = await features(town, "areas", level="street")
    below = await features(town, "areas", parent="990199001")

    assert (ids(streets), ids(below)) == (["990199001"], [COMMUNITY])
    assert streets["features"][0]["properties"]["began_at"] == "2026-01-01T00:00:00Z"


async def test_components_are_those_of_the_surveys_of_the_time(town: Town):
    await place_components(town.conn, *COVERS[:3])
    found = await town.conn.execute("SELECT clock_timestamp()")
    [moment] = await found.fetchone() or (None,)
    await place_components(town.conn, *COVERS[1:4], state="broken")

    now = await features(town, "components")
    then = await features(town, "components", datetime=moment.isoformat())
    ever = await features(town, "components", datetime="../..")
    broken = await features(town, "components", datetime="../..", state="broken")
    gone = await asked(town, "auditor.city", f"/collections/components/items/{COVERS[0]}")

    assert (ids(now), ids(then)) == (COVERS[1:4], COVERS[:3])
    assert (ids(ever), ids(broken)) == (COVERS[:4], COVERS[1:4])
    assert gone.json()["properties"]["ended_at"] is not None


async def test_an_id_of_any_signs_is_found_by_its_own_link(town: Town):
    await lay_ground(town.conn)
    odd = component(id="井 7#/b?", category="01001", cell=CELLS[2], geometry=Point(WEST, SOUTH))
    async with town.conn.transaction():
        await store_components(town.conn, [odd])

    path = f"/collections/components/items/{quote(odd.id, safe='')}"
    found = (await asked(town, "auditor.city", path)).json()
    async with await town.logged_in("auditor.city") as browser:
        again = (await browser.get(str(link(found, "self")))).json()
        told = await browser.get(f"/api/grid/components/{quote(odd.id, safe='')}")

    assert [found["id"], again["id"], told.json()["id"]] == [odd.id] * 3


async def test_paging_neither_skips_nor_doubles_while_a_survey_is_loaded(town: Town):
    await place_components(town.conn, *COVERS[1:6])
    first = await features(town, "components", limit=2)
    pages = 0

    async def another_survey() -> None:
        nonlocal pages
        pages += 1
        # one before and one behind the place of the walk; all that stand change their state
        await place_components(town.conn, *COVERS, state=("broken", "missing")[pages % 2])

    walk = await walked(town, first, another_survey)

    assert walk == COVERS[1:]
    assert pages == 2


async def test_paging_of_cases_goes_on_while_reports_come_in(town: Town):
    for north_m in (30, 150):
        for category in ("06010", "09009", "01001"):
            lon, lat = spot(30, north_m)
            await town.submit(a_report(category=category, lon=lon, lat=lat))
    await town.decide_all()
    first = await features(town, "cases", limit=2)
    before = await case_ids(town)

    async def one_more() -> None:
        lon, lat = spot(150, 30)
        await town.submit(
            a_report(lon=lon, lat=lat, category="09009", attributes={"component": "X"})
        )
        await town.decide_all()

    walk = await walked(town, first, one_more)

    assert first["numberMatched"] == len(before) == 6
    assert walk[:6] == before
    assert len(walk) == len(set(walk))


async def case_ids(town: Town) -> list[int]:
    found = await town.conn.execute("SELECT id FROM cases ORDER BY id")
    return [row[0] for row in await found.fetchall()]


async def test_a_case_tells_what_it_is_in_both_languages(town: Town):
    case_id = await town.a_case()

    page = await features(town, "cases", "dispatcher.city")

    [case] = page["features"]
    told = case["properties"]
    assert (case["id"], told["state"], told["department"]) == (case_id, "assigned", "sanitation")
    assert (told["category_en"], told["category_zh"]) == (
        "Exposed rubbish",
        "Exposed rubbish（中）",
    )
    assert told["department_zh"] == "sanitation（中）"
    assert not {"why", "head", "handled_by"} & told.keys()


async def test_cases_outside_the_reach_appear_nowhere(town: Town):
    case_id = await town.a_case()

    seen = {}
    for login in ("inspector.mill", "dispatcher.elsewhere", "handler.water", "handler.sanitation"):
        page = await features(town, "cases", login, datetime="../..", area="990199")
        one = await asked(town, login, f"/collections/cases/items/{case_id}")
        seen[login] = (ids(page), page["numberMatched"], one.status_code)

    assert seen == {
        "inspector.mill": ([case_id], 1, 200),
        "dispatcher.elsewhere": ([], 0, 404),
        "handler.water": ([], 0, 404),
        "handler.sanitation": ([case_id], 1, 200),
    }
    found = await town.conn.execute("SELECT actor, target FROM audit WHERE outcome = 'refused'")
    assert set(await found.fetchall()) == {
        ("dispatcher.elsewhere", str(case_id)),
        ("handler.water", str(case_id)),
    }


async def test_a_department_that_helps_reads_its_case(town: Town):
    case_id = await town.a_case()
    await town.conn.execute("UPDATE cases SET helpers = '{water}'")

    page = await features(town, "cases", "handler.water")
    one = await asked(town, "handler.water", f"/collections/cases/items/{case_id}")

    assert (ids(page), one.status_code) == ([case_id], 200)
    assert not {"helpers", "areas"} & one.json()["properties"].keys()


async def test_cases_are_chosen_by_what_they_are(town: Town):
    case_id = await town.a_case()
    chosen: dict[str, object] = {
        "state": "assigned", "category": "06010", "department": "sanitation", "cell": CELLS[2],
        "area": "990199001", "severity": 3, "overdue": "false",
    }  # fmt: skip
    others = {"state": "closed", "category": "09009", "cell": CELLS[0], "overdue": "true"}

    found = {name: ids(await features(town, "cases", **{name: value}))
             for name, value in chosen.items()}  # fmt: skip
    missed = {name: ids(await features(town, "cases", **{name: value}))
              for name, value in others.items()}  # fmt: skip

    assert found == {name: [case_id] for name in chosen}
    assert missed == {name: [] for name in others}


async def test_a_time_asks_the_cases_that_were_open_then(town: Town):
    case_id = await town.a_case()
    await town.conn.execute(
        "UPDATE cases SET reported_at = '2026-03-01', state = 'closed', closed_at = '2026-03-05'"
    )
    times = {
        "2026-02-28T00:00:00Z": [],
        "2026-03-03T00:00:00Z": [case_id],
        "2026-03-05T00:00:00Z/..": [case_id],
        "2026-03-06T00:00:00Z/..": [],
        "../2026-03-01T00:00:00Z": [case_id],
    }

    found = {moment: ids(await features(town, "cases", datetime=moment)) for moment in times}

    assert found == times


WRONG: list[tuple[str, str, str]] = [
    *(
        ("cells", "bbox", text)
        for text in ("1,2,3", "a,b,c,d", "nan,0,1,1", "0,0,inf,1", "0,1,1,0", "0,-91,1,1",
                     "181,0,182,1", "0,0,5,1,1,1", "", "1,2,3,4,5", "1,2,3,4,5,6,7")
    ),
    *(
        ("areas", "datetime", text)
        for text in ("today", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z",
                     "2026-02-01T00:00:00Z/2026-01-01T00:00:00Z", "a/b", "../../..", "",
                     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
    ),
    *(("cells", "limit", text) for text in ("0", "-1", "ten", "1.5", "", "9" * 30, "١")),
    *(
        ("components", "cursor", text)
        for text in ("x", "", "e30=", "\x00", "é", "eyJhZnRlciI6MX0=", "eyJhZnRlciI6IlwwIn0=")
    ),
    ("cells", "cursor", "eyJhZnRlciI6IiIsInJlbGVhc2VzIjpbOTldfQ=="),
    ("cases", "cursor", "eyJhZnRlciI6IngifQ=="),
    ("components", "state", "asleep"),
    ("components", "category", "\x00"),
    ("components", "cell", "9" * 65),
    ("cases", "state", "open"),
    ("cases", "overdue", "maybe"),
    ("cases", "severity", "high"),
    ("cells", "colour", "red"),
    ("cells", "crs", "http://www.opengis.net/def/crs/OGC/1.3/CRS84"),
    ("cells", "level", "street"),
]  # fmt: skip


async def test_whatever_cannot_be_meant_is_answered_400_with_its_parameter(town: Town):
    await store_grid_of_town(town.conn)
    answers: list[tuple[str, str, int, list[str]]] = []

    async with await town.logged_in("auditor.city") as browser:
        for collection, name, text in WRONG:
            path = f"/ogc/collections/{collection}/items"
            answer = await browser.get(path, params={name: text})
            named = [fault["field"] for fault in answer.json().get("errors", [])]
            answers.append((name, text, answer.status_code, named))

    assert answers == [(name, text, 400, [name]) for _, name, text in WRONG]


async def test_all_that_is_wrong_is_told_at_once_in_both_languages(town: Town):
    async with await town.logged_in("auditor.city") as browser:
        answer = await browser.get("/ogc/collections/cells/items?limit=1&limit=2&bbox=x&when=now")

    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["titles"] == {"zh": "请求有误", "en": "Bad request"}
    assert [one["field"] for one in told["errors"]] == ["limit", "when", "bbox"]


@pytest.mark.parametrize(
    "path",
    ["", "/", "/api", "/conformance", "/collections", "/collections/cells",
     f"/collections/cells/items/{CELLS[0]}"],
)  # fmt: skip
async def test_no_page_takes_a_parameter_it_does_not_know(town: Town, path: str):
    await store_grid_of_town(town.conn)

    answer = await asked(town, "auditor.city", path, colour="red")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "colour"


async def test_who_asks_for_more_than_a_page_holds_gets_a_page(town: Town):
    await store_grid_of_town(town.conn)

    page = await features(town, "cells", limit=1_000_000)

    assert page["numberReturned"] == 4


@pytest.mark.parametrize("code", ["nowhere", "%00", "9" * 65, "0", "-1", "9" * 20, "1e3"])
@pytest.mark.parametrize("collection", ["cells", "areas", "components", "cases"])
async def test_what_is_not_there_is_answered_404(town: Town, collection: str, code: str):
    answer = await asked(town, "auditor.city", f"/collections/{collection}/items/{code}")

    assert answer.status_code == 404


async def test_who_may_read_what(town: Town):
    await lay_ground(town.conn)
    keys = {
        "auditor": await add_key(town.conn, "gis:audit", ["auditor"], ""),
        "portal": town.keys[PORTAL],
        "monitor": town.keys["monitor"],
        "nobody": None,
    }

    assert {who: await statuses(town.client, key) for who, key in keys.items()} == {
        "auditor": [200, 200, 200, 200, 200],
        "portal": [403, 403, 403, 403, 403],
        "monitor": [403, 403, 403, 403, 403],
        "nobody": [401, 401, 401, 401, 401],
    }


async def statuses(client: httpx.AsyncClient, key: str | None) -> list[int]:
    headers = {"x-api-key": key} if key else {}
    paths = ["", *(f"/{name}/items" for name in ("cells", "areas", "components", "cases"))]
    return [
        (await client.get(f"/ogc/collections{path}", headers=headers)).status_code for path in paths
    ]


async def test_the_administrator_reads_the_ground_and_no_case(town: Town):
    await lay_ground(town.conn)

    listed = (await asked(town, "admin", "/collections")).json()
    cases = await asked(town, "admin", "/collections/cases")

    assert [one["id"] for one in listed["collections"]] == ["cells", "areas", "components"]
    assert cases.status_code == 403


async def test_no_page_is_kept_in_between(town: Town):
    await lay_ground(town.conn)

    answer = await asked(town, "auditor.city", "/collections/cells/items")

    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["cache-control"] == "private, no-store"
