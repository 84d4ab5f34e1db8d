"""Situations on the dispatch map: outlined, listed, explained, and seen to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import expect

from app.database import connect
from app.demo.stage import Stage
from tests.browser.desk import PATIENCE_S, Desk
from tests.browser.test_dispatch_map import CHINESE, case_of, visible_text

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_S * 1000)

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LISTED = "() => citygrid.store.state.situations.map(({ id }) => id)[0]"
OUTLINED = """(id) => citygrid.map.loaded && citygrid.map.map
    .queryRenderedFeatures({ layers: ["situations"] }).some((one) => one.id === id)"""


async def burn(stage: Stage, key: str, places: Sequence[tuple[float, float]]) -> list[int]:
    """Fires that people report at these places; the ids of their cases."""
    headers = {"Authorization": f"Bearer {key}"}
    receipts: list[str] = []
    async with httpx.AsyncClient(base_url=stage.url, headers=headers, timeout=20) as phone:
        for lon, lat in places:
            body = {"category": "06020", "lon": lon, "lat": lat, "datum": "wgs84"}
            told = {"Idempotency-Key": str(uuid4())}
            answer = await phone.post("/api/reports", json=body, headers=told)
            assert answer.status_code == 201, answer.text
            receipts.append(answer.json()["receipt"])
    return [await case_of(stage, one) for one in receipts]


async def middle_of_town(stage: Stage) -> tuple[float, float]:
    async with await connect(stage.settings.database_url) as conn:
        found = await conn.execute(
            "SELECT ST_X(p), ST_Y(p)"
            "  FROM (SELECT ST_Centroid(ST_Collect(geom)) AS p FROM cell) AS place"
        )
        [lon, lat] = await found.fetchone() or (0.0, 0.0)
        return lon, lat


async def test_fires_near_each_other_are_one_situation_on_the_map(
    stage: Stage, phone: str, desk: Desk
) -> None:
    lon, lat = await middle_of_town(stage)
    apart: list[tuple[float, float]] = [
        (lon, lat), (lon + 0.0015, lat), (lon, lat + 0.0014), (lon + 0.0012, lat + 0.0012),
    ]  # fmt: skip
    await burn(stage, phone, apart)

    number: Any = await desk.until(LISTED)
    row = desk.page.locator(f"#situation-{number}")
    await expect(row).to_contain_text("火情聚集")
    await desk.until(OUTLINED, number)
    await row.click()
    await expect(desk.page.locator(".situations .why")).to_contain_text("火灾隐患类事件达")
    await desk.page.locator(".situations [data-act=acknowledge]").click()
    await expect(row).to_contain_text("dispatcher1")
    if os.environ.get("CITY_IMAGES"):
        await desk.screenshot(str(IMAGES / "situations.png"))

    await desk.page.locator("[data-act=language]").click()
    await expect(desk.page.locator(".situations")).to_contain_text("Proposed plan")
    words = await visible_text(desk)
    panel = await desk.page.locator(".situations").inner_text()
    assert CHINESE.search(panel) is None, panel
    assert "Fires near each other" in words

    await desk.page.locator(".situations [name=reason]").fill("a drill")
    await desk.page.locator(".situations [data-act=dismiss]").click()
    await expect(row).to_have_count(0)
    assert desk.complaints == []
