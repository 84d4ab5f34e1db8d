"""The doors of the live map, behind real sockets: who gets what, and how it may be kept."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from maps.layers import tile_at
from tests.app.town import Town, running_town
from tests.maps.city import SOUTH, STEP, WEST, build_lattice, in_lattice, put_case, put_row

X, Y = tile_at(WEST + STEP, SOUTH + STEP, 13)
TILE = f"/tiles/cells/13/{X}/{Y}.mvt"


@pytest.fixture
async def town(database_url: str, redis_url: str) -> AsyncIterator[Town]:
    async with running_town(database_url, redis_url=redis_url) as running:
        await build_lattice(running.conn)
        yield running


@pytest.fixture
async def desk(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of somebody who sees the whole city."""
    async with await town.logged_in("auditor.city") as browser:
        yield browser


@asynccontextmanager
async def stream(browser: httpx.AsyncClient, **told: Any) -> AsyncIterator[AsyncIterator[str]]:
    async with browser.stream("GET", "/live/events", **told) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield answer.aiter_lines()


async def next_patch(lines: AsyncIterator[str]) -> dict[str, Any]:
    async with asyncio.timeout(20):
        async for line in lines:
            if line == "event: patch":
                assert (await anext(lines)).startswith("id: ")
                return json.loads((await anext(lines)).removeprefix("data: "))
    pytest.fail("the stream ended before a patch came")


async def test_who_is_not_logged_in_is_sent_to_the_login_page(town: Town) -> None:
    answer = await town.client.get("/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


@pytest.mark.parametrize("path", ["/live/snapshot", "/live/events?since=0", TILE, "/api/map/city"])
async def test_the_city_is_told_to_nobody_who_is_not_logged_in(town: Town, path: str) -> None:
    assert (await town.client.get(path)).status_code == 401


async def test_the_pages_let_nothing_in_from_elsewhere(desk: httpx.AsyncClient) -> None:
    for path in ("/", "/login"):
        answer = await desk.get(path)

        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-cache"
        assert "{build}" not in answer.text


async def test_the_files_of_the_page_may_be_kept_for_ever(desk: httpx.AsyncClient) -> None:
    page = (await desk.get("/")).text
    address = page.split('type="module" src="')[1].split('"')[0]

    answer = await desk.get(address)

    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    again = await desk.get(address, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_file_under_the_address_of_an_older_page_is_not_kept(
    desk: httpx.AsyncClient,
) -> None:
    answer = await desk.get("/static/000000000000/app/board.js")

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "name", ["app/nothing.js", "../assets.py", "%2e%2e/assets.py", "/etc/passwd", "app", ""]
)
async def test_only_the_files_of_the_page_are_given_out(town: Town, name: str) -> None:
    assert (await town.client.get(f"/static/x/{name}")).status_code == 404


async def test_a_tile_is_drawn_packed_and_asked_about_by_its_tag(desk: httpx.AsyncClient) -> None:
    answer = await desk.get(TILE)

    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert b"cells" in answer.content
    again = await desk.get(TILE, headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    plain = await desk.get(TILE, headers={"accept-encoding": "identity"})
    assert plain.content == answer.content


async def test_a_tile_asked_for_by_its_grid_may_be_kept(desk: httpx.AsyncClient) -> None:
    grid = (await desk.get("/api/map/city")).json()["grid"]

    current = await desk.get(TILE, params={"grid": grid})
    older = await desk.get(TILE, params={"grid": "0-000000000000"})

    assert current.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert older.headers["cache-control"] == "private, no-cache"


async def test_a_tile_where_nothing_lies_is_no_content(desk: httpx.AsyncClient) -> None:
    answer = await desk.get("/tiles/cells/13/0/0.mvt")

    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/secrets/13/1/1.mvt",
        "/tiles/cells/3/8/0.mvt",
        "/tiles/cells/99/0/0.mvt",
        "/tiles/cells/-1/0/0.mvt",
        "/tiles/cells/13/x/0.mvt",
        f"/tiles/cells/13/{10**40}/0.mvt",
        "/tiles/cells/13/1.5/0.mvt",
    ],
)
async def test_a_tile_that_cannot_be_is_not_found(desk: httpx.AsyncClient, path: str) -> None:
    assert (await desk.get(path)).status_code == 404


