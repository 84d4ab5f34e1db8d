"""From a question to its answer: lines with names, sums, indicators, score, grade and rank."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from app.evaluation.asking import CELL, GridAsked, Question
from app.evaluation.counting import ByPlace, ByPost, count
from app.evaluation.people import read_names, reporters
from app.evaluation.places import AreasEver, Places, as_now, as_then, read_areas, read_cell_names
from app.http.city import City
from app.policy import Reach
from dispatch.evaluation.counts import Count
from dispatch.evaluation.indicators import Indicator, indicators_of
from dispatch.evaluation.meanings import MEANINGS, ONLY_OF_PERSONS, Post, counts_of
from dispatch.evaluation.scoring import Grade, Scoring, ranks
from dispatch.evaluation.tables import Counts, Table
from dispatch.postgres.evaluation import reports_sent
from grid.naming import Label
from grid.postgres import load_hierarchy
from grid.versions.postgres import active_version, read_cells

NOBODY: Final[Mapping[Post, Label]] = {
    Post.DEPARTMENT: Label("尚未派遣", "not assigned"),
    Post.OPERATOR: Label("尚无人受理", "taken up by nobody yet"),
    Post.DISPATCHER: Label("尚无人派遣", "dispatched by nobody yet"),
    Post.INSPECTOR: Label("尚无人核查", "looked at by nobody yet"),
}
NOWHERE: Final = Label("不在任何网格内", "in no cell")
TOTAL: Final = Label("合计", "total")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table; *key* None is nobody or nowhere. Only places and departments score."""

    key: str | None
    name: Label
    counts: Counts
    score: float | None = None
    grade: Grade | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An answer. *within* are the areas it is limited to, None for the whole city.

    *grid_version* is the one that cases were brought to, None when each has the cell of its time.
    *cases* is how many were looked at, *balanced* whether every identity holds in every line.
    """

    question: Question
    lines: Sequence[Line]
    total: Line
    cases: int
    balanced: bool
    grid_version: int | None
    within: Sequence[str] | None

    @property
    def counts(self) -> tuple[Count, ...]:
        """The columns of counts, in order."""
        post = self.question.post
        if post is not None:
            return counts_of(post)
        return tuple(one for one in MEANINGS if one not in ONLY_OF_PERSONS)

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The columns of indicators, in order."""
        return indicators_of(self.question.post)


async def evaluate(
    conn: AsyncConnection[Any], question: Question, city: City, reach: Reach, now: datetime
) -> Evaluation:
    """The answer to a question, within a reach. *conn* must be in a transaction."""
    areas = await read_areas(conn)
    post, version = question.post, None
    if post is not None:
        people = await reporters(conn, reach) if post is Post.INSPECTOR else ()
        sent = await reports_sent(conn, question.period, people)
        taker = ByPost.of(post, sent)
    else:
        places, version = await places_of(conn, question, areas, now)
        taker = ByPlace(places)
    cases = await count(conn, question.period, reach.sql(), [taker])
    names = await _names(conn, question, areas, city, taker.table)
    return Evaluation(
        question=question,
        lines=lines_of(taker.table, names, city.scoring),
        total=total_of(taker.table, city.scoring),
        cases=cases,
        balanced=taker.table.is_balanced,
        grid_version=version,
        within=None if reach.city else sorted(reach.areas),
    )


async def places_of(
    conn: AsyncConnection[Any], question: Question, areas: AreasEver, now: datetime
) -> tuple[Places, int | None]:
    """Where cases are counted, and in which version of the grid if in one."""
    if question.grid is GridAsked.THEN:
        return as_then(question.by, areas), None
    version = await active_version(conn, now)
    cells = await read_cells(conn, version)
    hierarchy = await load_hierarchy(conn, version)
    return await asyncio.to_thread(as_now, question.by, cells, hierarchy), version


def lines_of(table: Table, names: Mapping[str | None, Label], scoring: Scoring) -> tuple[Line, ...]:
    """The lines of a table: by rank, then by key; who has no score comes last."""
    told = {key: _scored(table.post, counts, scoring) for key, counts in table.rows.items()}
    # Nobody is in no competition.
    places = ranks((key, score) for key, score in told.items() if key is not None)
    lines = [
        Line(
            key,
            names.get(key) or Label(str(key), str(key)),
            dict(table.rows[key]),
            score,
            None if score is None else scoring.grade(score),
            None if key is None else places.get(key),
        )
        for key, score in told.items()
    ]
    return tuple(sorted(lines, key=_order))


def total_of(table: Table, scoring: Scoring) -> Line:
    """The line below all others."""
    counts = dict(table.total)
    score = _scored(table.post, counts, scoring)
    return Line(None, TOTAL, counts, score, None if score is None else scoring.grade(score))


def _scored(post: Post | None, counts: Counts, scoring: Scoring) -> float | None:
    return scoring.score(counts) if post in (None, Post.DEPARTMENT) else None


def _order(line: Line) -> tuple[bool, int, str]:
    return line.rank is None, line.rank or 0, line.key or "\uffff"


async def _names(
    conn: AsyncConnection[Any], question: Question, areas: AreasEver, city: City, table: Table
) -> dict[str | None, Label]:
    keys = [key for key in table.rows if key is not None]
    post = question.post
    if post is Post.DEPARTMENT:
        found = {code: one.name for code, one in city.departments.items()}
    elif post is not None:
        found = await read_names(conn, keys)
    elif question.by == CELL:
        found = await read_cell_names(conn, keys)
    else:
        found = areas.names
    return {**found, None: NOWHERE if post is None else NOBODY[post]}
