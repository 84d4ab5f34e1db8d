"""Logging in and out of a browser, and who one is."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.http.access import guarded, refuse_forgery
from app.http.answers import json_answer
from app.http.bodies import check_type, read_body
from app.http.decoding import decode
from app.http.texts import BadText, clean
from app.http.wiring import Wiring, wiring_of
from app.identity.passwords import LONGEST
from app.policy import POLICY, Actor, reach
from app.problems import Problem

_LOGIN_LIMIT: Final = 4096


class Credentials(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `POST /api/session`."""

    login: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Annotated[str, Meta(min_length=1, max_length=LONGEST)]


async def log_in(request: Request, actor: Actor) -> Response:
    """Open a session: 200 and a cookie, or 401 that tells nothing about what was wrong."""
    wiring = wiring_of(request)
    refuse_forgery(request)
    check_type(request, "application/json")
    told = decode(await read_body(request, _LOGIN_LIMIT), Credentials)
    try:
        login = clean("login", told.login, longest=64)
        password = clean("password", told.password, longest=LONGEST)
    except BadText as bad:
        raise Problem(422, "this cannot be a login and password", bad.fault) from bad
    address = request.client.host if request.client else ""
    token = await wiring.doorkeeper.log_in(login, password, address)
    answer = json_answer({"login": login})
    _set_cookie(answer, wiring, token)
    return answer


async def log_in_once(request: Request, actor: Actor) -> Response:
    """Follow a one-time login: a session and the way to the map, or the login page."""
    wiring = wiring_of(request)
    if request.method == "HEAD":
        return Response(headers=_UNCACHED)  # a look ahead must not use it up
    token = await wiring.doorkeeper.log_in_once(request.path_params["token"])
    if token is None:
        return RedirectResponse("/login", 303, headers=_UNCACHED)
    answer = RedirectResponse("/", 303, headers=_UNCACHED)
    _set_cookie(answer, wiring, token)
    return answer


_UNCACHED: Final = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


async def me(request: Request, actor: Actor) -> Response:
    """Who is logged in, with roles, scope, and the actions that are granted; 401 for visitors.

    `timezone` is that of the city, null while none is loaded: pages tell times by its clocks.
    """
    if not actor.is_known:
        raise Problem(401, "nobody is logged in")
    wiring = wiring_of(request)
    city, person = wiring.city.current, await wiring.doorkeeper.person_of(request)
    name = {"zh": person.name_zh, "en": person.name_en} if person else None
    return json_answer(
        {
            "login": actor.name,
            "name": name,
            "roles": sorted(actor.roles),
            "department": actor.department,
            "areas": sorted(actor.areas),
            "actions": [action for action in POLICY if reach(actor, action)],
            "timezone": city.timezone if city else None,
        }
    )


async def log_out(request: Request, actor: Actor) -> Response:
    """End the session; 204 also when there was none."""
    wiring = wiring_of(request)
    if (token := wiring.doorkeeper.session_token(request)) is not None:
        await wiring.doorkeeper.log_out(token)
    answer = Response(status_code=204)
    answer.delete_cookie(
        wiring.doorkeeper.cookie_name,
        secure=wiring.settings.is_https,
        httponly=True,
        samesite="lax",
    )
    return answer


def _set_cookie(answer: Response, wiring: Wiring, token: str) -> None:
    """A cookie of this browser session; `__Host-` and Secure behind https."""
    answer.set_cookie(
        wiring.doorkeeper.cookie_name,
        token,
        path="/",
        secure=wiring.settings.is_https,
        httponly=True,
        samesite="lax",
    )


ROUTES: Final = [
    Route("/api/session", guarded("session.open", log_in), methods=["POST"]),
    Route("/api/session", guarded("session.read", me), methods=["GET"]),
    Route("/api/session", guarded("session.close", log_out), methods=["DELETE"]),
    Route("/login/{token}", guarded("session.open", log_in_once), methods=["GET"]),
]
