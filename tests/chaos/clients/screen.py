"""A screen with the live map: a snapshot, then every change, over lines that break.

``python -m tests.chaos.clients.screen --run FOLDER --doors URL,URL``

It folds the patches itself. When asked to stop it waits for a last sign of life of its stream and
writes the board it believes in to ``screen.json``.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx

from tests.chaos.clients import SCREEN
from tests.chaos.clients.books import read_keys
from tests.chaos.clients.program import Stop, arguments, doors, run

SILENCE_S: Final = 8.0
LAST_WORD_S: Final = 10.0
BOOK: Final = "screen.json"

Marker = dict[str, Any]


class MissedPatches(Exception):
    """A frame begins after rows that were never seen: only a new snapshot helps."""


class Board:
    """Every open case as the screen believes it to be, after row *position* of the log."""

    def __init__(self, position: int, cases: list[Marker]) -> None:
        self.position = position
        self.cases = {case["id"]: case for case in cases}

    def advance(self, frame: dict[str, Any]) -> None:
        """Fold a frame in; what is known already changes nothing. Raises MissedPatches."""
        if frame["first"] > self.position + 1:
            raise MissedPatches
        if frame["last"] <= self.position:
            return
        for case in frame["shown"]:
            if self._is_news(case["id"], case["version"]):
                self.cases[case["id"]] = case
        for case_id, version in frame["gone"]:
            if self._is_news(case_id, version):
                self.cases.pop(case_id, None)
        self.position = frame["last"]

    def _is_news(self, case_id: int, version: int) -> bool:
        known = self.cases.get(case_id)
        return known is None or version > known["version"]


class Screen:
    """Follows the live map from any door; starts over when it is told to or has a hole."""

    def __init__(self, urls: list[str], key: str, rng: random.Random) -> None:
        self._urls, self._rng = urls, rng
        self._headers = {"X-Api-Key": key}
        self.board: Board | None = None
        self.beats = 0
        self.snapshots = 0
        self.streams = 0

    async def follow(self) -> None:
        """Follow until cancelled."""
        timeout = httpx.Timeout(SILENCE_S, connect=2.0)
        while True:
            url = self._rng.choice(self._urls)
            with suppress(httpx.HTTPError, ValueError):
                async with httpx.AsyncClient(
                    base_url=url, headers=self._headers, timeout=timeout, trust_env=False
                ) as client:
                    await self._follow_from(client)
            await asyncio.sleep(0.3)

    async def _follow_from(self, client: httpx.AsyncClient) -> None:
        board = self.board or await self._start_over(client)
        since = {"since": board.position}
        async with client.stream("GET", "/live/events", params=since) as answer:
            answer.raise_for_status()
            self.streams += 1
            async for event, told in events(answer.aiter_lines()):
                if event == "beat":
                    self.beats += 1
                elif event == "reset" or not self._fold(board, event, told):
                    self.board = None
                    return

    def _fold(self, board: Board, event: str, told: str) -> bool:
        """Whether the board is still whole after this event."""
        try:
            if event == "patch":
                board.advance(json.loads(told))
        except MissedPatches:
            return False
        return True

    async def _start_over(self, client: httpx.AsyncClient) -> Board:
        answer = await client.get("/live/snapshot")
        answer.raise_for_status()
        told = answer.json()
        self.snapshots += 1
        self.board = Board(told["position"], told["cases"])
        return self.board


async def events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str]]:
    """Server-sent events as (name, content)."""
    event, told = "message", ""
    async for line in lines:
        name, _, value = line.partition(":")
        if not line:
            if told:
                yield event, told
            event, told = "message", ""
        elif name == "event":
            event = value.strip()
        elif name == "data":
            told += value.strip()


async def watch(given: Namespace, stop: Stop) -> None:
    """Watch until asked to stop, then write what is on the screen."""
    screen = Screen(given.doors, read_keys(given.run)[SCREEN], random.Random(given.seed))
    following = asyncio.create_task(screen.follow())
    await stop.wait()
    await _last_word(screen)
    following.cancel()
    _write(given.run / BOOK, screen)


async def _last_word(screen: Screen) -> None:
    """Until the stream has said once more that it lives: what it had to tell has then come."""
    heard = screen.beats
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORD_S):
            while screen.beats <= heard + 1:
                await asyncio.sleep(0.1)


def _write(path: Path, screen: Screen) -> None:
    board = screen.board or Board(-1, [])
    told = {
        "t": time.time(),
        "position": board.position,
        "snapshots": screen.snapshots,
        "streams": screen.streams,
        "cases": list(board.cases.values()),
    }
    path.write_text(json.dumps(told))


def main() -> None:
    """The command line."""
    parser = arguments("screen")
    parser.add_argument("--doors", type=doors, required=True, help="URL,URL of the web processes")
    given = parser.parse_args()
    run(lambda stop: watch(given, stop))


if __name__ == "__main__":
    main()
