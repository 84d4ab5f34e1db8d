"""The dispatch map in a real browser, against the whole system."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import expect

from app.database import connect
from app.demo.stage import Stage
from dispatch import actions
from dispatch.case import Move, Order
from dispatch.postgres.book import PostgresBook
from tests.browser.desk import PATIENCE_S, Desk, chromium, seat

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_S * 1000)

IMAGES = Path(__file__).parents[2] / "docs" / "images"
CHINESE = re.compile(r"[\u3400-\u9fff]")
ON_SCREEN = """(id) => {
    const { lon, lat } = citygrid.store.state.board.markers.get(id);
    const { x, y } = citygrid.map.map.project([lon, lat]);
    const box = document.getElementById("map").getBoundingClientRect();
    return [box.x + x, box.y + y];
}"""
LATE_NEAR_THE_MIDDLE = """() => {
    const { board, city } = citygrid.store.state;
    const [lon, lat] = city.city.centre;
    const far = (m) => Math.hypot(m.lon - lon, m.lat - lat);
    const late = [...board.markers.values()].filter((m) => m.overdue && m.state === "assigned");
    return late.sort((a, b) => far(a) - far(b))[0].id;
}"""
NAMES_NOTHING = '<img src=x onerror="window.broken = true">${window.broken = true}'


async def send_report(stage: Stage, key: str, **changes: Any) -> int:
    """Post a report; the id of its case, once it is decided."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=stage.url, headers=headers, timeout=20) as phone:
        lon, lat = await free_place(stage)
        body = {"category": "06010", "lon": lon, "lat": lat, "datum": "wgs84"} | changes
        answer = await phone.post(
            "/api/reports", json=body, headers={"Idempotency-Key": str(uuid4())}
        )
        assert answer.status_code == 201, answer.text
    return await case_of(stage, answer.json()["receipt"])


async def free_place(stage: Stage) -> tuple[float, float]:
    """The middle of a cell in which nothing is open."""
    async with await connect(stage.settings.database_url) as conn:
        found = await conn.execute(
            """
            SELECT ST_X(ST_PointOnSurface(geom)), ST_Y(ST_PointOnSurface(geom))
              FROM cell
             WHERE code NOT IN (SELECT cell FROM cases WHERE closed_at IS NULL)
             ORDER BY random()
             LIMIT 1
            """
        )
        [lon, lat] = await found.fetchone() or (0.0, 0.0)
        return lon, lat


async def case_of(stage: Stage, receipt: str) -> int:
    async with asyncio.timeout(PATIENCE_S), await connect(stage.settings.database_url) as conn:
        while True:
            found = await conn.execute("SELECT case_id FROM inbox WHERE receipt = %s", [receipt])
            [case_id] = await found.fetchone() or (None,)
            if case_id is not None:
                return case_id
            await asyncio.sleep(0.05)


async def handle(stage: Stage, case_id: int) -> None:
    """What the door does when a department says that its work is done."""
    async with await connect(stage.settings.database_url) as conn, conn.transaction():
        await actions.move(
            PostgresBook(conn),
            case_id,
            Order(Move.HANDLE),
            actor="handler-sani",
            city="990101",
            now=datetime.now(UTC),
        )


async def visible_text(desk: Desk) -> str:
    """What a person reads on the page, without the button that names the other language."""
    return await desk.page.evaluate(
        """() => {
            const page = document.body.cloneNode(true);
            page.querySelectorAll("[data-act=language], .description, noscript, canvas")
                .forEach((node) => node.remove());
            const said = [...page.querySelectorAll("[aria-label], [title], [placeholder]")]
                .flatMap((node) => ["aria-label", "title", "placeholder"]
                    .map((name) => node.getAttribute(name)));
            return [document.title, page.textContent, ...said].join(" ");
        }"""
    )


async def test_a_report_sent_by_http_is_painted_on_the_map(
    stage: Stage, phone: str, desk: Desk
) -> None:
    case_id = await send_report(stage, phone)

    await desk.painted(case_id)

    row = desk.page.locator(f"#case-{case_id}")
    await expect(row).to_be_attached()
    assert desk.complaints == []


async def test_nothing_is_asked_of_any_other_machine(stage: Stage, phone: str, desk: Desk) -> None:
    case_id = await send_report(stage, phone)
    await desk.painted(case_id)
    await desk.page.locator(f"#case-{case_id}").click()
    await expect(desk.page.locator("#panel .history li").first).to_be_visible()
    await desk.settled()
    await desk.page.locator("[data-act=theme]").click()
    await desk.page.locator("[data-act=language]").click()
    await desk.settled()

    elsewhere = [url for url in desk.asked if not url.startswith((stage.url, "data:", "blob:"))]

    assert elsewhere == []
    assert desk.complaints == []


