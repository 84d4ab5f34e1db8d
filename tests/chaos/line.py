"""One connection of a phone: kept alive, cut on purpose or by the other side, made again.

Raw sockets instead of an HTTP client, because a client of comfort cannot hang up in the middle of
an answer, and because 300,000 requests must leave the cores to the doors.
"""

from __future__ import annotations

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_PATIENCE_S: Final = 30.0
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_RETRY: Final = re.compile(rb"\r\nretry-after: (\d+)", re.IGNORECASE)


class LineCut(Exception):
    """No whole answer came; whether the request was taken is not known."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"no whole answer from {url}: {reason}")
        self.url, self.reason = url, reason


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. *retry_after_s* is None when the door did not say when to come again."""

    status: int
    body: bytes
    retry_after_s: int | None


class Line:
    """A connection to the door at *url*, opened when it is needed."""

    def __init__(self, url: str) -> None:
        self.url = url
        split = urlsplit(url)
        self._host, self._port = split.hostname or "", split.port or 80
        self._ends: tuple[StreamReader, StreamWriter] | None = None

    async def ask(self, request: bytes) -> Answer:
        """Send and read the whole answer. Raises LineCut."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await self._open()
                writer.write(request)
                return await _read(reader)
        except (OSError, EOFError, TimeoutError) as err:
            self.cut()
            raise LineCut(self.url, type(err).__name__) from err

    async def hang_up(self, request: bytes, *, bytes_read: int, after_s: float) -> None:
        """Send, wait for the first *bytes_read* bytes of the answer and *after_s*, then cut."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await self._open()
                writer.write(request)
                await writer.drain()
                await reader.readexactly(bytes_read)
                await asyncio.sleep(after_s)
        except (OSError, EOFError, TimeoutError):
            pass  # the other side was quicker
        finally:
            self.cut()

    def cut(self) -> None:
        """Close at once; the next request opens a new connection."""
        if self._ends is not None:
            self._ends[1].transport.abort()
            self._ends = None

    async def _open(self) -> tuple[StreamReader, StreamWriter]:
        if self._ends is None:
            self._ends = await asyncio.open_connection(self._host, self._port)
        return self._ends


def post(path: str, body: bytes, *, host: str, token: str, key: str) -> bytes:
    """A whole `POST` of JSON as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nIdempotency-Key: {key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _read(reader: StreamReader) -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    length, retry = _LENGTH.search(head), _RETRY.search(head)
    body = await reader.readexactly(int(length[1]) if length else 0)
    return Answer(int(head[9:12]), body, int(retry[1]) if retry else None)
