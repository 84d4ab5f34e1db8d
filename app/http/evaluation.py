"""Evaluation for supervisors, commanders and auditors: tables as JSON, CSV or XLSX."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.evaluation.answering import Evaluation, evaluate
from app.evaluation.asking import (
    GridAsked,
    Question,
    WrongQuestion,
    check_period,
    known_by,
    moment_of,
)
from app.evaluation.comma import as_csv
from app.evaluation.telling import as_told, definitions
from app.http.access import guarded
from app.http.answers import json_answer
from app.http.city import City
from app.http.parameters import BadValue, Parameters, Query
from app.http.wiring import wiring_of
from app.policy import Actor, reach
from app.problems import Fault, Problem
from dispatch.postgres.clock import now

_ACTION: Final = "evaluation.read"
_DETAIL: Final = "the evaluation cannot be asked so"
_FORMATS: Final = ("json", "csv", "xlsx")
_CSV: Final = "text/csv; charset=utf-8"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TIME: Final = "a day like 2026-11-01 or a time like 2026-11-01T08:00, by the clocks of the city"
_PATIENCE_S: Final = 20.0


QUERY: Final = (
    Query("by", "cell, a level of areas, department, inspector, operator or dispatcher",
          required=True),
    Query("from", "First day, or time, by the clocks of the city; else this month"),
    Query("until", "The day or time after the last; else now"),
    Query("as_of", "By what was known then; else at the end of the period"),
    Query("grid", "The cells that cases had then, or those of now",
          {"type": "string", "enum": [*GridAsked], "default": GridAsked.THEN}),
    Query("format", "The form of the answer",
          {"type": "string", "enum": [*_FORMATS], "default": _FORMATS[0]}),
)  # fmt: skip


async def ask(request: Request, actor: Actor) -> Response:
    """What cells, areas, departments or people did: ?by=department&from=2026-11-01&until=…"""
    wiring = wiring_of(request)
    city = wiring.current_city()
    async with wiring.database.connection() as conn:
        moment = (await now(conn)).astimezone(ZoneInfo(city.timezone))
    question, form = _asked(request, city, moment)
    async with _turn(wiring.evaluations), wiring.database.connection() as conn:
        found = await evaluate(conn, question, city, reach(actor, _ACTION), moment)
    return await asyncio.to_thread(_answer, found, form, city)


async def define(request: Request, actor: Actor) -> Response:
    """Every count and indicator in words, the weights of the score and its grades."""
    city = wiring_of(request).current_city()
    return json_answer(definitions(city.scoring, city.levels, city.timezone))


@asynccontextmanager
async def _turn(evaluations: asyncio.Semaphore) -> AsyncGenerator[None]:
    """All histories of a period go by for an answer: one at a time, and nobody waits for long."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await evaluations.acquire()
    except TimeoutError:
        raise Problem(503, "another evaluation is being made", retry_after_s=30) from None
    try:
        yield
    finally:
        evaluations.release()


def _asked(request: Request, city: City, moment: datetime) -> tuple[Question, str]:
    """The question and the form of its answer; Problem 400 names every parameter that is wrong."""
    given = Parameters(request.query_params.multi_items(), [one.name for one in QUERY])
    time_of = _times(city)
    known = known_by(tuple(city.levels))
    by = given.need("by", _one_of(known), f"one of {', '.join(known)}")
    begin, until = given.take("from", time_of), given.take("until", time_of)
    known_at = given.take("as_of", time_of)
    grid = given.take("grid", _one_of(tuple(GridAsked))) or GridAsked.THEN
    form = given.take("format", _one_of(_FORMATS)) or _FORMATS[0]
    given.finish(400, _DETAIL)
    try:
        period = check_period(begin, until, known_at, moment)
    except WrongQuestion as wrong:
        fault = Fault(wrong.field, wrong.problem, wrong.remedy)
        raise Problem(400, _DETAIL, fault) from wrong
    return Question(by or "", period, GridAsked(grid)), form


def _times(city: City) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        moment = moment_of(text.replace(" ", "+"), city.timezone)  # '+' that nobody escaped
        if moment is None:
            raise BadValue("is not a time", _TIME)
        return moment

    return read


def _one_of(known: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise BadValue("is not known here", f"one of {', '.join(known)}")
        return text

    return read


def _answer(found: Evaluation, form: str, city: City) -> Response:
    match form:
        case "csv":
            return _file(as_csv(found), _CSV, found, form)
        case "xlsx":
            # Few ask for one, and what makes it takes a while to load.
            from app.evaluation.workbook import as_xlsx

            made = as_xlsx(found, city.scoring, city.name, city.timezone)
            return _file(made, _XLSX, found, form)
        case _:
            return json_answer(as_told(found))


def _file(content: bytes, media_type: str, found: Evaluation, form: str) -> Response:
    period = found.question.period
    name = f"evaluation-{found.question.by}-{period.begin:%Y%m%d}-{period.until:%Y%m%d}.{form}"
    return Response(
        content,
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        },
        media_type=media_type,
    )


ROUTES: Final = [
    Route("/api/evaluation", guarded(_ACTION, ask), methods=["GET"]),
    Route("/api/evaluation/definitions", guarded(_ACTION, define), methods=["GET"]),
]
