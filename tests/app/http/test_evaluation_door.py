"""The door of evaluation: who may ask what, what comes out, in which form, and what is refused."""

from __future__ import annotations

import asyncio
import csv
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from typing import Any
from uuid import uuid4

import httpx
import pytest
from openpyxl import load_workbook

from tests.app.http.test_cases_door import make
from tests.app.town import PEOPLE, Town, store_grid_of_town
from tests.makers import CELLS, COMMUNITY, PARTS

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).isoformat()


async def ask(town: Town, login: str, **query: str) -> httpx.Response:
    async with await town.logged_in(login) as browser:
        return await browser.get("/api/evaluation", params=query)


async def told(town: Town, by: str, login: str = "supervisor.city", **query: str) -> dict[str, Any]:
    answer = await ask(town, login, by=by, **{"from": YESTERDAY, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def worked(town: Town) -> Town:
    """One case done and closed, one reworked, one that nobody has begun."""
    await store_grid_of_town(town.conn)
    first = await town.a_case()
    for login, move in (
        ("handler.sanitation", "handle"),
        ("inspector.mill", "verify"),
        ("operator.city", "close"),
    ):
        assert (await make(town, login, first, move)).status_code == 200
    second = await town.a_case()
    await make(town, "handler.sanitation", second, "handle")
    await make(town, "dispatcher.city", second, "rework", reason="not done")
    await town.submit({**_far(), "category": "01001"})
    await town.decide_all()
    return town


def _far() -> dict[str, Any]:
    west, south, east, north = PARTS["city"]["bbox"]
    return {
        "category": "09009",
        "lon": west + 0.8 * (east - west),
        "lat": south + 0.8 * (north - south),
        "datum": "wgs84",
    }


async def test_departments_are_told_with_counts_indicators_score_and_grade(worked: Town):
    found = await told(worked, "department")

    lines = {line["key"]: line for line in found["lines"]}
    done = lines["sanitation"]
    assert found["balanced"]
    assert found["cases"] == 3
    assert (done["counts"]["need"], done["counts"]["in_time"]) == (1, 1)
    assert (done["counts"]["handled"], done["counts"]["reworked"]) == (2, 1)
    assert done["counts"]["inside"] == 1
    assert done["indicators"]["rework_rate"] == {"value": 0.5, "above": 1, "below": 2}
    assert (done["score"], done["rank"]) == (90.0, 1)
    assert done["grade"]["name"] == {"zh": "优秀", "en": "excellent"}
    assert lines["water"]["indicators"]["dispose_rate"] == {"value": None, "above": 0, "below": 0}
    assert lines["water"]["score"] is None
    assert found["total"]["counts"]["inside"] == 2


@pytest.mark.parametrize("grid", ["then", "now"])
async def test_cells_and_areas_are_told_as_then_and_as_now(worked: Town, grid: str):
    cells = await told(worked, "cell", grid=grid)
    streets = await told(worked, "street", grid=grid)
    communities = await told(worked, "community", grid=grid)

    assert {line["key"] for line in cells["lines"]} == {CELLS[1], CELLS[2]}
    assert [line["key"] for line in communities["lines"]] == [COMMUNITY]
    assert streets["lines"][0]["name"] == {"zh": "Mill Street（中）", "en": "Mill Street"}
    assert cells["total"]["counts"] == streets["total"]["counts"]
    assert cells["grid_version"] == (1 if grid == "now" else None)


async def test_a_case_whose_cell_was_given_up_lies_in_no_cell_as_now(worked: Town):
    await worked.conn.execute("DELETE FROM cell WHERE code = %s", [CELLS[1]])

    as_then, as_now = await told(worked, "cell"), await told(worked, "cell", grid="now")

    assert CELLS[1] in [line["key"] for line in as_then["lines"]]
    [nowhere] = [line for line in as_now["lines"] if line["key"] is None]
    assert nowhere["name"]["zh"] == "不在任何网格内"
    assert nowhere["counts"]["reported"] == 1
    assert as_now["total"]["counts"] == as_then["total"]["counts"]


async def test_people_are_told_by_what_they_did_and_sent(worked: Town):
    async with await worked.logged_in("inspector.mill") as browser:
        await browser.post(
            "/api/reports",
            json=_far(),
            headers={"idempotency-key": str(uuid4()), "origin": worked.url},
        )
    await worked.decide_all()

    dispatchers = await told(worked, "dispatcher")
    inspectors = await told(worked, "inspector")
    operators = await told(worked, "operator")

    [rules] = dispatchers["lines"]
    assert rules["name"] == {"zh": "按规则自动", "en": "by rule"}
    assert rules["indicators"]["dispatch_right_rate"]["value"] == 1
    sent = {line["key"]: line["counts"]["sent"] for line in inspectors["lines"]}
    assert sent == {"inspector.mill": 1}
    assert inspectors["lines"][0]["indicators"]["valid_report_rate"]["value"] == 1
    assert [line["key"] for line in operators["lines"]] == ["rules"]
    assert operators["lines"][0]["score"] is None


async def test_supervisors_commanders_and_auditors_may_ask_and_nobody_else(town: Town):
    answers = {login: (await ask(town, login, by="department")).status_code for login in PEOPLE}

    may = {"supervisor", "commander", "auditor"}
    allowed = {login for login, (roles, *_) in PEOPLE.items() if may & {*roles}}
    assert answers == {login: 200 if login in allowed else 403 for login in PEOPLE}
    assert {"supervisor.city", "auditor.city"} <= allowed


async def test_a_supervisor_is_told_of_the_own_areas_only(worked: Town):
    await worked.conn.execute(
        "UPDATE person SET areas = '{990198}' WHERE login = 'supervisor.city'"
    )

    elsewhere = await told(worked, "department")
    everywhere = await told(worked, "department", "auditor.city")

    assert (elsewhere["cases"], elsewhere["within"]) == (0, ["990198"])
    assert (everywhere["cases"], everywhere["within"]) == (3, None)


async def test_a_period_that_is_over_gives_the_same_figures_later(worked: Town):
    until = datetime.now(UTC).isoformat()
    before = await told(worked, "department", until=until)
    case_id = await worked.a_case()
    await make(worked, "handler.sanitation", case_id, "handle")

    assert await told(worked, "department", until=until) == before
    now = await told(worked, "department")
    assert now["total"]["counts"]["need"] == before["total"]["counts"]["need"] + 1


WRONG = [
    ("by", {}),
    ("by", {"by": "moon"}),
    ("by", {"by": "case"}),
    ("from", {"by": "cell", "from": "yesterday"}),
    ("from", {"by": "cell", "from": "2999-01-01", "until": "2999-02-01"}),
    ("from", {"by": "cell", "from": "0001-01-01"}),
    ("from", {"by": "cell", "from": "2026-10-01\u0000"}),
    ("until", {"by": "cell", "until": "2026-02-30"}),
    ("until", {"by": "cell", "from": "2026-11-02", "until": "2026-11-01"}),
    ("as_of", {"by": "cell", "from": "2025-10-01", "until": "2025-11-01", "as_of": "2025-10-05"}),
    ("grid", {"by": "cell", "grid": "later"}),
    ("format", {"by": "cell", "format": "pdf"}),
    ("form", {"by": "cell", "form": "csv"}),
]


async def test_a_wrong_parameter_is_refused_by_name(town: Town):
    answers = [await ask(town, "auditor.city", **query) for _, query in WRONG]

    assert [answer.status_code for answer in answers] == [400] * len(WRONG)
    told = [[fault["field"] for fault in answer.json()["errors"]] for answer in answers]
    assert told == [[field] for field, _ in WRONG]


async def test_a_day_is_by_the_clocks_of_the_city(town: Town):
    answer = await ask(town, "auditor.city", by="cell", **{"from": "2026-11-01"})

    assert answer.json()["from"] == "2026-10-31T16:00:00+00:00"


async def test_a_csv_says_the_same_and_no_cell_is_a_formula(worked: Town):
    await worked.conn.execute("UPDATE area SET name_zh = '=HYPERLINK(1)'")

    answer = await ask(worked, "auditor.city", by="street", format="csv", **{"from": YESTERDAY})

    [street, total] = csv.DictReader(StringIO(answer.content.decode("utf-8-sig")))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert street["name_zh"] == "'=HYPERLINK(1)"
    assert (street["need"], street["rework_rate"], street["score"]) == ("1", "0.5", "90")
    assert (street["check_in_time_rate"], total["name_en"]) == ("", "total")


async def test_a_workbook_has_the_table_its_definitions_and_the_question(worked: Town):
    answer = await ask(
        worked, "auditor.city", by="department", format="xlsx", **{"from": YESTERDAY}
    )

    book = load_workbook(BytesIO(answer.content))
    table, meanings, about = book.worksheets
    heads = [str(cell.value) for cell in table[1]]
    first = {head: cell.value for head, cell in zip(heads, table[2], strict=True)}
    assert first["编码\ncode"] == "sanitation"
    assert first["返工率\nrework rate"] == 0.5
    assert first["应处置数\nto be disposed of"] == 1
    assert table.max_row == 4
    assert "按期处置率" in [cell.value for cell in meanings["B"]]
    assert [row[1].value for row in about.iter_rows(min_row=6, max_row=7)] == [
        "按当时网格 as then", "全市 the whole city",
    ]  # fmt: skip


async def test_the_words_of_every_count_and_indicator_are_told(town: Town):
    async with await town.logged_in("supervisor.city") as browser:
        found = (await browser.get("/api/evaluation/definitions")).json()

    assert found["indicators"]["in_time_rate"]["weight"] == 20
    assert found["indicators"]["in_time_rate"]["formula"]["zh"].startswith("按期处置数 / (应处置数")
    assert sum(one["weight"] for one in found["indicators"].values()) == 100
    assert found["counts"]["need"]["name"]["zh"] == "应处置数"
    assert found["identities"][0] == ["need", ["in_time", "late", "late_open"]]


async def test_while_one_is_being_made_others_wait_for_their_turn(worked: Town):
    answers = await asyncio.gather(*(told(worked, "cell") for _ in range(3)))

    assert answers[0]["total"] == answers[2]["total"]
