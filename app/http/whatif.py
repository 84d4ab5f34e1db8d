"""What if: a supervisor or administrator tries a pack, a part or a grid on past cases.

Nothing is loaded and no case is changed. A supervisor's trial is of the cases in the own areas;
nobody sees the trial of another.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from app.grid.moments import NotAMoment, moment_of
from app.http.access import guarded
from app.http.answers import json_answer
from app.http.bodies import check_type, read_body
from app.http.parameters import BadValue, Parameters
from app.http.wiring import wiring_of
from app.policy import Actor, reach
from app.problems import Fault, Problem
from app.whatif.order import PACK, Order
from app.whatif.proposal import FILE_NAMES
from app.whatif.trials import Busy, Stage, Trial
from grid.naming import Label

ACTION: Final = "whatif.run"
PACK_LIMIT: Final = 64 * 1024**2
PART_LIMIT: Final = 8 * 1024**2
_KNOWN: Final = ("part", "grid", "from", "until")
_CANNOT: Final = "this cannot be tried"
_LARGEST_GRID: Final = 2**31 - 1


async def begin(request: Request, actor: Actor) -> Response:
    """Begin a trial: 202 with its id. The body is a pack (application/zip) or a part (text/plain).

    `part` says which, `pack` if left out; `grid` is a stored version and needs no body; `from` and
    `until` bound when the cases were opened, in city time unless they name an offset.
    """
    trials = wiring_of(request).trials
    try:
        trials.check_free()
        order = _order(request, actor)
        content = await _content(request, order)
        trial = trials.begin(order, content, actor.name)
    except Busy as err:
        told = Label("已有一次推演在进行：请等它结束，或请发起人停止", str(err))
        raise Problem(409, str(err), told=told) from err
    return json_answer(_shown(trial), 202)


def _order(request: Request, actor: Actor) -> Order:
    zone = str(wiring_of(request).current_city().terms.calendar.timezone)
    given = Parameters(request.query_params.multi_items(), _KNOWN)
    part, grid = given.take("part", _part), given.take("grid", _grid)
    begin, until = given.take("from", _moment(zone)), given.take("until", _moment(zone))
    given.finish(422, _CANNOT)
    if begin and until and begin >= until:
        fault = Fault("until", "is not later than 'from'", "give a period with an end after it")
        raise Problem(422, _CANNOT, fault)
    if part == PACK and grid is not None:
        raise Problem(422, _CANNOT, Fault("grid", "the pack brings its own grid", "leave it out"))
    within = reach(actor, ACTION)
    areas = None if within.city else sorted(within.areas)
    return Order(part or (None if grid else PACK), grid, begin, until, areas)


def _part(text: str) -> str:
    if text != PACK and text not in FILE_NAMES:
        raise BadValue(
            f"{text[:50]!r} cannot be tried", f"there are {', '.join([PACK, *FILE_NAMES])}"
        )
    return text


def _grid(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:11]) <= _LARGEST_GRID):
        raise BadValue("is no version of the grid", "give the number of a stored version")
    return int(text)


def _moment(zone: str) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        try:
            return moment_of(text, zone)
        except NotAMoment:
            raise BadValue(f"{text[:50]!r} is no time", "write it like 2027-01-01T08:30") from None

    return read


async def _content(request: Request, order: Order) -> bytes:
    if order.part is None:
        return b""
    check_type(request, "application/zip" if order.part == PACK else "text/plain")
    content = await read_body(request, PACK_LIMIT if order.part == PACK else PART_LIMIT)
    if not content:
        raise Problem(422, _CANNOT, Fault("body", "is empty", "send the file to try"))
    return content


async def latest(request: Request, actor: Actor) -> Response:
    """The last trial of the person who asks, null when there is none; without its result."""
    trial = wiring_of(request).trials.last
    return json_answer({"trial": _shown(trial) if trial and trial.by == actor.name else None})


async def read(request: Request, actor: Actor) -> Response:
    """How a trial stands, and its result once it is done."""
    trial = _trial(request, actor)
    return json_answer({**_shown(trial), "result": trial.result})


async def stop(request: Request, actor: Actor) -> Response:
    """Stop a trial; one that is over stays as it is."""
    trial = _trial(request, actor)
    await wiring_of(request).trials.stop()
    return json_answer(_shown(trial))


async def table(request: Request, actor: Actor) -> Response:
    """All changed cases as CSV."""
    trial = _trial(request, actor)
    if trial.stage is not Stage.DONE or not (trial.result or {}).get("ok"):
        raise Problem(409, "this trial has no table of changed cases")
    headers = {"cache-control": "no-store"}
    return FileResponse(trial.table, 200, headers, "text/csv", filename="changed.csv")


def _trial(request: Request, actor: Actor) -> Trial:
    trial = wiring_of(request).trials.find(request.path_params["trial"], actor.name)
    if trial is None:
        told = Label(
            "没有这次推演：每个网页进程只保留最近一次", "there is no such trial (any more)"
        )
        raise Problem(404, told.en, told=told)
    return trial


def _shown(trial: Trial) -> dict[str, Any]:
    return {
        "id": trial.id,
        "stage": trial.stage,
        "part": trial.order.part,
        "grid": trial.order.grid,
        "from": trial.order.begin,
        "until": trial.order.until,
        "began_at": trial.began_at,
        "done": trial.done,
        "total": trial.total,
    }


ROUTES: Final = [
    Route("/api/whatif", guarded(ACTION, begin), methods=["POST"]),
    Route("/api/whatif", guarded(ACTION, latest), methods=["GET"]),
    Route("/api/whatif/{trial}", guarded(ACTION, read), methods=["GET"]),
    Route("/api/whatif/{trial}", guarded(ACTION, stop), methods=["DELETE"]),
    Route("/api/whatif/{trial}/changed.csv", guarded(ACTION, table), methods=["GET"]),
]
