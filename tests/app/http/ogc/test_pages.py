"""The landing page and what it leads to: absolute links, and a description that tells the truth."""

from pathlib import Path
from typing import Any

import httpx

from app.http.ogc.asking import MOST
from app.http.ogc.collections import COLLECTIONS
from app.http.ogc.pages import CONFORMS_TO
from tests.app.http.ogc.ground import asked, features, lay_ground, link, place_components
from tests.app.town import Town, running_town
from tests.makers import SOUTH, STEP, WEST

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


def hrefs(told: Any) -> set[str]:
    """Every address in an answer, wherever it stands."""
    parts = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    href = told.get("href") if isinstance(told, dict) else None
    return ({href} if isinstance(href, str) else set[str]()).union(*map(hrefs, parts))


async def test_every_page_is_reached_from_the_first_by_links_alone(town: Town):
    await lay_ground(town.conn)
    await place_components(town.conn, "99019901001000001")
    await town.a_case()
    seen: dict[str, str] = {}
    waiting = [f"{town.url}/ogc/"]

    async with await town.logged_in("auditor.city") as browser:
        while waiting:
            address = waiting.pop()
            answer = (await browser.get(address)).raise_for_status()
            seen[address.removeprefix(town.url)] = answer.headers["content-type"]
            waiting += hrefs(answer.json()) - {town.url + path for path in seen}

    json, geojson = "application/json", "application/geo+json"
    assert seen == {
        "/ogc/": json,
        "/ogc/api": "application/vnd.oai.openapi+json;version=3.0",
        "/ogc/conformance": json,
        "/ogc/collections": json,
        **{f"/ogc/collections/{name}": json for name in COLLECTIONS},
        **{f"/ogc/collections/{name}/items": geojson for name in COLLECTIONS},
    }


async def test_links_begin_with_the_address_that_people_type(database_url: str, tmp_path: Path):
    public = "https://grid.example/city"

    async with running_town(database_url, home=tmp_path, public_url=f"{public}/") as town:
        landing = (await town.client.get("/ogc")).json()
        described = (await town.client.get("/ogc/api")).json()

    assert {href.startswith(f"{public}/ogc/") for href in hrefs(landing)} == {True}
    assert described["servers"] == [{"url": f"{public}/ogc"}]


async def test_the_classes_that_are_kept_are_those_that_are_named(town: Town):
    told = (await town.client.get("/ogc/conformance")).json()

    assert [one.rpartition("/")[2] for one in told["conformsTo"]] == ["core", "geojson", "oas30"]
    assert told["conformsTo"] == CONFORMS_TO


async def test_a_collection_tells_its_extent_in_the_one_reference_system(town: Town):
    await lay_ground(town.conn)

    told = (await asked(town, "auditor.city", "/collections/cells")).json()

    assert told["crs"] == [CRS84]
    assert told["extent"]["spatial"] == {
        "bbox": [[WEST, SOUTH, WEST + 2 * STEP, SOUTH + 2 * STEP]],
        "crs": CRS84,
    }
    assert told["extent"]["temporal"]["interval"] == [["2026-01-01T00:00:00+00:00", None]]
    assert "单元网格" in told["title"]


async def test_there_is_a_page_before_there_is_a_city(town: Town):
    await town.conn.execute("DELETE FROM city_part")
    town.server.config.app.state.wiring.city.current = None  # pyright: ignore

    landing = await town.client.get("/ogc")
    empty = await features(town, "cells")

    assert landing.status_code == 200
    assert (empty["numberMatched"], empty["features"], link(empty, "next")) == (0, [], None)


async def test_an_unknown_collection_is_answered_with_those_there_are(town: Town):
    answer = await asked(town, "auditor.city", "/collections/roads")

    assert answer.status_code == 404
    assert "cells, areas, components, cases" in answer.json()["detail"]


async def test_an_open_grid_is_read_by_everybody_and_the_rest_by_nobody_else(
    database_url: str, tmp_path: Path
):
    async with running_town(database_url, home=tmp_path, grid_open=True) as town:
        await lay_ground(town.conn)
        listed = (await town.client.get("/ogc/collections")).json()
        statuses = [await status(town.client, name) for name in COLLECTIONS]

    assert [one["id"] for one in listed["collections"]] == ["cells", "areas"]
    assert statuses == [200, 200, 401, 401]


async def status(client: httpx.AsyncClient, collection: str) -> int:
    return (await client.get(f"/ogc/collections/{collection}/items")).status_code


async def test_the_description_names_every_parameter_the_doors_take(town: Town):
    described = (await town.client.get("/ogc/api")).json()

    for name, collection in COLLECTIONS.items():
        parameters = described["paths"][f"/collections/{name}/items"]["get"]["parameters"]
        named = {one["name"]: one["schema"] for one in parameters}
        assert named.keys() == {"bbox", "datetime", "limit", "cursor", *collection.queryables}
        assert named["limit"]["maximum"] == MOST
        assert named.get("state", {}).get("enum") == (
            list(collection.queryables["state"].choices) if "state" in named else None
        )


async def test_every_reference_of_the_description_leads_somewhere(town: Town):
    described = (await town.client.get("/ogc/api")).json()

    schemas = described["components"]["schemas"]
    assert described["openapi"].startswith("3.0.")
    assert {name.rpartition("/")[2] for name in references(described)} == schemas.keys()


def references(told: Any) -> set[str]:
    if isinstance(told, dict):
        own = {told["$ref"]} if "$ref" in told else set[str]()
        return own.union(*(references(value) for value in told.values()))
    return set[str]().union(*map(references, told)) if isinstance(told, list) else set()