async def test_the_queue_and_the_map_point_at_each_other(
    stage: Stage, phone: str, desk: Desk
) -> None:
    case_id = await send_report(stage, phone)
    await desk.painted(case_id)
    row = desk.page.locator(f"#case-{case_id}")

    await row.hover()
    await desk.until("(id) => citygrid.map.ringed.hovered === id", case_id)
    await row.click()
    await desk.until("(id) => citygrid.map.ringed.selected === id", case_id)
    await desk.settled()
    await desk.page.keyboard.press("Escape")
    await desk.settled()
    await desk.painted(case_id)
    x, y = await desk.page.evaluate(ON_SCREEN, case_id)
    await desk.page.mouse.move(x, y)
    await expect(row).to_have_class(re.compile("hovered"))
    await desk.page.mouse.click(x, y)

    await expect(desk.page.locator(".row.selected")).to_have_id(f"case-{case_id}")
    await expect(desk.page.locator("#panel h1")).to_be_visible()


async def test_everything_about_a_case_stands_in_its_panel(
    stage: Stage, phone: str, desk: Desk
) -> None:
    case_id = await send_report(stage, phone, description=NAMES_NOTHING)
    await desk.painted(case_id)
    await desk.page.locator(f"#case-{case_id}").click()

    panel = desk.page.locator("#panel")
    await expect(panel.locator(".history li")).to_have_count(3)
    await expect(panel.locator(".description")).to_have_text(NAMES_NOTHING)
    await expect(panel.locator(".deadline strong")).to_contain_text("余")
    await expect(panel.locator(".why")).to_contain_text("职责分工表")
    await expect(panel.locator("[data-move=assign]")).to_have_text("派遣")
    assert not await desk.page.evaluate("() => window.broken")


async def test_a_move_is_carried_out_and_seen_by_everybody(
    stage: Stage, phone: str, desk: Desk
) -> None:
    case_id = await send_report(stage, phone)
    await desk.painted(case_id)
    await desk.page.locator(f"#case-{case_id}").click()
    await desk.page.locator("[data-move=assign]").click()
    await desk.page.locator(".order select").select_option("WATER")
    await desk.page.locator("textarea[name=reason]").fill("管网漏水")

    await desk.page.locator(".order .primary").click()

    await expect(desk.page.locator(".history li").first).to_contain_text("水务局")
    await expect(desk.page.locator(".why")).to_contain_text("管网漏水")
    await desk.until(
        "(id) => citygrid.store.state.board.markers.get(id).department === 'WATER'", case_id
    )


async def test_switching_the_language_leaves_nothing_of_the_other_behind(
    stage: Stage, phone: str, desk: Desk
) -> None:
    case_id = await send_report(stage, phone, description="a bag", address="12 Mill Road")
    await desk.painted(case_id)
    await desk.page.locator(f"#case-{case_id}").click()
    await expect(desk.page.locator("#panel .history li").first).to_be_visible()
    await desk.page.keyboard.press("?")
    chinese = await visible_text(desk)

    await desk.page.keyboard.press("l")
    await expect(desk.page.locator(".lane.new h2 span")).to_have_text("New")

    english = await visible_text(desk)
    left_over = {text for text in re.split(r"\s{2,}|\n", english) if CHINESE.search(text)}
    assert left_over == set()
    assert await desk.page.evaluate("() => document.documentElement.lang") == "en"
    names = await desk.page.evaluate(
        "() => citygrid.map.map.getLayoutProperty('community-names', 'text-field')"
    )
    assert names[2] == ["get", "name_en"]
    await desk.page.keyboard.press("l")
    await expect(desk.page.locator(".lane.new h2 span")).to_have_text("新案件")
    assert "Overdue" not in await visible_text(desk)
    assert "Overdue" not in chinese


async def test_the_desk_can_be_worked_by_keyboard(desk: Desk) -> None:
    keys, selected = desk.page.keyboard, desk.page.locator(".row.selected")

    await keys.press("j")
    # The one on top, whichever that was: cases change their lanes as time goes on.
    first = await selected.get_attribute("id") or ""
    await keys.press("j")
    await expect(selected).not_to_have_attribute("id", first)
    await keys.press("k")
    await expect(selected).to_have_attribute("id", first)
    await keys.press("Enter")
    await desk.until("() => citygrid.map.map.getZoom() > 15")
    await keys.press("Escape")
    await expect(desk.page.locator(".row.selected")).to_have_count(0)
    await keys.press("?")
    await expect(desk.page.locator(".help")).to_be_visible()
    await keys.press("Escape")
    await expect(desk.page.locator(".help")).to_have_count(0)
    await keys.press("/")
    await keys.type("j?")
    await expect(desk.page.locator("#search")).to_have_value("j?")
    await expect(desk.page.locator(".help")).to_have_count(0)


