"""Running an evaluation: all histories go by once, and whoever counts takes what it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString, Protocol

from psycopg import AsyncConnection

from app.evaluation.places import Places
from dispatch.evaluation.counts import Count, Mark, Period
from dispatch.evaluation.judging import Judged, judge_all
from dispatch.evaluation.meanings import Post
from dispatch.evaluation.tables import Table
from dispatch.postgres.evaluation import Sent, histories
from dispatch.postgres.ratings import Given, ratings_given
from dispatch.rating import SATISFIED


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

    def rate(self, ratings: Sequence[Given]) -> None:
        """Sum ratings under the places of their cases."""
        for one, key in zip(ratings, self.places(ratings), strict=True):
            self.table.add(_rating_marks(one), key)


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

    def rate(self, ratings: Sequence[Given]) -> None:
        """Sum ratings under the departments that had the cases."""
        for one in ratings:
            self.table.add(_rating_marks(one))


def _rating_marks(one: Given) -> Iterator[Mark]:
    yield Mark(Count.RATED, one.at, one.department)
    if one.stars >= SATISFIED:
        yield Mark(Count.SATISFIED, one.at, one.department)


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
    ratings = await ratings_given(conn, period, condition, values)
    for taker in takers:
        if isinstance(taker, ByPlace | ByPost):
            taker.rate(ratings)
    return counted


def _take(texts: Sequence[str], period: Period, takers: Sequence[Taker]) -> None:
    cases = judge_all(texts, period)
    for taker in takers:
        taker.take(cases)
