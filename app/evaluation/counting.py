"""Running an evaluation: all histories go by once, and whoever counts takes what it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString, Protocol

from psycopg import AsyncConnection

from app.evaluation.places import Places
from dispatch.evaluation.counts import Count, Period
from dispatch.evaluation.judging import Judged, judge_all
from dispatch.evaluation.meanings import Post
from dispatch.evaluation.tables import Table
from dispatch.postgres.evaluation import Sent, histories


class Taker(Protocol):
    """Something that is made of cases while they go by."""

    def take(self, cases: Sequence[Judged]) -> None:
        """Take a batch in."""
        ...


@dataclass(frozen=True, slots=True)
class ByPlace:
    """A table of places."""

    places: Places
    table: Table = field(default_factory=Table)

    def take(self, cases: Sequence[Judged]) -> None:
        """Sum the cases under their places."""
        keys = self.places([one.told for one in cases])
        for one, key in zip(cases, keys, strict=True):
            self.table.add(one.marks, key)


@dataclass(frozen=True, slots=True)
class ByPost:
    """A table of departments or persons."""

    table: Table

    @classmethod
    def of(cls, post: Post, sent: Sequence[Sent] = ()) -> ByPost:
        """A table of a post, with what inspectors sent."""
        table = Table(post)
        for one in sent:
            table.rows[one.source][Count.SENT] = one.sent
            table.rows[one.source][Count.SENT_VALID] = one.valid
        return cls(table)

    def take(self, cases: Sequence[Judged]) -> None:
        """Sum the cases under whoever did something with them."""
        for one in cases:
            self.table.add(one.marks)


async def count(
    conn: AsyncConnection[Any],
    period: Period,
    within: tuple[LiteralString, Mapping[str, object]],
    takers: Sequence[Taker],
) -> int:
    """Let the cases of a period go by; how many there were. *conn* must be in a transaction.

    The work is done in a thread, batch by batch, so that a process with other things to do goes on.
    """
    condition, values = within
    counted = 0
    async for texts in histories(conn, period, condition, values):
        await asyncio.to_thread(_take, texts, period, takers)
        counted += len(texts)
    return counted


def _take(texts: Sequence[str], period: Period, takers: Sequence[Taker]) -> None:
    cases = judge_all(texts, period)
    for taker in takers:
        taker.take(cases)
