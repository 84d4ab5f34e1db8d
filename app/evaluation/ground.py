"""The shapes of the places of a table, and a map of them in the colours of their grades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import numpy as np
import shapely
from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from app.evaluation.answering import Evaluation, Line
from app.evaluation.asking import CELL
from app.evaluation.words import period_told, shown
from app.http.city import City
from dispatch.evaluation.counts import Count
from dispatch.evaluation.indicators import INDICATORS
from dispatch.evaluation.meanings import MEANINGS
from grid.naming import Label
from maps.report.cells import Shapes
from maps.report.graded_map import GradedPlaces, Measure

# Whatever has been, in its newest shape; what is in force stands last and is drawn above the rest.
_AREAS: Final[LiteralString] = """
    SELECT code, name_zh, name_en, ST_AsBinary(geom)
      FROM (SELECT DISTINCT ON (code) code, name_zh, name_en, geom, grid_version
              FROM area
             WHERE level = %(level)s
               AND (grid_version = %(version)s OR code = ANY(%(keys)s))
             ORDER BY code, grid_version = %(version)s DESC, grid_version DESC) AS newest
     ORDER BY grid_version = %(version)s, grid_version, code COLLATE "C"
"""
_CELLS: Final[LiteralString] = """
    SELECT code, name_zh, name_en, ST_AsBinary(geom)
      FROM (SELECT DISTINCT ON (code) code, name_zh, name_en, geom, grid_version
              FROM cell
             WHERE grid_version = %(version)s OR code = ANY(%(keys)s)
             ORDER BY code, grid_version = %(version)s DESC, grid_version DESC) AS newest
     ORDER BY grid_version = %(version)s, grid_version, code COLLATE "C"
"""
_SHOWN: Final = (Count.REPORTED, Count.NEED, Count.IN_TIME, Count.LATE, Count.LATE_OPEN)
_SCORE: Final = Label("综合得分", "score")


@dataclass(frozen=True, slots=True)
class Ground:
    """Places by code with names and shapes (n,), in the order in which they are drawn."""

    codes: Sequence[str]
    names: Sequence[Label]
    shapes: Shapes


async def read_ground(
    conn: AsyncConnection[Any], by: str, version: int, keys: Sequence[str] = ()
) -> Ground:
    """All places of a version, and those of the *keys* that only older ones had."""
    told = {"level": by, "version": version, "keys": list(keys)}
    async with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(_CELLS if by == CELL else _AREAS, told)
        rows = await cursor.fetchall()
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = shapely.from_wkb([row[3] for row in rows])
    return Ground([row[0] for row in rows], [Label(zh, en) for _, zh, en, _ in rows], shapes)


def graded_places(found: Evaluation, city: City, ground: Ground, above: Ground) -> GradedPlaces:
    """The map of a table of places: the score, and each indicator that it is made of."""
    lines = {line.key: line for line in found.lines}
    drawn = [lines.get(code) for code in ground.codes]
    weighed = [INDICATORS[key] for key, weight in city.scoring.weights.items() if weight]
    measures = [Measure(_SCORE, [line.score if line else None for line in drawn])]
    for one in weighed:
        goodness = [one.goodness(line.counts) if line else None for line in drawn]
        values = [None if value is None else 100 * value for value in goodness]
        measures.append(Measure(one.name, values))
    return GradedPlaces(
        title=Label(f"{city.name.zh} 综合评价", f"{city.name.en}: evaluation"),
        told=[period_told(found.question, city.timezone)],
        shapes=ground.shapes,
        fields=[
            Label("编码", "code"),
            Label("名称", "name"),
            *(one.name for one in measures),
            *(MEANINGS[count].name for count in _SHOWN),
        ],
        texts=[
            [code, f"{name.zh} {name.en}", *_texts(line, city)]
            for code, name, line in zip(ground.codes, ground.names, drawn, strict=True)
        ],
        measures=measures,
        grades=city.scoring.grades,
        borders=np.array([shapely.boundary(one) for one in above.shapes], dtype=object),
        borders_name=Label("上级区域边界", "borders of the areas above"),
    )


def _texts(line: Line | None, city: City) -> list[str]:
    weighed = [INDICATORS[key] for key, weight in city.scoring.weights.items() if weight]
    counts: Mapping[Count, float] = line.counts if line else {}
    score = "" if line is None or line.score is None else f"{line.score:.1f}"
    return [
        score,
        *(shown(one, counts) for one in weighed),
        *(f"{counts.get(count, 0):,.0f}" for count in _SHOWN),
    ]
