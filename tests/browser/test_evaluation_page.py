"""The evaluation in front of a supervisor: asked, coloured, in both languages, for print."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.demo.stage import Stage
from tests.browser.desk import Desk, chromium, seat

LINES = "(least) => document.querySelectorAll('table.evaluation tbody tr').length >= least"


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[Desk]:
    """The page, opened in Chinese by a supervisor."""
    login = await asyncio.to_thread(stage.someone, "supervisor")
    address = await asyncio.to_thread(stage.one_time_login, login)
    async with (
        chromium() as browser,
        seat(browser, stage.url, address.removeprefix(stage.url)) as desk,
    ):
        await desk.page.goto(f"{stage.url}/evaluation?by=department&from=2026-01-01")
        await desk.until(LINES, 3)
        yield desk


async def test_departments_are_shown_in_graded_colours_and_asked_anew_by_street(page: Desk):
    sheet = page.page

    swatches = await sheet.locator("table.evaluation td.score .swatch").evaluate_all(
        "(found) => found.map((one) => getComputedStyle(one).backgroundColor)"
    )
    assert swatches
    assert "rgba(0, 0, 0, 0)" not in swatches
    assert "2026-01-01 00:00 至" in await sheet.inner_text("p.told")
    assert "按期处置率" in await sheet.inner_text("table.evaluation thead")
    assert await sheet.locator("th.count").count() == 0
    await sheet.click("[data-act=counts]")
    assert await sheet.locator("th.count").count() > 10

    await sheet.select_option("select[name=by]", "street")
    await sheet.focus("select[name=grid]")
    await sheet.select_option("select[name=grid]", "now")
    await sheet.focus("[data-act=ask]")
    await sheet.keyboard.press("Enter")
    await page.until("() => location.search.includes('by=street')")
    await page.until("() => document.querySelector('p.told')?.innerText.includes('按现行网格')")
    csv = await sheet.get_attribute("[data-file=csv]", "href")
    assert csv is not None
    answer = await sheet.request.get(page.url + csv)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")

    await sheet.click("[data-act=language]")
    assert "disposal in time" in await sheet.inner_text("table.evaluation thead")
    await sheet.emulate_media(media="print")
    assert not await sheet.is_visible("form.asking")
    assert not await sheet.is_visible("[data-act=print]")
    assert await sheet.is_visible("table.evaluation")
    assert [one for one in page.asked if not one.startswith(page.url)] == []
    assert page.complaints == []
