"""Bugs of the relay, of the numbered log, and of the live map that follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from typing import Any

from app import relay
from dispatch.postgres import log
from maps.hub import Hub
from maps.patch import Patch
from streams import postgres as turns
from streams import wire
from streams.topics import REPORTS
from tests.chaos.bugs.bug import Bug
from tests.chaos.bugs.nets import STREAM_ALONE, stream_alone
from tests.chaos.bugs.patching import around, reword, swap


def _high_water_mark_relay() -> None:
    mark: list[int] = []

    async def announced_so_far(conn: Any) -> int:
        found = await conn.execute(
            "SELECT coalesce(max(id), 0) FROM inbox WHERE published_at IS NOT NULL"
        )
        return (await found.fetchone())[0]

    def made(unannounced: Any) -> Any:
        async def newer(conn: Any, *more: Any) -> list[Any]:
            if not mark:
                mark.append(await announced_so_far(conn))
            found = [one for one in await unannounced(conn, *more) if one.id > mark[0]]
            mark[0] = max([mark[0], *(one.id for one in found)])
            return found

        return newer

    around(log, "unannounced", made)
    stream_alone()


def _published_before_carried() -> None:
    async def announce(conn: Any, carrier: Any) -> int:
        async with conn.transaction():
            waiting = await log.unannounced(conn)
            await log.mark_announced(conn, [one.id for one in waiting])
        if waiting:
            await asyncio.sleep(0.1)
            records = [(one.category.encode(), wire.report_accepted(one.id)) for one in waiting]
            async with conn.transaction():
                await carrier.carry(REPORTS, records)
        return len(waiting)

    swap(turns, "_announce", announce)
    stream_alone()


def _high_water_mark_numbering() -> None:
    newest = "SELECT coalesce(max(id), 0) FROM outbox WHERE position IS NOT NULL"
    reword(log, "_NUMBER", "WHERE position IS NULL", f"WHERE position IS NULL AND id > ({newest})")


def _position_from_sequence() -> None:
    reword(log, "_NUMBER", "%(head)s + fresh.n", "nextval('bug_position')")


def _numbered_in_two() -> None:
    reserve = "UPDATE log_head SET position = position + %s RETURNING position - %s, name::text"

    async def number_turn(conn: Any, herald: Any) -> int:
        waiting = await conn.execute("SELECT count(*) FROM outbox WHERE position IS NULL")
        (many,) = await waiting.fetchone()
        if not many:
            return 0
        head, name = await (await conn.execute(reserve, [many, many])).fetchone()
        await asyncio.sleep(0.1)
        found = await conn.execute(log._NUMBER, {"limit": many, "head": head})  # pyright: ignore[reportPrivateUsage]
        rows = sorted((row[0], row[3]) for row in await found.fetchall())
        await conn.execute("SELECT pg_notify(%s, %s)", [log.LOG_CHANNEL, str(head + many)])
        await herald.announce(name, rows)
        return len(rows)

    swap(relay, "number_turn", number_turn)


def _hub_drops_a_patch() -> None:
    numbers = count(1)

    def made(take: Any) -> Any:
        def dropping(self: Hub, patches: Iterable[Patch]) -> None:
            take(self, [replace(p, marker=None) if next(numbers) % 25 == 0 else p for p in patches])

        return dropping

    around(Hub, "take", made)


BUGS = (
    Bug(
        name="high-water-mark-relay",
        says="The relay remembers the highest id it carried; a smaller one committed later is "
        "never carried.",
        processes=("worker",),
        provoked_by=("network-delayed", "process-frozen", "postgres-slow"),
        nets=STREAM_ALONE,
        aimed_at=r"web-\d(>postgres)?",
        caught_by=("undecided",),
        apply=_high_water_mark_relay,
    ),
    Bug(
        name="published-before-carried",
        says="Reports are marked as carried before they are.",
        processes=("worker",),
        provoked_by=("process-killed", "all-killed", "postgres-backend-ended"),
        nets=STREAM_ALONE,
        aimed_at=r"worker-\d(>postgres)?",
        caught_by=("undecided",),
        apply=_published_before_carried,
    ),
    Bug(
        name="high-water-mark-numbering",
        says="Only rows above the highest numbered one get a position; ids commit out of order.",
        processes=("worker",),
        provoked_by=("network-delayed", "process-frozen", "postgres-slow"),
        aimed_at=r"worker-\d(>postgres)?",
        caught_by=("position",),
        apply=_high_water_mark_numbering,
    ),
    Bug(
        name="position-gap",
        says="Positions come from a sequence, which leaves gaps at a rollback or a crash.",
        processes=("worker",),
        provoked_by=("postgres-immediate", "postgres-killed", "postgres-backend-ended"),
        aimed_at=r"worker-\d(>postgres)?",
        caught_by=("last position",),
        apply=_position_from_sequence,
        sql="CREATE SEQUENCE bug_position",
    ),
    Bug(
        name="numbered-in-two",
        says="The head of the log moves on in one transaction, its rows are numbered in the next.",
        processes=("worker",),
        provoked_by=("process-killed", "postgres-backend-ended"),
        aimed_at=r"worker-\d(>postgres)?",
        caught_by=("last position",),
        apply=_numbered_in_two,
    ),
    Bug(
        name="hub-drops-a-patch",
        says="One patch in twenty-five is not shown to the screens.",
        processes=("web",),
        caught_by=("screen",),
        apply=_hub_drops_a_patch,
    ),
)