async def test_the_page_learns_the_names_in_both_languages(desk: httpx.AsyncClient) -> None:
    told = (await desk.get("/api/map/city")).json()

    assert set(told["city"]["name"]) == {"zh", "en"}
    assert told["city"]["bbox"]
    assert [layer["name"] for layer in told["layers"]] == ["base", "areas", "cells"]
    assert all(set(area["name"]) == {"zh", "en"} for area in told["areas"])
    assert all(set(name) == {"zh", "en"} for name in told["departments"].values())
    assert set(told["categories"]["06010"]["name"]) == {"zh", "en"}


async def test_a_cell_is_told_by_name_and_place(desk: httpx.AsyncClient) -> None:
    told = (await desk.get("/api/map/cells/990101001001000")).json()

    assert told["name"] == {"zh": "第0格", "en": "Cell 0"}
    assert told["bbox"] == [WEST, SOUTH, WEST + STEP, SOUTH + STEP]
    assert (await desk.get("/api/map/cells/nowhere")).status_code == 404


async def test_everybody_sees_their_own_part_of_the_board(town: Town) -> None:
    await put_case(town.conn, in_lattice(1, department="water", areas=("990199001", "990199")))
    await put_case(town.conn, in_lattice(2, department="roads", areas=("990199001", "990199")))
    expected = {
        "auditor.city": {1, 2},
        "dispatcher.city": {1, 2},
        "inspector.mill": {1, 2},
        "handler.water": {1},
        "handler.sanitation": set[int](),
        "dispatcher.elsewhere": set[int](),
    }

    for login, ids in expected.items():
        async with await town.logged_in(login) as browser:
            snapshot = (await browser.get("/live/snapshot")).json()
            assert {case["id"] for case in snapshot["cases"]} == ids, login


async def test_who_may_not_read_cases_gets_no_map(town: Town) -> None:
    async with await town.logged_in("admin") as browser:
        assert (await browser.get("/live/snapshot")).status_code == 403
        assert (await browser.get("/live/events?since=0")).status_code == 403


@pytest.mark.parametrize("since", ["", "-1", "x", "1e3", "9" * 30, "１"])
async def test_a_stream_must_know_where_to_begin(desk: httpx.AsyncClient, since: str) -> None:
    assert (await desk.get("/live/events", params={"since": since})).status_code == 422


async def test_a_change_reaches_a_screen_and_a_screen_that_returns_resumes(
    town: Town, desk: httpx.AsyncClient
) -> None:
    async with stream(desk, params={"since": 0}) as lines:
        await put_row(town.conn, in_lattice(1, version=1))
        first = await next_patch(lines)
    await put_row(town.conn, in_lattice(1, version=2))

    async with stream(desk, params={"since": 0}, headers={"last-event-id": "1"}) as lines:
        second = await next_patch(lines)

    assert [case["version"] for case in first["shown"]] == [1]
    assert [case["version"] for case in second["shown"]] == [2]
    assert second["first"] == 2


async def test_a_screen_is_not_told_of_cases_outside_its_reach(town: Town) -> None:
    async with (
        await town.logged_in("handler.water") as browser,
        stream(browser, params={"since": 0}) as lines,
    ):
        await put_row(town.conn, in_lattice(1, department="roads", version=1))

        patch = await next_patch(lines)

    assert (patch["shown"], patch["gone"]) == ([], [[1, 1]])


async def test_open_streams_do_not_hold_up_the_end_of_the_process(database_url: str) -> None:
    async with (
        running_town(database_url) as town,
        await town.logged_in("auditor.city") as browser,
        stream(browser, params={"since": 0}) as lines,
    ):
        assert await anext(lines) == "retry: 1000"

        town.server.should_exit = True

        async with asyncio.timeout(8):
            rest = [line async for line in lines]
    assert "event: hello" in rest
