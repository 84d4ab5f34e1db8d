"""The receiver of a destination: writes down every delivery, durably, before it answers 200.

``python -m tests.chaos.clients.sink --run FOLDER --port P --seed N``

By seed it answers 500, or writes down and hangs up, or is slow. It may be killed at any time: at
its start it reads its ledger and goes on counting.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import re
import time
from argparse import Namespace
from asyncio import Future, Queue, StreamReader, StreamWriter
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.chaos.clients.books import Book, read_book
from tests.chaos.clients.program import Stop, arguments, run

BROKEN: Final = 0.02
HANGS_UP: Final = 0.03
SLOW: Final = 0.01
SLOW_S: Final = 1.0
LEDGER: Final = "sink.jsonl"

_KEY: Final = re.compile(rb"\r\nidempotency-key: *([^\r\n]*)", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_BROKEN: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as it came."""

    key: str
    body: bytes


class Ledger:
    """What has come, on disk; those who wait share one fsync."""

    def __init__(self, path: Path) -> None:
        self._seen = Counter(line["key"] for line in read_book(path) if "key" in line)
        self._book = Book(path)
        self._waiting: Queue[tuple[dict[str, Any], Future[None]]] = Queue()

    async def add(self, delivery: Delivery, answer: str) -> None:
        """Return when the delivery is durable. *answer* says what the sender will be told."""
        self._seen[delivery.key] += 1
        line = {
            "t": time.time(),
            "key": delivery.key,
            "body": hashlib.sha256(delivery.body).hexdigest(),
            "event_id": _event_id(delivery.body),
            "n": self._seen[delivery.key],
            "answer": answer,
        }
        done: Future[None] = asyncio.get_running_loop().create_future()
        await self._waiting.put((line, done))
        await done

    async def run(self) -> None:
        """Write what waits, over and over."""
        while True:
            taken = [await self._waiting.get()]
            while not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            self._book.write(*(line for line, _ in taken))
            await asyncio.to_thread(os.fsync, self._book.fileno())
            for _, done in taken:
                done.set_result(None)


class Sink:
    """Answers deliveries, mostly well."""

    def __init__(self, ledger: Ledger, rng: random.Random) -> None:
        self._ledger, self._rng = ledger, rng

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, until either side has enough."""
        try:
            while (delivery := await read_delivery(reader)) is not None:
                if not await self._answer(delivery, writer):
                    break
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # the sender went away; what is in the ledger stays
        finally:
            writer.transport.abort()

    async def _answer(self, delivery: Delivery, writer: StreamWriter) -> bool:
        what = self._rng.random()
        if what < BROKEN:
            writer.write(_BROKEN)
            await writer.drain()
            return True
        hangs_up = what < BROKEN + HANGS_UP
        if what > 1 - SLOW:
            await asyncio.sleep(SLOW_S)
        await self._ledger.add(delivery, "none" if hangs_up else "200")
        if hangs_up:
            return False
        writer.write(_OK)
        await writer.drain()
        return True


async def read_delivery(reader: StreamReader) -> Delivery | None:
    """The next request; None when the connection has ended before one."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as err:
        if err.partial:
            raise
        return None
    length, key = _LENGTH.search(head), _KEY.search(head)
    body = await reader.readexactly(int(length[1]) if length else 0)
    return Delivery(key[1].decode(errors="replace").strip() if key else "", body)


def _event_id(body: bytes) -> str | None:
    try:
        return json.loads(body).get("id")
    except (ValueError, AttributeError):
        return None


async def receive(given: Namespace, stop: Stop) -> None:
    """Receive until asked to stop."""
    ledger = Ledger(given.run / LEDGER)
    sink = Sink(ledger, random.Random(given.seed))
    writing = asyncio.create_task(ledger.run())
    server = await asyncio.start_server(sink.serve, "127.0.0.1", given.port)
    await stop.wait()
    server.close()
    writing.cancel()


def main() -> None:
    """The command line."""
    parser = arguments("sink")
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    run(lambda stop: receive(given, stop))


if __name__ == "__main__":
    main()
