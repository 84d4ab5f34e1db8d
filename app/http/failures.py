"""From exceptions to answers: in problem details, or in Open311's shape behind its doors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import psycopg
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.database import TRANSIENT, DatabaseAway
from app.http.answers import problem_answer
from app.http.bodies import HungUp
from app.http.open311.writing import PREFIX, error_answer
from app.http.texts import BadText, clean
from app.http.wiring import wiring_of
from app.identity.postgres import write_audit
from app.policy import Refused
from app.problems import Fault, Problem, title
from grid.naming import Label

_AWAY: Final = {"retry-after": "5"}
_WHAT: Final[Mapping[type[Exception], str]] = {
    psycopg.errors.ReadOnlySqlTransaction: "the database takes no changes right now",
    psycopg.errors.DiskFull: "the disk of the database is full",
}
_log = structlog.get_logger()


def answer(
    request: Request,
    status: int,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    told: Label | None = None,
) -> Response:
    """A problem in the shape of the door that was asked."""
    path = request.url.path
    if path.startswith(PREFIX):
        return error_answer(path, status, detail, faults, headers)
    return problem_answer(status, detail, faults, headers, told)


async def on_problem(request: Request, problem: Problem) -> Response:
    """What a door found wrong."""
    told = problem.told
    return answer(request, problem.status, problem.detail, problem.faults, problem.headers, told)


async def on_refused(request: Request, refused: Refused) -> Response:
    """401 when logging in could help, 404 when even the existence stays untold, else 403."""
    if not refused.actor.is_known:
        return answer(request, 401, "log in or show a key")
    await _note(request, refused)
    if refused.hidden:
        return answer(request, 404, "there is no such thing within your reach")
    return answer(request, 403, f"your roles do not grant {refused.action}")


async def _note(request: Request, refused: Refused) -> None:
    """Write down who was refused what; the refusal stands also when that is not possible."""
    actor, action = refused.actor.name, refused.action
    _log.info("refused", actor=actor, action=action, hidden=refused.hidden)
    named = request.path_params
    target = str(named.get("case_id") or named.get("feature") or "")[:40]
    try:
        async with wiring_of(request).database.connection() as conn:
            await write_audit(conn, actor, action, clean("case", target, longest=40), "refused")
    except (DatabaseAway, BadText, *TRANSIENT) as err:
        _log.warning("refusal not in the audit trail", actor=actor, action=action, error=str(err))


async def on_http(request: Request, error: HTTPException) -> Response:
    """What the framework answers by itself: no such path, no such method."""
    detail = title(error.status_code).en if error.status_code < 500 else str(error.detail)
    return answer(request, error.status_code, detail, headers=error.headers)


async def on_away(request: Request, error: Exception) -> Response:
    """The database is away, too busy or takes no changes: the same request may succeed later."""
    _log.warning("database away", error=str(error))
    what = _WHAT.get(type(error), "the database is away")
    return answer(request, 503, f"{what}; nothing was changed", headers=_AWAY)


async def on_unstorable(request: Request, error: psycopg.DataError) -> Response:
    """The last net: a value that passed the checks and that PostgreSQL refuses."""
    _log.error("value cannot be stored", error=str(error), kind=type(error).__name__)
    return answer(request, 422, "a value cannot be stored or compared")


async def on_hung_up(request: Request, error: HungUp) -> Response:
    """Nobody reads this answer."""
    return answer(request, 400, "the request did not arrive as a whole")


async def on_defect(request: Request, error: Exception) -> Response:
    """A defect of ours. The trace goes to the log, never to the caller."""
    _log.error("request failed", kind=type(error).__name__, exc_info=error)
    return answer(request, 500, "something broke here; it was noted")


Handler = Callable[[Request, Any], Awaitable[Response]]
HANDLERS: Final[Mapping[type[Exception], Handler]] = {
    Problem: on_problem,
    Refused: on_refused,
    HTTPException: on_http,
    DatabaseAway: on_away,
    **dict.fromkeys(TRANSIENT, on_away),
    psycopg.DataError: on_unstorable,
    HungUp: on_hung_up,
    Exception: on_defect,
}
