"""Corrections at the door, and two people who are at one case at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dispatch.ledger import equations
from dispatch.postgres.ledger import read_books
from tests.app.http.test_cases_door import make
from tests.app.town import Town, store_grid_of_town
from tests.makers import CELLS, spot

LON, LAT = spot(130, 30)
MAINS: dict[str, Any] = {"reason": "it is a water main", "category": "01001"}


async def test_a_correction_moves_the_case_and_says_why_another_has_it(town: Town) -> None:
    case_id = await town.a_case()
    await store_grid_of_town(town.conn)

    place = {"lon": LON, "lat": LAT, "datum": "wgs84"}
    answer = await make(town, "operator.city", case_id, "correct", **MAINS, **place)
    again = await make(
        town, "dispatcher.city", case_id, "correct", reason="no, rubbish", category="06010"
    )

    told = answer.json()
    assert answer.status_code == 200, answer.text
    assert (told["case"]["category"], told["case"]["cell"]) == ("01001", CELLS[3])
    assert told["case"]["department"] == "water"
    assert told["why"]["routing"]["because"]["zh"]
    assert (again.status_code, again.json()["case"]["department"]) == (200, "water")
    assert again.json()["why"]["proposal"]["department"] == "sanitation"
    assert [line for line in equations(await read_books(town.conn)) if not line.holds] == []


async def test_of_two_dispatchers_one_corrects_and_the_other_is_told_so(town: Town) -> None:
    case_id = await town.a_case()
    await store_grid_of_town(town.conn)
    await town.conn.execute(
        "INSERT INTO person (login, name_zh, name_en, roles, department, areas)"
        " VALUES ('dispatcher.second', '王', 'Wang', '{dispatcher}', NULL, '{990199}')"
    )
    seen = 3

    answers = await asyncio.gather(
        make(town, "dispatcher.city", case_id, "correct", **MAINS, version=seen),
        make(town, "dispatcher.second", case_id, "assign", department="fire", version=seen),
    )

    [lost] = [answer for answer in answers if answer.status_code == 409]
    [won] = [answer for answer in answers if answer.status_code == 200]
    changes = [fault["problem"] for fault in lost.json()["errors"]]
    expected = {
        "water": ["dispatcher.city: corrected", "rules: assigned"],
        "fire": ["dispatcher.second: assigned"],
    }
    assert changes == expected[won.json()["case"]["department"]]
    assert lost.json()["details"]["zh"]


BAD: list[tuple[dict[str, Any], int, list[str]]] = [
    ({}, 422, ["category"]),
    ({"category": "99999"}, 422, ["category"]),
    ({"category": "01001", "condition": "unheard"}, 422, ["condition"]),
    ({"category": "\x00"}, 422, ["category"]),
    ({"lon": LON}, 422, ["lat"]),
    ({"lon": LON, "lat": LAT}, 422, ["datum"]),
    ({"lon": LON, "lat": LAT, "datum": "mars"}, 422, ["datum"]),
    ({"datum": "wgs84"}, 422, ["lon", "datum"]),
    ({"lon": 1.0, "lat": 2.0, "datum": "wgs84"}, 422, ["lon"]),
    ({"lon": 112.999, "lat": LAT, "datum": "wgs84"}, 422, ["lon"]),
    ({"lon": "x", "lat": LAT, "datum": "wgs84"}, 422, ["lon"]),
    ({"category": "06010"}, 409, []),
]


async def test_a_correction_that_cannot_be_is_refused_by_field_and_changes_nothing(
    town: Town,
) -> None:
    case_id = await town.a_case()
    await store_grid_of_town(town.conn)
    async with await town.logged_in("operator.city") as browser:

        async def refused(told: dict[str, Any]) -> tuple[int, list[str]]:
            order = {"move": "correct", "reason": "because", **told}
            answer = await browser.post(f"/api/cases/{case_id}/moves", json=order)
            problem = answer.json()
            return answer.status_code, [one["field"] for one in problem.get("errors", [])]

        answers = [await refused(told) for told, *_ in BAD]
        elsewhere = await browser.post(
            f"/api/cases/{case_id}/moves", json={"move": "supervise", "category": "01001"}
        )
    handler = await make(town, "handler.sanitation", case_id, "correct", **MAINS)
    misplaced = await make(
        town, "dispatcher.city", case_id, "assign", department="fire", category="01001"
    )

    assert answers == [(status, fields) for _, status, fields in BAD]
    assert [elsewhere.status_code, handler.status_code, misplaced.status_code] == [403, 403, 422]
    found = await town.conn.execute("SELECT version, category FROM cases")
    assert await found.fetchall() == [(3, "06010")]


@pytest.mark.parametrize("login", ["operator.city", "dispatcher.city"])
async def test_a_correction_is_offered_with_what_it_needs(town: Town, login: str) -> None:
    case_id = await town.a_case()

    async with await town.logged_in(login) as browser:
        told = (await browser.get(f"/api/cases/{case_id}")).json()

    [offer] = [move for move in told["moves"] if move["move"] == "correct"]
    assert (offer["needs_correction"], offer["needs_reason"]) == (True, True)
    assert offer["name"] == {"zh": "更正", "en": "Correct"}