async def test_a_filter_stands_in_the_address_and_survives_a_reload(desk: Desk) -> None:
    await desk.page.locator("select[name=state]").select_option("handled")
    await desk.until("() => new URLSearchParams(location.search).get('state') === 'handled'")

    await desk.page.reload()
    await desk.ready()

    await expect(desk.page.locator("select[name=state]")).to_have_value("handled")
    await expect(desk.page.locator(".lane.overdue .row")).to_have_count(0)
    await desk.until(
        """() => {
            const { board } = citygrid.store.state;
            const drawn = [...citygrid.map.drawn.keys()].map((id) => board.markers.get(id).state);
            return drawn.length > 0 && drawn.every((state) => state === "handled");
        }"""
    )


async def test_a_critical_case_is_never_hidden_in_a_cluster(desk: Desk) -> None:
    await desk.page.evaluate("() => citygrid.map.map.jumpTo({ zoom: 11 })")
    await desk.settled()

    hidden = await desk.until(
        """() => {
            const { board } = citygrid.store.state;
            const critical = [...board.markers.values()]
                .filter((m) => m.severity === 1 && m.state === "assigned");
            const missing = critical.filter((m) => !citygrid.map.hot.shows(m.id));
            return critical.length > 5 && { missing: missing.length };
        }"""
    )

    assert hidden == {"missing": 0}


async def test_a_server_that_restarts_is_followed_again_without_a_gap(
    stage: Stage, phone: str, desk: Desk
) -> None:
    case_id = await send_report(stage, phone)
    await desk.painted(case_id)
    snapshots = sum("/live/snapshot" in url for url in desk.asked)

    stage.processes.kill("web")
    await expect(desk.page.locator(".connection.lost")).to_be_visible()
    await expect(desk.page.locator(".banner")).to_be_visible()
    await handle(stage, case_id)
    stage.processes.start("web")
    await asyncio.to_thread(stage.processes.wait_ready, stage.url)

    await desk.until(
        "(id) => citygrid.store.state.board.markers.get(id).state === 'handled'", case_id
    )
    await expect(desk.page.locator(".connection.live")).to_be_visible()
    await expect(desk.page.locator(".banner")).to_have_count(0)
    assert sum("/live/snapshot" in url for url in desk.asked) == snapshots


async def test_without_webgl_the_queue_still_works(stage: Stage) -> None:
    address = await asyncio.to_thread(stage.one_time_login, "dispatcher2")
    path = address.removeprefix(stage.url)
    async with chromium("--disable-3d-apis") as browser, seat(browser, stage.url, path) as desk:
        await expect(desk.page.locator(".nomap")).to_contain_text("WebGL2")

        await desk.page.locator(".row").first.click()

        await expect(desk.page.locator("#panel .history li").first).to_be_visible()


async def test_a_wrong_password_is_told_in_both_languages(stage: Stage) -> None:
    async with chromium() as browser, seat(browser, stage.url, "/") as desk:
        await expect(desk.page).to_have_url(f"{stage.url}/login")
        await desk.page.locator("[name=login]").fill("dispatcher1")
        await desk.page.locator("[name=password]").fill("nobody would take this")

        await desk.page.locator(".primary").click()

        await expect(desk.page.locator(".problem")).to_have_text("账号或密码不正确")
        await desk.page.locator(".link").click()
        await expect(desk.page.locator(".problem")).to_have_text("Login or password is wrong")


@pytest.mark.skipif(
    os.environ.get("CITY_SCREENSHOTS") != "1", reason="pictures are made with CITY_SCREENSHOTS=1"
)
async def test_pictures_for_the_documentation(stage: Stage, phone: str, desk: Desk) -> None:
    IMAGES.mkdir(exist_ok=True)
    await desk.page.set_viewport_size({"width": 1440, "height": 860})
    await send_report(stage, phone)
    middle = await desk.page.evaluate(LATE_NEAR_THE_MIDDLE)
    await desk.page.locator(f"#case-{middle}").click()
    await expect(desk.page.locator("#panel .history li").first).to_be_visible()
    await desk.settled()
    await desk.page.evaluate("() => citygrid.map.map.easeTo({ zoom: 14.2, duration: 0 })")

    await desk.screenshot(str(IMAGES / "map-zh.png"))
    await desk.page.locator("[data-act=language]").click()
    await desk.screenshot(str(IMAGES / "map-en.png"))

    assert (IMAGES / "map-zh.png").stat().st_size > 50_000
