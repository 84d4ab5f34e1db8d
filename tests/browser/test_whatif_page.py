"""What if in front of a supervisor: a file chosen, watched, and read in both languages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.demo.stage import Stage
from tests.browser.desk import Desk, chromium, seat

EVERYTHING_TO_THE_POLICE = """\
[[rule]]
name = "tried"
when = 'severity >= 1'
department = "POLICE"
because_zh = "试行：全部由公安处置"
because_en = "On trial: everything is for the police"
"""
CHANGED = "() => document.querySelector('[data-changed]')?.dataset.changed"


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[Desk]:
    """The page of what-if, opened in Chinese by a supervisor."""
    login = await asyncio.to_thread(stage.someone, "supervisor")
    address = await asyncio.to_thread(stage.one_time_login, login)
    async with (
        chromium() as browser,
        seat(browser, stage.url, address.removeprefix(stage.url)) as desk,
    ):
        await desk.page.goto(f"{stage.url}/whatif")
        await desk.until("() => document.querySelector('select[name=part]')")
        yield desk


async def try_rules(desk: Desk, folder: Path, text: str) -> None:
    file = folder / "routing.toml"
    file.write_text(text, encoding="utf-8")
    await desk.page.select_option("select[name=part]", "routing")
    await desk.page.set_input_files("input[name=file]", file)
    await desk.page.click("[data-act=begin]")


async def test_a_rule_is_tried_and_read_in_both_languages(page: Desk, tmp_path: Path):
    await try_rules(page, tmp_path, EVERYTHING_TO_THE_POLICE)

    changed = int(await page.until(CHANGED))
    listed = await page.page.locator("tr[data-case]").count()
    assert 0 < listed <= changed
    assert "试行：全部由公安处置" in await page.page.inner_text("tr[data-case]:first-child")
    assert await page.page.locator("tr[data-code=POLICE]").count() == 1
    assert await page.page.locator("svg.work rect.after").count() > 0

    await page.page.click("[data-act=language]")
    assert "On trial" in await page.page.inner_text("tr[data-case]:first-child")
    assert [one for one in page.asked if not one.startswith(page.url)] == []
    assert page.complaints == []


async def test_faults_of_the_file_are_a_table(page: Desk, tmp_path: Path):
    await try_rules(page, tmp_path, EVERYTHING_TO_THE_POLICE.replace("severity", "weather"))

    told = await page.until("() => document.querySelector('table.faults tbody tr')?.innerText")
    assert "routing.toml" in told
    assert page.complaints == []
