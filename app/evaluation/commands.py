"""`citygrid report`: the evaluation of a period in the terminal, as files, as a map, for print."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from psycopg import AsyncConnection

from app.evaluation.answering import Evaluation, evaluate
from app.evaluation.asking import (
    CELL,
    GridAsked,
    Question,
    WrongQuestion,
    check_period,
    known_by,
    moment_of,
    month_of,
)
from app.evaluation.bulletin import gather
from app.evaluation.comma import as_csv
from app.evaluation.ground import graded_places, read_ground
from app.evaluation.showing import show
from app.evaluation.telling import as_told
from app.evaluation.workbook import as_xlsx
from app.grid.mapping import write_page
from app.http.city import City, read_city
from app.policy import Reach
from app.rulebook import NoCity
from app.terminal import REFUSED, UNUSABLE, AsJson, look, refused
from dispatch.evaluation.meanings import Post
from dispatch.postgres.clock import now
from grid.naming import Language
from grid.versions.postgres import active_version
from maps.errors import MapsError
from maps.report.bulletin import bulletin_page
from maps.report.graded_map import graded_page

_EVERYTHING: Final = Reach(city=True)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was typed, unread."""

    by: str
    begin: str
    until: str
    month: str
    as_of: str
    grid: GridAsked


def report(
    by: Annotated[
        str, typer.Option(help="cell, a level of areas, department, inspector, operator …")
    ] = Post.DEPARTMENT,
    begin: Annotated[str, typer.Option("--from", help="First day or time, city time.")] = "",
    until: Annotated[str, typer.Option(help="The day or time after the last.")] = "",
    month: Annotated[str, typer.Option(help="A month like 2026-11, instead of both.")] = "",
    as_of: Annotated[str, typer.Option(help="By what was known later than the end.")] = "",
    grid: Annotated[
        GridAsked, typer.Option(help="Cells that cases had then, or those of today.")
    ] = GridAsked.THEN,
    lang: Annotated[str, typer.Option(help="zh or en; the city's own if left out.")] = "",
    as_json: AsJson = False,
    csv: Annotated[Path | None, typer.Option(help="Write a table for programs.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write a workbook for people.")] = None,
    map_: Annotated[
        Path | None, typer.Option("--map", help="Write a map of graded places, .html.")
    ] = None,
    bulletin: Annotated[
        Path | None, typer.Option(help="Write the bulletin for print, .html.")
    ] = None,
) -> None:
    """Tell how cells, areas, departments or people did in a period; exit code 1 if sums differ."""
    asked = _Asked(by, begin, until, month, as_of, grid)
    try:
        language = _language(lang)
        found, city, pages = look(lambda conn: _read(conn, asked, map_, bulletin))
    except (WrongQuestion, MapsError) as err:
        raise refused(str(err)) from err
    if csv:
        _write(csv, as_csv(found))
    if xlsx:
        _write(xlsx, as_xlsx(found, city.scoring, city.name, city.timezone))
    for file, page in pages.items():
        write_page(file, page)
    if as_json:
        typer.echo(json.dumps(as_told(found), ensure_ascii=False))
    else:
        show(found, city, language or city.language)
        for file in filter(None, (csv, xlsx, *pages)):
            typer.echo(f"written: {file}")
    raise typer.Exit(0 if found.balanced else REFUSED)


async def _read(
    conn: AsyncConnection[Any], asked: _Asked, map_: Path | None, bulletin: Path | None
) -> tuple[Evaluation, City, dict[Path, str]]:
    """The answer, the city, and the pages that were asked for, by file."""
    async with conn.transaction():
        city = await read_city(conn)
        if city is None:
            raise NoCity
        moment = (await now(conn)).astimezone(ZoneInfo(city.timezone))
        question = _question(asked, city, moment)
        found = await evaluate(conn, question, city, _EVERYTHING, moment)
        pages: dict[Path, str] = {}
        if map_:
            pages[map_] = await _map(conn, found, city, moment)
        if bulletin:
            levels = list(city.levels)
            by = asked.by if asked.by in levels else levels[min(1, len(levels) - 1)]
            of_places = Question(by, question.period, question.grid)
            pages[bulletin] = bulletin_page(await gather(conn, of_places, city, moment))
    return found, city, pages


def _question(asked: _Asked, city: City, moment: datetime) -> Question:
    """What was typed, checked. Raises WrongQuestion."""
    levels = tuple(city.levels)
    if asked.by not in known_by(levels):
        raise WrongQuestion("--by", "is not known here", f"one of {', '.join(known_by(levels))}")
    begin, until = (
        _time(f"--{n}", t, city) for n, t in (("from", asked.begin), ("until", asked.until))
    )
    if asked.month:
        if asked.begin or asked.until:
            raise WrongQuestion(
                "--month", "stands beside --from or --until", "say one or the other"
            )
        span = month_of(asked.month, city.timezone)
        if span is None:
            raise WrongQuestion("--month", "is no month", "write it like 2026-11")
        begin, until = span
    period = check_period(begin, until, _time("--as-of", asked.as_of, city), moment)
    return Question(asked.by, period, asked.grid)


def _time(name: str, text: str, city: City) -> datetime | None:
    if not text:
        return None
    moment = moment_of(text, city.timezone)
    if moment is None:
        raise WrongQuestion(name, "is no time", "write 2026-11-01 or 2026-11-01T08:00, city time")
    return moment


async def _map(conn: AsyncConnection[Any], found: Evaluation, city: City, moment: datetime) -> str:
    by, levels = found.question.by, list(city.levels)
    if found.question.post is not None:
        raise WrongQuestion("--map", "has no places", f"say --by {', '.join([*levels, CELL])}")
    version = await active_version(conn, moment)
    keys = [line.key for line in found.lines if line.key is not None]
    ground = await read_ground(conn, by, version, keys)
    place = levels.index(by) if by in levels else len(levels)
    above = await read_ground(conn, levels[max(place - 1, 0)], version)
    return graded_page(graded_places(found, city, ground, above))


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as err:
        typer.echo(f"{file} cannot be written: {err.strerror}", err=True)
        raise typer.Exit(UNUSABLE) from err


def _language(text: str) -> Language | None:
    match text:
        case "":
            return None
        case "zh" | "en":
            return text
        case _:
            raise WrongQuestion("--lang", "is not known here", "zh or en")
