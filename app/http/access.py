"""The one way into a route: it names its action, and the policy says who may take it.

``Route("/api/cases", guarded("case.read", list_cases))``: the endpoint is called with the actor. A
test walks all routes of the application and fails when one names none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol, cast

from starlette.requests import Request
from starlette.responses import Response

from app.http.once import Once
from app.identity.signers import signed_by
from app.policy import POLICY, Actor, authorize
from app.problems import Problem

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN: Final = {"grid.read": "grid.read_open"}


class Identifier(Protocol):
    """Whoever can tell from a request who asks; `VISITOR` when nobody is known."""

    async def actor_of(self, request: Request) -> Actor:
        """Who asks; raises Problem 401 for a key or session that is not valid (any more)."""
        ...


class UnknownAction(Exception):
    """A route named an action that the policy does not list."""

    def __init__(self, action: str) -> None:
        super().__init__(f"{action!r} is not in the policy: add it to POLICY in app/policy.py")
        self.action = action


Endpoint = Callable[[Request], Awaitable[Response]]
ActorEndpoint = Callable[[Request, Actor], Awaitable[Response]]


class Guarded:
    """An endpoint behind the policy; *action* is read by the route test."""

    def __init__(self, action: str, endpoint: ActorEndpoint) -> None:
        if action not in POLICY:
            raise UnknownAction(action)
        self.action, self.endpoint = action, endpoint

    async def respond(self, request: Request) -> Response:
        """The endpoint's answer to an actor who may ask; raises Problem or Refused.

        What a signed request changes, its repetition does not change again.
        """
        identifier = cast("Identifier", request.app.state.identifier)
        actor = await identifier.actor_of(request)
        if actor.by_cookie:
            refuse_forgery(request)
        authorize(actor, action_asked(request, self.action))
        if request.method not in _SAFE_METHODS and (signed := signed_by(request)) is not None:
            once = cast("Once", request.app.state.once)
            return await once.answer(
                request, signed, actor.name, lambda: self.endpoint(request, actor)
            )
        return await self.endpoint(request, actor)


def guarded(action: str, endpoint: ActorEndpoint) -> Endpoint:
    """*endpoint* as a Starlette route takes it; it is called with the actor."""
    return Guarded(action, endpoint).respond


def action_asked(request: Request, action: str) -> str:
    """The action the policy is asked for: where a setting opens *action* to everybody, that one."""
    is_open = cast("bool", request.app.state.settings.grid_open)
    return _OPEN.get(action, action) if is_open else action


def refuse_forgery(request: Request) -> None:
    """A page of another origin must not act with this browser's session (CSRF)."""
    if request.method in _SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        same = site in ("same-origin", "none")
    else:
        same = request.headers.get("origin") in (None, _own_origin(request))
    if not same:
        raise Problem(403, "a page of another site asked for this; open it from our own pages")


def _own_origin(request: Request) -> str:
    public_url = cast("str | None", request.app.state.settings.public_url)
    if public_url is not None:
        return public_url.rstrip("/")
    return f"{request.url.scheme}://{request.headers.get('host', '')}"
