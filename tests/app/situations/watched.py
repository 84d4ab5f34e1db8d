"""Littletown with patterns, reports in it, and a look-out that is made to look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from app.situations.lookout import Lookout
from dispatch import actions
from dispatch.matching import Matching, MergeRule
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.log import number
from dispatch.report import Channel
from tests.littletown import settle
from tests.makers import label, rulebook, spot, submission

RULES = rulebook(matching=Matching(rules=(MergeRule(radius_m=1.0),)))
"""Only what lies within a metre is the same incident."""

FAMILY = {
    "row": 1, "name": "rubbish", "text": label("rubbish"), "categories": ["06"],
    "properties": ["water_level"],
}  # fmt: skip
RULE: dict[str, Any] = {
    "row": 1, "name": "heaps", "family": "rubbish", "text": label("Heaps"), "at_least": 3,
    "radius_m": 100, "within_s": 3600, "quiet_s": 7200, "sources": 1, "counts": "things",
    "alarm": None, "area": None, "plan": "clean-up",
}  # fmt: skip
SCAN: dict[str, Any] = {
    "row": 1, "name": "hot", "family": "rubbish", "text": label("Hot spot"), "slot_s": 3600,
    "windows": [1, 2], "history_s": 30 * 86_400, "every_s": 600, "recurrence_s": 86_400,
    "quiet_s": 7200, "neighbours": 4, "radius_m": 5_000, "at_least": 3, "plan": None,
}  # fmt: skip


def a_part(*rules: dict[str, Any], scans: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The part `situations` with these rules, each a change of the usual one."""
    return {
        "families": [FAMILY],
        "rules": [RULE | one for one in rules],
        "scans": [SCAN | one for one in scans],
    }


async def settled(conn: AsyncConnection, *rules: dict[str, Any], **parts: Any) -> None:
    """Littletown, and a look-out that has looked once."""
    await settle(conn, situations=a_part(*rules or ({},)), **parts)


async def report(
    conn: AsyncConnection, *metres: tuple[float, float], minutes: float = 0.0, **changes: Any
) -> None:
    """A report so many metres east and north, for each, minutes ago; decided and numbered."""
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    told = [submission(at=spot(*one), happened_at=at, **changes) for one in metres]
    async with conn.transaction():
        answers = await accept_many(conn, told)
        ids = [one.report_id for one in answers]
        await actions.decide(PostgresBook(conn), ids, RULES, now=at)
        await number(conn)


async def sensed(conn: AsyncConnection, metres: tuple[float, float]) -> None:
    """A report that a sensor makes."""
    attributes = {"device": "W1", "property": "water_level"}
    await report(
        conn, metres, channel=Channel.SENSOR, source="sensor:river-high", attributes=attributes
    )


async def look(lookout: Lookout) -> None:
    """Look until there is nothing left to do."""
    while await lookout.turn():
        pass


async def situations(conn: AsyncConnection) -> list[dict[str, Any]]:
    """State, members and version of each, in order."""
    found = await conn.execute(
        "SELECT id, state, members, version, rules, plan FROM situation ORDER BY id"
    )
    names = ("id", "state", "members", "version", "rules", "plan")
    return [dict(zip(names, row, strict=True)) for row in await found.fetchall()]
