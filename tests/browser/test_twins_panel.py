"""What may be the same incident, in the panel of an operator, and merged from there."""

from __future__ import annotations

import asyncio

import pytest

from app.database import connect
from app.demo.stage import Stage
from tests.browser.desk import Desk, chromium, seat
from tests.browser.test_dispatch_map import free_place, send_report

pytestmark = pytest.mark.browser
NORTH_120_M = 120 / 111_195


async def test_an_operator_merges_a_suggested_case(stage: Stage, phone: str) -> None:
    lon, lat = await free_place(stage)
    told = {"lon": lon, "lat": lat, "description": "路边垃圾堆放"}
    first = await send_report(stage, phone, **told)
    second = await send_report(stage, phone, **told | {"lat": lat - NORTH_120_M})
    login = await asyncio.to_thread(stage.someone, "operator")
    address = await asyncio.to_thread(stage.one_time_login, login)

    async with (
        chromium() as browser,
        seat(browser, stage.url, address.removeprefix(stage.url)) as desk,
    ):
        await desk.page.goto(f"{stage.url}/?case={second}")
        await merge(desk, first)
        complaints = desk.complaints

    async with await connect(stage.settings.database_url) as conn:
        found = await conn.execute("SELECT merged_into FROM cases WHERE id = %s", [second])
        assert await found.fetchone() == (first,)
    assert complaints == []


async def merge(desk: Desk, into: int) -> None:
    """Merge the open case into another as the panel suggests it."""
    await desk.until("(id) => document.querySelector(`[data-twin='${id}']`)", into)
    assert "%" in await desk.page.inner_text(f"[data-twin='{into}']")
    await desk.page.click(f"[data-twin='{into}'] [data-act=merge]")
    assert await desk.page.input_value("form.order input[name=case]") == str(into)
    await desk.page.fill("form.order textarea", "同一处垃圾")
    await desk.page.click("form.order button.primary")
    await desk.until("() => citygrid.store.state.detail?.case.state === 'void'")
