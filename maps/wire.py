"""The text of the live stream: server-sent events, numbered by the log so that they resume. Pure.

Events: ``patch`` (id = last row; a frame with the server's time), ``beat`` (the stream lives),
``reset`` (fetch a new snapshot), ``hello`` (where the stream begins).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from maps.board import Board, Marker
from maps.patch import Frame

RESET: Final = b"event: reset\ndata: {}\n\n"

_ENCODE = msgspec.json.Encoder().encode


class _SentFrame(msgspec.Struct):
    first: int
    last: int
    at: str
    shown: tuple[Marker, ...]
    gone: tuple[tuple[int, int], ...]


def frame_text(frame: Frame, now: datetime) -> bytes:
    """A frame as one event; its id is the last row in it."""
    sent = _SentFrame(frame.first, frame.last, utc_text(now), frame.shown, frame.gone)
    return b"event: patch\nid: %d\ndata: %b\n\n" % (frame.last, _ENCODE(sent))


def beat_text(
    position: int,
    now: datetime,
    current_at: datetime,
    degraded: Sequence[str] = (),
    situations: int = 0,
) -> bytes:
    """A sign of life: *current_at* is when the server last was sure to know the newest row.

    *degraded* names what of the servers is missing, worst first; *situations* is the last row about
    one: when it is another, the page asks for them anew.
    """
    beat = {
        "position": position,
        "at": utc_text(now),
        "current_at": utc_text(current_at),
        "degraded": list(degraded),
        "situations": situations,
    }
    return b"event: beat\ndata: %b\n\n" % _ENCODE(beat)


def hello_text(position: int, now: datetime) -> bytes:
    """The first event of a stream, sent at once so that proxies and pages see it open."""
    greeting = {"position": position, "at": utc_text(now)}
    return b"retry: 1000\nevent: hello\ndata: %b\n\n" % _ENCODE(greeting)


def snapshot_text(board: Board, now: datetime) -> bytes:
    """A whole board as JSON: ``{"position", "at", "cases": [...]}``."""
    markers = list(board.markers.values())
    return _ENCODE({"position": board.position, "at": utc_text(now), "cases": markers})


def utc_text(at: datetime) -> str:
    """An aware time as RFC 3339 in UTC with milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
