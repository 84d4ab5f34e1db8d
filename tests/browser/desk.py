"""A dispatcher's desk: the page in a real Chromium, with everything it asks for written down."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

CHROMIUM: Final = "chromium"
PATIENCE_S: Final = 45.0
VIEWPORT: Final = {"width": 1280, "height": 720}  # frames are drawn by the processor here
# No name but this machine's own can be looked up: what is not served here fails at once.
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


@dataclass
class Desk:
    """An open page. *asked* are all addresses it requested, *complaints* what it had to say."""

    page: Page
    url: str
    asked: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])

    async def until(self, script: str, argument: object = None) -> Any:
        """What the expression gives once it is true; asked over and over, with patience."""
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            if found := await self.page.evaluate(script, argument):
                return found
            await asyncio.sleep(0.05)
        pytest.fail(f"never true: {script} with {argument!r}; the page says {self.complaints}")

    async def ready(self) -> None:
        """Wait until there is a board and the map has come to rest on it."""
        await self.until(
            "() => window.citygrid?.store.state.board && citygrid.map.map.loaded()"
            " && citygrid.map.drawn.size > 0"
        )

    async def painted(self, case_id: int) -> None:
        """Wait until the case is on the map as pixels, not only in the list."""
        await self.until(PAINTED, case_id)

    async def settled(self) -> None:
        """Wait until the map has nothing more to draw."""
        await self.until("() => citygrid.map.map.loaded() && !citygrid.map.map.isMoving()")
        await self.page.evaluate("() => new Promise((wake) => requestAnimationFrame(wake))")

    async def screenshot(self, path: str) -> None:
        """Write the page as it looks."""
        await self.settled()
        await asyncio.sleep(1.0)  # names fade in after the map is loaded
        await self.page.screenshot(path=path, timeout=90_000)


PAINTED: Final = "(id) => citygrid.map.shows(id)"


@asynccontextmanager
async def chromium(*more: str) -> AsyncGenerator[Browser]:
    """A headless Chromium of this machine; the test is skipped where there is none."""
    path = shutil.which(CHROMIUM)
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*FLAGS, *more])
        yield browser
        await browser.close()


@asynccontextmanager
async def seat(browser: Browser, url: str, path: str, **context: Any) -> AsyncGenerator[Desk]:
    """A fresh browser context at this path of our server."""
    options: dict[str, Any] = {
        "viewport": {"width": 1440, "height": 860},
        "locale": "zh-CN",
    } | context
    room = await browser.new_context(**options)
    desk = Desk(await room.new_page(), url)
    desk.page.on("request", lambda request: desk.asked.append(request.url))
    desk.page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    desk.page.on("console", lambda message: _note(desk, message))
    await desk.page.goto(url + path)
    yield desk
    await room.close()


def _note(desk: Desk, message: ConsoleMessage) -> None:
    if message.type == "error":
        desk.complaints.append(message.text)
