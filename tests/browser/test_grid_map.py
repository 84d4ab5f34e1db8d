"""The map that `citygrid grid build` writes, in a real browser: one file that asks for nothing."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import expect

from app.grid.drawing import page_of
from grid.tessellate import tessellate
from tests.browser.desk import chromium
from tests.grid.tessellate.futian import read_futian

pytestmark = [pytest.mark.browser, pytest.mark.realdata]
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "grid-futian.png"


async def test_the_map_of_new_cells_opens_from_a_file_and_asks_for_nothing(
    shared_data: Path, tmp_path: Path
):
    town = read_futian(shared_data, "by roads")
    made = tessellate(town)
    file = tmp_path / "map.html"
    file.write_text(page_of(made, town.lines), encoding="utf-8")
    asked: list[str] = []

    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 1660, "height": 1000})
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(file.as_uri())

        await expect(page.locator(".cell")).to_have_count(made.account.cells)
        await expect(page.locator(".name").first).to_be_visible()
        if os.environ.get("CITY_SCREENSHOTS") == "1":
            taken = await page.screenshot(full_page=True)
            Image.open(BytesIO(taken)).quantize(128).save(PICTURE, optimize=True)

    assert asked == [file.as_uri()]
