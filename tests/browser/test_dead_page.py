"""Dead reports in front of an operator, and the banner of what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from app.demo.stage import Stage
from tests.browser.desk import Desk, chromium, seat

DEAD = """
    INSERT INTO inbox (receipt, source, client_key, body_sha256, channel, category, position, datum,
                       given_lon, given_lat, happened_at, body, state, reason, attempts, decided_at)
    SELECT gen_random_uuid(), 'device:dead', gen_random_uuid(), '', 'api', '99999', i.position,
           'wgs84',
           ST_X(i.position), ST_Y(i.position), now() - interval '1 hour',
           '{"description": "路边垃圾堆放", "address": "5 Mill Road", "attributes": {}}',
           'dead', 'NoLimit: no limit for category 99999', 5, now()
      FROM generate_series(1, 3) AS n,
           (SELECT position FROM inbox WHERE position IS NOT NULL ORDER BY id LIMIT 1) AS i
    RETURNING id
"""


@pytest.fixture
def dead(stage: Stage) -> list[int]:
    """Three dead reports of a category that the catalogue has lost; none of an earlier test."""
    with psycopg.connect(stage.settings.database_url) as conn:
        conn.execute("UPDATE inbox SET state = 'rejected' WHERE state = 'dead'")
        return sorted(row[0] for row in conn.execute(DEAD).fetchall())


@pytest.fixture
async def page(stage: Stage, dead: list[int]) -> AsyncIterator[Desk]:
    """The page of the dead, opened in Chinese by an operator."""
    login = await asyncio.to_thread(stage.someone, "operator")
    address = await asyncio.to_thread(stage.one_time_login, login)
    async with (
        chromium() as browser,
        seat(browser, stage.url, address.removeprefix(stage.url)) as desk,
    ):
        await desk.page.goto(f"{stage.url}/dead")
        await desk.until("(n) => document.querySelectorAll('[data-report]').length === n", 3)
        yield desk


async def outcome(stage: Stage, where: str, report: int) -> tuple[str, str] | None:
    async with await psycopg.AsyncConnection.connect(stage.settings.database_url) as conn:
        query = f"SELECT state, category FROM inbox WHERE {where} = %s"
        return await (await conn.execute(query.encode(), [report])).fetchone()


async def test_an_operator_puts_a_report_right_and_it_becomes_a_case(
    page: Desk, stage: Stage, dead: list[int]
):
    number = dead[0]
    await page.page.click(f"[data-report='{number}'] [data-act=open]")
    await page.page.select_option("select[name=category]", "06010")
    await page.page.click(".righting button.primary")

    await page.until("() => document.querySelectorAll('[data-report]').length === 2")
    async with asyncio.timeout(30):
        while await outcome(stage, "replay_of", number) not in (
            ("cased", "06010"),
            ("merged", "06010"),
        ):
            await asyncio.sleep(0.1)
    assert await outcome(stage, "id", number) == ("dead", "99999")
    assert page.complaints == []


async def test_a_correction_that_cannot_be_is_told_and_the_form_stays(page: Desk, dead: list[int]):
    await page.page.click(f"[data-report='{dead[0]}'] [data-act=open]")
    await page.page.fill("input[name=lon]", "0")
    await page.page.click(".righting button.primary")

    await page.until("() => document.querySelector('[role=alert]')")
    assert await page.page.input_value("input[name=lon]") == "0"


async def test_the_bar_of_the_map_counts_the_dead_and_leads_to_them(page: Desk, stage: Stage):
    await page.page.goto(stage.url)

    assert await page.until("() => document.querySelector('#top a.dead b')?.textContent") == "3"
    await page.page.click("#top a.dead")
    await page.page.wait_for_url("**/dead")


async def test_what_is_missing_is_a_banner_that_comes_and_goes(desk: Desk, stage: Stage):
    freeze = "UPDATE clock_trust SET state = %s"
    async with await psycopg.AsyncConnection.connect(
        stage.settings.database_url, autocommit=True
    ) as conn:
        await conn.execute("UPDATE clock_anchor SET database_at = database_at - interval '1 hour'")
        await conn.execute(freeze, ["frozen"])
        await desk.until("() => document.querySelector('[data-mode=clock_frozen]')")
        assert await desk.page.locator("[data-mode]").count() == 1

        await conn.execute("DELETE FROM clock_anchor")
        await conn.execute(freeze, ["trusted"])
        await desk.until("() => !document.querySelector('[data-mode]')")
    assert desk.complaints == []
