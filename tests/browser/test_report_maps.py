"""Maps of the grid in a real browser: one file that asks for nothing and runs no text."""

from __future__ import annotations

import asyncio
import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Page, expect

from app.city.yunxi.making import make_yunxi
from app.grid.mapping import pack_map
from grid.naming import Label
from grid.versions.comparing import compare
from maps.report.cells import Colouring, Group
from maps.report.diff_map import GridChange, diff_page
from maps.report.document import Outline, Plate, document
from maps.report.grid_map import grid_page
from tests.browser.desk import chromium
from tests.grid.versions.makers import cell, square
from tests.maps.report.test_document import HOSTILE

pytestmark = pytest.mark.browser
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "grid-map.png"
RED, BLUE = "#ff0000", "#0000ff"


class Opened:
    """A page opened from a file, with all it asked for and complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))

    async def open(self, file: Path, html: str) -> None:
        await asyncio.to_thread(file.write_text, html, encoding="utf-8")
        await self.page.goto(file.as_uri())
        await expect(self.page.locator(".leaflet-overlay-pane canvas")).to_be_visible()
        self.only = [file.as_uri()]

    async def picture(self) -> NDArray[np.int_]:
        """The pixels (height, width, 3)."""
        taken = Image.open(BytesIO(await self.page.screenshot())).convert("RGB")
        return np.asarray(taken).astype(int)


def painted(picture: NDArray[np.int_], red: int, green: int, blue: int) -> int:
    """How many pixels are nearly of a colour."""
    return int((np.abs(picture - [red, green, blue]).max(axis=2) < 12).sum())


async def test_the_map_of_yunxi_shows_its_cells_in_every_layer(tmp_path: Path):
    make_yunxi(tmp_path / "yunxi")
    grid = pack_map(tmp_path / "yunxi")
    html = grid_page(grid)

    async with chromium() as browser:
        opened = Opened(await browser.new_page(viewport={"width": 1400, "height": 900}))
        await opened.open(tmp_path / "map.html", html)
        choices = opened.page.locator(".leaflet-control-layers-base label")
        await expect(choices).to_have_count(5)
        ground = 0.0
        for number in range(5):
            await choices.nth(number).click()
            await expect(opened.page.locator(".legend:visible")).to_have_count(1)
            picture = await opened.picture()
            ground = (picture.max(axis=2) - picture.min(axis=2) > 25).mean()
            assert ground > 0.2
        await opened.page.mouse.move(700, 450)
        await expect(opened.page.locator(".told")).to_contain_text("990101")
        await expect(opened.page.locator(".told tr")).to_have_count(8)
        if os.environ.get("CITY_SCREENSHOTS") == "1":
            taken = await opened.page.screenshot()
            Image.open(BytesIO(taken)).convert("RGB").save(PICTURE, optimize=True)

    assert len(html.encode()) < 1_500_000
    assert opened.asked == opened.only
    assert opened.complaints == []


async def test_changes_are_painted_in_their_colours_before_and_after(tmp_path: Path):
    old = [cell("a", square(0, 0)), cell("b", square(1, 0)), cell("c", square(2, 0))]
    new = [cell("d", square(0, 0, 2)), cell("e", square(5, 0))]
    sides = Label("版本 1", "version 1"), Label("版本 2", "version 2")
    html = diff_page(GridChange(*sides, old, new, compare(old, new)))

    async with chromium() as browser:
        opened = Opened(await browser.new_page(viewport={"width": 1000, "height": 700}))
        await opened.open(tmp_path / "map.html", html)
        after = await opened.picture()
        await opened.page.locator(".leaflet-control-layers-base label").nth(1).click()
        await expect(opened.page.locator(".legend:visible")).to_contain_text("终止 ended")
        before = await opened.picture()

    # Three quarters of #9c6ade, #43a866 and #e0574f on the ground of the map.
    merged, added, ended = (178, 141, 228), (112, 188, 138), (230, 127, 122)
    assert min(painted(after, *merged), painted(after, *added)) > 2_000
    assert painted(after, *ended) == 0
    assert min(painted(before, *merged), painted(before, *ended)) > 2_000
    assert opened.asked == opened.only
    assert opened.complaints == []


@pytest.mark.parametrize("words", HOSTILE)
async def test_what_people_wrote_is_shown_and_never_run(tmp_path: Path, words: str):
    name = Label(words, words)
    shapes = np.array([square(0, 0)], dtype=object)
    plates = [
        Plate(shapes, [name], [[words]], [Colouring(name, [Group(name, colour)], np.array([0]))])
        for colour in (RED, BLUE)
    ]
    html = document(name, [name], plates, [Outline(name, shapes, "#000", 1.0)])

    async with chromium() as browser:
        opened = Opened(await browser.new_page(viewport={"width": 800, "height": 600}))
        await opened.open(tmp_path / "map.html", html)
        await opened.page.mouse.move(400, 330)
        told = opened.page.locator(".told td")
        await expect(told).to_have_count(2)
        shown = await told.last.text_content()
        layers = await opened.page.locator(".leaflet-control-layers-overlays").text_content()
        heading = await opened.page.locator("h1").text_content()

    assert (shown, heading) == (words, words)
    assert words.strip() in (layers or "")
    assert opened.asked == opened.only
    assert opened.complaints == []
