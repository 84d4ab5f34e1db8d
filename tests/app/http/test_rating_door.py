"""The door of ratings: who reported says what they think, once it is done, and it is counted."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.app.http.test_cases_door import make
from tests.app.http.test_evaluation_door import told
from tests.app.town import METER, PHONE, PORTAL, Town, a_report, store_grid_of_town

DONE = (("handler.sanitation", "handle"), ("inspector.mill", "verify"), ("operator.city", "close"))


async def a_report_of(town: Town, source: str = PORTAL, **changes: Any) -> tuple[str, int]:
    """The receipt of a report, and its case."""
    receipt = (await town.submit(a_report(**changes), source=source)).json()["receipt"]
    await town.decide_all()
    found = await town.conn.execute("SELECT case_id FROM inbox WHERE receipt = %s", [receipt])
    [case_id] = await found.fetchone() or (0,)
    return receipt, case_id


async def close(town: Town, case_id: int) -> None:
    for login, move in DONE:
        assert (await make(town, login, case_id, move)).status_code == 200


async def rate(town: Town, receipt: str, stars: Any = 4, **more: Any) -> httpx.Response:
    body = {"stars": stars, **more}
    return await town.client.post(f"/api/reports/{receipt}/rating", json=body)


async def test_every_report_of_a_case_is_rated_once_and_its_newest_rating_counts(town: Town):
    await store_grid_of_town(town.conn)
    receipt, case_id = await a_report_of(town)
    other, same = await a_report_of(town)
    too_soon = await rate(town, receipt)
    await close(town, case_id)

    answers = [
        await rate(town, receipt, 2, text="还是脏"),
        await rate(town, receipt, 5, text="干净了"),
        await rate(town, receipt, 5, text="干净了"),
        await rate(town, other, 1),
    ]
    shown = (await town.client.get(f"/api/reports/{receipt}")).json()
    by_department = await told(town, "department")
    by_cell = await told(town, "cell")
    async with await town.logged_in("operator.city") as browser:
        case = (await browser.get(f"/api/cases/{case_id}")).json()

    assert (same, too_soon.status_code) == (case_id, 409)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert (shown["rating"]["stars"], shown["rating"]["text"]) == (5, "干净了")
    assert shown["rate_until"] is not None
    [line] = by_department["lines"]
    assert line["key"] == "sanitation"
    assert (line["counts"]["rated"], line["counts"]["satisfied"]) == (2, 1)
    assert line["indicators"]["satisfaction_rate"]["value"] == 0.5
    assert by_cell["total"]["indicators"]["satisfaction_rate"]["value"] == 0.5
    assert [(one["stars"], one["rating"]) for one in case["reports"]] == [(5, "干净了"), (1, "")]
    found = await town.conn.execute("SELECT stars FROM rating ORDER BY id")
    assert [row[0] for row in await found.fetchall()] == [2, 5, 1]


async def test_a_rating_that_was_changed_later_stays_what_it_was_for_who_asks_as_of_then(
    town: Town,
):
    receipt, case_id = await a_report_of(town)
    await close(town, case_id)
    await rate(town, receipt, 5)
    found = await town.conn.execute("SELECT clock_timestamp()")
    [between] = await found.fetchone() or (None,)
    await rate(town, receipt, 1)

    then = await told(town, "department", until=between.isoformat())
    now = await told(town, "department")

    assert [one["total"]["counts"].get("satisfied", 0) for one in (then, now)] == [1, 0]


@pytest.mark.parametrize("stars", [0, 6, 2.5, "4", None])
async def test_what_is_no_rating_is_refused(town: Town, stars: object):
    receipt, _ = await a_report_of(town)

    assert (await rate(town, receipt, stars)).status_code in (400, 422)
    assert (await rate(town, "0" * 32)).status_code == 404
    assert (await rate(town, "nothing")).status_code == 404


async def test_refused_work_sensors_inspectors_and_old_closings_are_not_rated(town: Town):
    refused, first = await a_report_of(town)
    await make(town, "handler.sanitation", first, "send_back", reason="x")
    voided = await make(town, "operator.city", first, "void", reason="not ours")
    of_device, second = await a_report_of(town, METER)
    await close(town, second)
    of_inspector, third = await a_report_of(town, PHONE)
    await close(town, third)
    late, fourth = await a_report_of(town)
    await close(town, fourth)
    await town.conn.execute(
        "UPDATE cases SET closed_at = closed_at - interval '31 days' WHERE id = %s", [fourth]
    )

    answers = [await rate(town, one) for one in (refused, of_device, of_inspector, late)]

    assert voided.status_code == 200
    assert [answer.status_code for answer in answers] == [409] * 4
    found = await town.conn.execute("SELECT count(*) FROM rating")
    assert await found.fetchone() == (0,)


async def test_a_rating_is_changed_ten_times_at_most(town: Town):
    receipt, case_id = await a_report_of(town)
    await close(town, case_id)

    answers = [await rate(town, receipt, 1 + number % 2) for number in range(12)]

    assert [answer.status_code for answer in answers] == [200] * 11 + [429]
