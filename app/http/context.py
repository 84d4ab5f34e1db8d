"""Around every request: its id, its figures, and headers that belong on every answer."""

from __future__ import annotations

import re
import time
from typing import Final
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.metrics import DoorMetrics

_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_DOORS: Final = (
    "/api/reports",
    "/api/observations",
    "/api/cases",
    "/api/",
    "/open311/",
    "/ogc/",
    "/sta/",
    "/live/",
    "/tiles/",
    "/static/",
)
_log = structlog.get_logger()


class RequestContext:
    """The outermost layer. A request id of the caller is kept when it is a plain word."""

    def __init__(self, app: ASGIApp, metrics: DoorMetrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; time is counted until the answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _request_id(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request_id)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(scope["path"], message["status"], time.perf_counter() - began)
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                headers["x-content-type-options"] = "nosniff"
                headers.setdefault("referrer-policy", "same-origin")
            await send(message)

        await self._app(scope, receive, sending)

    def _count(self, path: str, status: int, seconds: float) -> None:
        door = next((door for door in _DOORS if path.startswith(door)), "other")
        self._metrics.requests.labels(door, status).inc()
        self._metrics.latency.labels(door).observe(seconds)
        if status >= 400:
            _log.info("request refused", door=door, status=status)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ID.fullmatch(value):
            return value.decode("ascii")
    return uuid4().hex
