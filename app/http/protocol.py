"""The HTTP parser's bounds: how large a head may be, and how slowly a request may come.

uvicorn waits for ever for the end of a request that has begun; a thousand callers that send a byte
a minute would then hold a thousand connections.
"""

from __future__ import annotations

from asyncio import BaseTransport, TimerHandle, Transport
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 32 * 1024
HEAD_FIELDS: Final = 100
HEAD_S: Final = 10.0
BODY_S: Final = 120.0

_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\n"
    b"content-length: 25\r\nconnection: close\r\n\r\nThe headers are too large"
)


class HeadTooLarge(Exception):
    """The head of a request is over its bounds; raised to stop the parser."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with these bounds; *head_s* and *body_s* can be set by a subclass."""

    head_s = HEAD_S
    body_s = BODY_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: TimerHandle | None = None
        self._in_head = True
        self._unfinished = 0
        self._fields = self._field_bytes = 0
        self._too_large = False

    def connection_made(self, transport: BaseTransport) -> None:
        """Start the clock: a connection that sends nothing is not kept either."""
        super().connection_made(cast("Transport", transport))
        self._arm(self.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; a head that is still open may not grow for ever, not even within one field."""
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._unfinished += len(data)
            if self._unfinished > HEAD_BYTES:
                self._too_large = True
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """Another request on this connection."""
        super().on_message_begin()
        self._in_head = True
        self._fields = self._field_bytes = 0
        if self._timer is None:
            self._arm(self.head_s)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count the field; raises HeadTooLarge."""
        self._fields += 1
        self._field_bytes += len(name) + len(value)
        if self._fields > HEAD_FIELDS or self._field_bytes > HEAD_BYTES:
            self._too_large = True
            raise HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole; the body has its own time."""
        if len(self.url) > HEAD_BYTES:
            self._too_large = True
            raise HeadTooLarge
        self._in_head = False
        self._unfinished = 0
        self._arm(self.body_s)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request has come as a whole; answering it has no limit here."""
        self._disarm()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse the request and close: 431 when it was too large, else 400."""
        if self._too_large:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        else:
            super().send_400_response(msg)

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        self.transport.close()
