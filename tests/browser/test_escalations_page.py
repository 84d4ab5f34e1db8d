"""Escalations in front of a handler: who was told and how, acknowledged by keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from app.demo.stage import Stage
from tests.browser.desk import Desk, chromium, seat

ESCALATED = """
    WITH told AS (
        INSERT INTO escalation (case_id, run, since, step, ladder, due_at, told_at, people)
        SELECT c.id, 'resolve', 1, step, 'tried', now(), now(),
               ARRAY[(SELECT min(login) FROM person WHERE 'commander' = ANY(roles)), 'handler-sani']
          FROM (SELECT id FROM cases WHERE state = 'assigned' ORDER BY id LIMIT 1) AS c,
               unnest(ARRAY['80%', '100%']) AS step
        RETURNING id, people)
    INSERT INTO notice (escalation, dedup, channel, person, payload, state, attempts,
                        last_error, sent_at)
    SELECT id, gen_random_uuid()::text, 'log', person, '{}',
           CASE WHEN person = 'handler-sani' THEN 'dead' ELSE 'sent' END, 3,
           CASE WHEN person = 'handler-sani' THEN 'no such mailbox' END,
           CASE WHEN person <> 'handler-sani' THEN now() END
      FROM told, unnest(people) AS person
    RETURNING escalation
"""


@pytest.fixture
def told(stage: Stage) -> list[int]:
    """Two steps of one case, each told to two people, of whom one was not reached."""
    with psycopg.connect(stage.settings.database_url) as conn:
        conn.execute("DELETE FROM notice")
        conn.execute("DELETE FROM escalation")
        return sorted({row[0] for row in conn.execute(ESCALATED).fetchall()})


@pytest.fixture
async def page(stage: Stage, told: list[int]) -> AsyncIterator[Desk]:
    """The page, opened in Chinese by a commander."""
    login = await asyncio.to_thread(stage.someone, "commander")
    address = await asyncio.to_thread(stage.one_time_login, login)
    async with (
        chromium() as browser,
        seat(browser, stage.url, address.removeprefix(stage.url)) as desk,
    ):
        await desk.page.goto(f"{stage.url}/escalations")
        await desk.until("(id) => document.querySelector(`[data-escalation='${id}']`)", told[0])
        yield desk


async def test_a_step_is_acknowledged_by_keyboard_and_failed_messages_are_told(
    page: Desk, stage: Stage, told: list[int]
):
    sheet, first = page.page, f"[data-escalation='{told[0]}']"

    assert "未送达" in await sheet.inner_text(f"{first} [data-state=dead]")
    assert "no such mailbox" in await sheet.inner_text(f"{first} [data-state=dead]")
    await sheet.focus(f"{first} [data-act=acknowledge]")
    await sheet.keyboard.press("Enter")
    await page.until("() => document.querySelector('p.done')?.innerText.includes('已确认')")
    await page.until("(id) => !document.querySelector(`[data-escalation='${id}']`)", told[0])
    await sheet.click("[data-choice=failed]")
    await page.until("(id) => document.querySelector(`[data-escalation='${id}']`)", told[0])
    await sheet.click("[data-act=language]")
    assert "not delivered" in await sheet.inner_text(f"{first} [data-state=dead]")

    async with await psycopg.AsyncConnection.connect(stage.settings.database_url) as conn:
        found = await conn.execute(
            "SELECT acknowledged_by FROM escalation WHERE id = %s", [told[0]]
        )
        assert await found.fetchone() == (await asyncio.to_thread(stage.someone, "commander"),)
    assert [one for one in page.asked if not one.startswith(page.url)] == []
    assert page.complaints == []
