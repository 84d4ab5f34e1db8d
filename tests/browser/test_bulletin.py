"""The bulletin in a real browser: asks for nothing, fits onto A4, and nothing hangs over."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from maps.report.bulletin import bulletin_page
from tests.browser.desk import chromium
from tests.maps.report.test_bulletin import bulletin

pytestmark = pytest.mark.browser
A4_PT = (595, 842)
_HANGING = """
    () => [...document.querySelectorAll("body *:not(svg *)")]
        .filter(one => one.getBoundingClientRect().right > document.body.clientWidth + 1)
        .map(one => one.tagName)
"""


async def test_the_bulletin_prints_on_a4_and_asks_for_nothing(tmp_path: Path):
    file = tmp_path / "bulletin.html"
    page_text = bulletin_page(bulletin("市政设施中心 Municipal Works"))
    await asyncio.to_thread(file.write_text, page_text, encoding="utf-8")
    asked: list[str] = []
    complaints: list[str] = []

    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 900, "height": 1100})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(file.as_uri())
        heading = await page.locator("h1").inner_text()
        printed = await page.pdf(prefer_css_page_size=True)
        await page.emulate_media(media="print")
        await page.set_viewport_size({"width": 696, "height": 1000})  # A4 without its margins
        hanging = await page.evaluate(_HANGING)

    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert "城市管理综合评价通报" in heading
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {A4_PT}
    assert hanging == []
    assert asked == [file.as_uri()]
    assert complaints == []
