"""Lists in the order that was asked for, page by page, whatever comes in between."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.http.sorting import NAMES
from tests.app.http.test_cases_door import make
from tests.app.town import Town, a_report
from tests.makers import spot

PATHS = {"cases": "/api/cases", "tasks": "/api/tasks"}


async def pages(browser: httpx.AsyncClient, what: str, **query: Any) -> list[list[dict[str, Any]]]:
    """Every page of a list, one after the other."""
    found: list[list[dict[str, Any]]] = []
    more: dict[str, Any] = {}
    while True:
        answer = await browser.get(PATHS[what], params={**query, **more})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        found.append(told[what])
        if told["next"] is None:
            return found
        more = {"before" if isinstance(told["next"], int) else "after": told["next"]}


async def a_few_cases(town: Town) -> None:
    """Five cases of three severities, one of them without a deadline that runs."""
    for number, category in enumerate(["06010", "01001", "09009", "06010", "01001"]):
        lon, lat = spot(20 + 35 * number, 20)
        await town.submit(a_report(category=category, lon=lon, lat=lat))
        await town.decide_all()
        await town.conn.execute("UPDATE cases SET reported_at = reported_at - interval '1 day'")
    found = await town.conn.execute("SELECT min(id) FROM cases")
    [first] = await found.fetchone() or (0,)
    assert (await make(town, "dispatcher.city", first, "suspend", reason="rain")).status_code == 200


def rank(row: dict[str, Any], name: str, case: str) -> tuple[Any, int]:
    value = row[case if name == "id" else name]
    return ("9999" if value is None else value), row[case]


async def test_each_order_tells_every_row_once_in_that_order_across_pages(town: Town) -> None:
    await a_few_cases(town)
    async with await town.logged_in("dispatcher.city") as browser:
        for what, case in (("cases", "id"), ("tasks", "case_id")):
            for sort in NAMES:
                found = [r for page in await pages(browser, what, sort=sort, limit=2) for r in page]
                ranks = [rank(row, sort.removeprefix("-"), case) for row in found]
                assert ranks == sorted(ranks, reverse=sort.startswith("-")), (what, sort)
                assert len({row[case] for row in found}) == len(found) == 5


async def test_what_comes_in_between_two_pages_moves_nothing(town: Town) -> None:
    await a_few_cases(town)
    async with await town.logged_in("dispatcher.city") as browser:
        query = {"sort": "-severity", "limit": 2}
        first = (await browser.get("/api/cases", params=query)).json()
        await town.submit(a_report(category="09009", lon=spot(20, 180)[0], lat=spot(20, 180)[1]))
        await town.decide_all()
        rest = (await browser.get("/api/cases", params={**query, "after": first["next"]})).json()

    seen = [case["id"] for case in first["cases"]]
    assert not set(seen) & {case["id"] for case in rest["cases"]}
    assert [case["severity"] for case in first["cases"] + rest["cases"]] == [4, 3, 3, 1]


async def test_lists_are_narrowed_by_what_is_new(town: Town) -> None:
    await a_few_cases(town)
    async with await town.logged_in("dispatcher.city") as browser:

        async def count(what: str, **query: str) -> int:
            return len((await browser.get(PATHS[what], params=query)).json()[what])

        counts = {
            "severity": (await count("cases", severity="1"), await count("tasks", severity="1")),
            "category": (await count("tasks", category="06010"),),
            "area": (await count("tasks", area="990199"), await count("tasks", area="9")),
            "cell": (await count("cases", cell="990199001001003"),),
        }

    assert counts == {"severity": (2, 2), "category": (2,), "area": (5, 0), "cell": (3,)}


BAD = [
    ("sort", "sort=state"),
    ("sort", "sort=id;drop table cases"),
    ("sort", "sort="),
    ("sort", "sort=id&sort=severity"),
    ("limit", "limit=2&limit=3"),
    ("after", "sort=severity&after=1"),
    ("after", "sort=severity&after=x~1"),
    ("after", "sort=severity&after=1~x"),
    ("after", "sort=due_at&after=1~1"),
    ("after", "sort=due_at&after=2026-01-01T00:00:00~1"),
    ("after", "sort=due_at&after=0001-01-01T00:00:00%2B14:00~1"),
    ("after", "sort=id&after=99999999999999999999~1"),
    ("before", "sort=severity&before=3"),
    ("severity", "severity=5"),
    ("severity", "severity=red"),
    ("cell", "cell=%00"),
    ("colour", "colour=red"),
]


async def test_what_cannot_be_meant_is_400_with_the_name(town: Town) -> None:
    async with await town.logged_in("dispatcher.city") as browser:
        for path in PATHS.values():
            for name, query in BAD:
                if name == "cell" and path == "/api/tasks":
                    continue
                answer = await browser.get(f"{path}?{query}")
                assert answer.status_code == 400, (path, query, answer.text)
                assert answer.json()["errors"][0]["field"] == name


@pytest.mark.parametrize("after", ["infinity~1", "2026-01-01T00:00:00Z~9223372036854775807"])
async def test_the_edges_of_a_cursor_are_places_too(town: Town, after: str) -> None:
    async with await town.logged_in("dispatcher.city") as browser:
        answer = await browser.get("/api/cases", params={"sort": "due_at", "after": after})

    assert (answer.status_code, answer.json()["cases"]) == (200, [])
