"""How a client speaks to the doors: any of them, again and again, until it has a real answer."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from tests.chaos.line import Answer, Line, LineCut

PATIENCE_S: Final = 8.0
LATER: Final = frozenset({429, 503})
"""Nothing was stored, the same may be sent again."""


@dataclass(frozen=True, slots=True)
class Message:
    """One request, whole: a repeat of it is the same bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def as_bytes(self, host: str) -> bytes:
        """What goes over the wire; the connection is for this request only."""
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            f"Host: {host}",
            "Connection: close",
            f"Content-Length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + self.body


class Doors:
    """All web processes; each attempt goes to any of them."""

    def __init__(self, urls: list[str], rng: random.Random) -> None:
        self._urls, self._rng = urls, rng

    async def ask(self, message: Message) -> Answer | None:
        """One attempt; None when no whole answer came."""
        line = self._line()
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await line.ask(message.as_bytes(_host(line)))
        except (LineCut, TimeoutError):
            return None
        finally:
            line.cut()

    async def hang_up(self, message: Message) -> None:
        """One attempt that is given up before, at, or in the middle of the answer."""
        line = self._line()
        bytes_read = self._rng.choice((0, 0, 1, 12, 60))
        try:
            async with asyncio.timeout(PATIENCE_S):
                request = message.as_bytes(_host(line))
                await line.hang_up(request, bytes_read=bytes_read, after_s=self._wait_s(bytes_read))
        except TimeoutError:
            pass
        finally:
            line.cut()

    async def fetch(self, path: str, key: str) -> Any:
        """What a door tells as JSON, asked for until it answers 200."""
        message = Message("GET", path, {"X-Api-Key": key, "Accept": "application/json"})
        while True:
            answer = await self.ask(message)
            if answer is not None and answer.status == 200:
                with suppress(ValueError):
                    return json.loads(answer.body)
            await asyncio.sleep(0.3)

    def _line(self) -> Line:
        return Line(self._rng.choice(self._urls))

    def _wait_s(self, bytes_read: int) -> float:
        """Who reads nothing of the answer is cut off somewhere while it is made."""
        return 0.0 if bytes_read else self._rng.choice((0.0, 0.002, 0.01, 0.05))


def _host(line: Line) -> str:
    return line.url.partition("://")[2]


def is_final(answer: Answer | None) -> bool:
    """Whether nothing better will come by sending the same again."""
    return answer is not None and answer.status not in LATER
