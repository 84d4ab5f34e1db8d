"""Reading request bodies: bounded before anything is parsed, of a stated type, as sent."""

from __future__ import annotations

from typing import Final

from starlette.requests import ClientDisconnect, Request

from app.problems import Problem

JSON_LIMIT: Final = 256 * 1024
PHOTO_LIMIT: Final = 12 * 1024 * 1024


class HungUp(Exception):
    """The caller went away before the whole request had arrived; nothing was stored."""


def check_type(request: Request, media_type: str) -> None:
    """Raise Problem 415 unless the body says it is *media_type*, in UTF-8 and uncompressed."""
    parameters = request.headers.get("content-type", "").partition(";")[2]
    charset = parameters.lower().partition("charset=")[2].strip(' "')
    if not is_of_type(request, media_type) or charset not in ("", "utf-8", "utf8"):
        raise Problem(415, f"send the content as {media_type}, in UTF-8")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "send the content uncompressed")


def is_of_type(request: Request, media_type: str) -> bool:
    """Whether the body says it is *media_type*."""
    sent = request.headers.get("content-type", "").partition(";")[0]
    return sent.strip().lower() == media_type


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body; Problem 413 as soon as it is known to be longer than *limit* bytes."""
    if _stated_length(request) > limit:
        raise Problem(413, f"at most {limit} bytes are taken here")
    chunks: list[bytes] = []
    length = 0
    try:
        async for chunk in request.stream():
            length += len(chunk)
            if length > limit:
                raise Problem(413, f"at most {limit} bytes are taken here")
            chunks.append(chunk)
    except ClientDisconnect as err:
        raise HungUp from err
    return b"".join(chunks)


def _stated_length(request: Request) -> int:
    stated = request.headers.get("content-length", "0")
    if not (stated.isascii() and stated.isdigit() and len(stated) < 19):
        raise Problem(400, "Content-Length is not a number of bytes")
    return int(stated)
