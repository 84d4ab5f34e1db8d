"""The live map's data: a snapshot of the open cases, and everything that changes afterwards."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.http.access import guarded
from app.http.map_room import map_room_of, scope_of
from app.http.wiring import wiring_of
from app.policy import Actor
from app.problems import Fault, Problem
from maps.board import Board
from maps.postgres.log import read_board
from maps.wire import snapshot_text

READY_WITHIN_S: Final = 5.0
LONGEST_STREAM_S: Final = 600.0
"""A stream ends after so long; the page resumes it, and who it is for is asked anew."""

_STREAM_HEADERS: Final = {
    "cache-control": "no-store",
    "x-accel-buffering": "no",
}


async def snapshot(request: Request, actor: Actor) -> Response:
    """The open cases the actor may see, and the row of the log they stand after."""
    async with wiring_of(request).database.connection() as conn:
        board = await read_board(conn, scope_of(actor))
    packed = await asyncio.to_thread(_packed, board)
    headers = {"cache-control": "no-store", "vary": "accept-encoding"}
    if _takes_gzip(request):
        return Response(
            packed, headers={**headers, "content-encoding": "gzip"}, media_type="application/json"
        )
    return Response(gzip.decompress(packed), headers=headers, media_type="application/json")


async def events(request: Request, actor: Actor) -> Response:
    """Everything after row `since`, or after Last-Event-ID, as server-sent events."""
    since = _since(request)
    live = map_room_of(request).live
    if not await live.ready(READY_WITHIN_S):
        raise Problem(503, "the live map has no connection to its log yet", retry_after_s=2)
    stream = _for_a_while(live.stream(scope_of(actor), since))
    return StreamingResponse(stream, headers=_STREAM_HEADERS, media_type="text/event-stream")


async def _for_a_while(stream: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The stream until it has lasted long enough; a piece is never cut."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + LONGEST_STREAM_S
    try:
        async for text in stream:
            yield text
            if loop.time() > ends_at:
                return
    finally:
        await stream.aclose()


def _since(request: Request) -> int:
    told = request.headers.get("last-event-id") or request.query_params.get("since", "")
    if told.isascii() and told.isdigit() and len(told) < 19:
        return int(told)
    fault = Fault("since", "is not a row number", "take `position` of /live/snapshot")
    raise Problem(422, "tell after which row of the log to begin", fault)


def _packed(board: Board) -> bytes:
    return gzip.compress(snapshot_text(board, datetime.now(UTC)), compresslevel=1)


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


ROUTES: Final = [
    Route("/live/snapshot", guarded("map.read", snapshot), methods=["GET"]),
    Route("/live/events", guarded("map.read", events), methods=["GET"]),
]
