"""Gathering the bulletin: one run over the period, one over the period before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from app.evaluation.answering import (
    NOBODY,
    NOWHERE,
    Line,
    lines_of,
    places_of,
    total_of,
)
from app.evaluation.asking import Question, month_of
from app.evaluation.counting import ByPlace, ByPost, count
from app.evaluation.ground import Ground, read_ground
from app.evaluation.places import AreasEver, read_areas
from app.evaluation.takers import Days, Late, Longest
from app.evaluation.words import GRIDS, NONE, moment_told, shown, span_told
from app.http.city import City
from app.policy import Reach
from dispatch.evaluation.counts import Count, Period
from dispatch.evaluation.indicators import INDICATORS, Better
from dispatch.evaluation.meanings import MEANINGS, Post
from dispatch.evaluation.tables import Counts
from grid.naming import Label
from grid.versions.postgres import active_version
from maps.report.bulletin import (
    DAYS_SIZE,
    MAP_SIZE,
    Bulletin,
    Day,
    LateCase,
    Place,
    Row,
    Tile,
)
from maps.report.drawings import bars, drawn_places

LONGEST: Final = 10
CATEGORIES: Final = 8
_EVERYTHING: Final = Reach(city=True)
_TILE_COUNTS: Final = (Count.REPORTED, Count.NEED)
_TILE_RATIOS: Final = ("dispose_rate", "in_time_rate", "rework_rate")
_PLACE_COUNTS: Final = (Count.NEED, Count.LATE_OPEN)
_PLACE_RATIOS: Final = ("dispose_rate", "in_time_rate")
_COUNTS: Final = (Count.NEED, Count.IN_TIME, Count.LATE, Count.LATE_OPEN, Count.INSIDE)
_RATIOS: Final = (
    "dispose_rate",
    "in_time_rate",
    "rework_rate",
    "extension_rate",
    "mean_disposal",
    "satisfaction_rate",
)
_CATEGORY_COUNTS: Final = (Count.REPORTED, Count.NEED, Count.LATE_OPEN)
_CATEGORY_RATIOS: Final = ("in_time_rate", "mean_disposal")


async def gather(
    conn: AsyncConnection[Any], question: Question, city: City, now: datetime
) -> Bulletin:
    """The bulletin of the whole city, its places by ``question.by``. *conn* in a transaction."""
    period, zone = question.period, ZoneInfo(city.timezone)
    areas = await read_areas(conn)
    places, _ = await places_of(conn, question, areas, now)
    where, departments = ByPlace(places), ByPost.of(Post.DEPARTMENT)
    categories = ByPlace(lambda told: [one.category for one in told])
    days, longest = Days(period, zone), Longest(period, LONGEST)
    await count(conn, period, _EVERYTHING.sql(), [where, departments, categories, days, longest])
    before = ByPlace(lambda told: [None] * len(told))
    await count(conn, before_that(period, city.timezone), _EVERYTHING.sql(), [before])

    place_lines = lines_of(where.table, {**areas.names, None: NOWHERE}, city.scoring)
    names = {code: one.name for code, one in city.departments.items()}
    bodies = {**names, None: NOBODY[Post.DEPARTMENT]}
    total = total_of(where.table, city.scoring)
    ground = await read_ground(conn, question.by, await active_version(conn, now))
    tops = sorted(
        lines_of(categories.table, _category_names(city), city.scoring),
        key=lambda line: (-line.counts.get(Count.REPORTED, 0), line.key or ""),
    )
    chart, top = _days(days)
    return Bulletin(
        city=city.name,
        span=span_told(question, city.timezone),
        made=moment_told(now, city.timezone),
        known=moment_told(period.known_at, city.timezone),
        grid=GRIDS[question.grid],
        tiles=_tiles(total, total_of(before.table, city.scoring)),
        days=chart,
        days_top=f"{top:,.0f}",
        places_name=city.levels[question.by],
        places=_places(ground, place_lines),
        place_heads=_heads(_PLACE_COUNTS, _PLACE_RATIOS),
        place_rows=[_row(line, _PLACE_COUNTS, _PLACE_RATIOS) for line in place_lines],
        department_heads=_heads(_COUNTS, _RATIOS),
        department_rows=[
            _row(line, _COUNTS, _RATIOS)
            for line in lines_of(departments.table, bodies, city.scoring)
        ],
        category_heads=_heads(_CATEGORY_COUNTS, _CATEGORY_RATIOS),
        category_rows=[
            Row(str(n), line.name, _cells(line.counts, _CATEGORY_COUNTS, _CATEGORY_RATIOS))
            for n, line in enumerate(tops[:CATEGORIES], 1)
            if line.counts.get(Count.REPORTED)
        ],
        late=[_late(one, question.by, areas, bodies, city) for one in longest.found],
        late_more=longest.more,
        grades=city.scoring.grades,
        identity=_identity(total.counts),
        weights=[
            (INDICATORS[key].name, f"{weight:g}")
            for key, weight in city.scoring.weights.items()
            if weight
        ],
    )


def before_that(period: Period, timezone: str) -> Period:
    """The month before a month, else as long a time before; as it was known at its end."""
    first = period.begin.astimezone(ZoneInfo(timezone))
    if month_of(f"{first:%Y-%m}", timezone) == (period.begin, period.until):
        earlier = month_of(f"{first.date() - timedelta(days=1):%Y-%m}", timezone)
        if earlier is not None:
            return Period(*earlier, known_at=earlier[1])
    span = period.until - period.begin
    return Period(period.begin - span, period.begin, period.begin)


def _tiles(total: Line, before: Line) -> list[Tile]:
    tiles = [
        Tile(
            MEANINGS[one].name,
            f"{total.counts.get(one, 0):,.0f}",
            _changed(total.counts.get(one, 0), before.counts.get(one, 0), ",.0f"),
        )
        for one in _TILE_COUNTS
    ]
    for key in _TILE_RATIOS:
        one = INDICATORS[key]
        value, old = one.of(total.counts).value, one.of(before.counts).value
        change = None if value is None or old is None else 100 * (value - old)
        good = _is_good(change, one.better)
        told = "" if change is None else _signed(change, ".1f") + "%"
        tiles.append(Tile(one.name, shown(one, total.counts), told, good))
    return [*tiles, _score_tile(total, before.score)]


def _score_tile(total: Line, before: float | None) -> Tile:
    score = total.score
    value = NONE if score is None else f"{score:.1f}"
    change = None if score is None or before is None else score - before
    told = "" if change is None else _signed(change, ".1f")
    return Tile(Label("综合得分", "score"), value, told, _is_good(change, Better.HIGH), total.grade)


def _changed(value: float, before: float, form: str) -> str:
    return _signed(value - before, form) if before else ""


def _signed(change: float, form: str) -> str:
    told = format(abs(change), form)
    if not float(told.replace(",", "")):
        return "＝ 持平 same"
    return f"{'▲' if change > 0 else '▼'} {told}"


def _is_good(change: float | None, better: Better) -> bool | None:
    if change is None or abs(change) < 0.05 or better is Better.UNJUDGED:
        return None
    return (change > 0) == (better is Better.HIGH)


def _heads(counts: Sequence[Count], ratios: Sequence[str]) -> list[Label]:
    return [MEANINGS[one].name for one in counts] + [INDICATORS[key].name for key in ratios]


def _cells(counts: Counts, shown_counts: Sequence[Count], ratios: Sequence[str]) -> list[str]:
    return [
        *(f"{counts.get(one, 0):,.0f}" for one in shown_counts),
        *(shown(INDICATORS[key], counts) for key in ratios),
    ]


def _row(line: Line, counts: Sequence[Count], ratios: Sequence[str]) -> Row:
    return Row(
        rank=NONE if line.rank is None else str(line.rank),
        name=line.name,
        cells=_cells(line.counts, counts, ratios),
        score=NONE if line.score is None else f"{line.score:.1f}",
        grade=line.grade,
    )


def _places(ground: Ground, lines: Sequence[Line]) -> list[Place]:
    grades = {line.key: line.grade for line in lines}
    drawn = drawn_places(ground.shapes, *MAP_SIZE)
    return [
        Place(name, one, grades.get(code))
        for code, name, one in zip(ground.codes, ground.names, drawn, strict=True)
    ]


def _days(days: Days) -> tuple[list[Day], float]:
    every = days.all()
    series = [[counted[day] for day in every] for counted in (days.reported, days.disposed)]
    (reported, disposed), top = bars(series, *DAYS_SIZE)
    apart = max(1, len(every) // 10)
    return [
        Day(_day(day) if n % apart == 0 else "", reported[n], disposed[n])
        for n, day in enumerate(every)
    ], top


def _day(day: date) -> str:
    return f"{day.month}-{day.day}"


def _category_names(city: City) -> Mapping[str | None, Label]:
    return {one.code: one.name for one in city.catalogue.reportable}


def _late(
    one: Late, by: str, areas: AreasEver, bodies: Mapping[str | None, Label], city: City
) -> LateCase:
    code = next((area for area in one.told.areas if areas.levels.get(area) == by), "")
    category = city.catalogue.find(one.told.category)
    done = Label("已处置", "done") if one.disposal.handled_at else Label("未处置", "not done")
    state = Label("不计责,", "excused, ") if one.disposal.excused else Label("", "")
    return LateCase(
        number=one.number,
        category=category.name if category else Label(*[one.told.category] * 2),
        place=areas.names.get(code) or Label(code, code),
        department=bodies.get(one.department) or Label(*[str(one.department)] * 2),
        due=moment_told(one.due_at, city.timezone)[5:],
        late=_span(one.by),
        state=Label(state.zh + done.zh, state.en + done.en),
    )


def _span(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:.1f} d" if hours >= 48 else f"{hours:.1f} h"


def _identity(counts: Counts) -> str:
    whole, *parts = (
        f"{counts.get(one, 0):,.0f}"
        for one in (Count.NEED, Count.IN_TIME, Count.LATE, Count.LATE_OPEN)
    )
    zh = "应处置 = 按期处置 + 超期处置 + 超期未处置"
    return f"{zh}: {whole} = {' + '.join(parts)}"
