"""From the log to a screen: follow, catch up, resume, start over."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from maps.board import WHOLE_CITY, Board, Marker
from maps.hub import Hub
from maps.live import LiveMap
from maps.patch import Frame, Row, advance
from tests.maps.fakes import LogInMemory, OpenShortcut
from tests.maps.makers import make_marker, make_row

WAIT_S = 10


def rows(first: int, last: int) -> list[Row]:
    return [make_row(n, make_marker(id=n % 5 + 1, version=n)) for n in range(first, last + 1)]


class Screen:
    """A page: keeps a board by what the stream sends."""

    def __init__(self, stream: AsyncIterator[bytes], board: Board | None = None) -> None:
        self._stream = stream
        self.board = board or Board()
        self.events: list[str] = []

    async def read_until(self, position: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while self.board.position < position:
                await self._read()

    async def read_until_event(self, name: str) -> None:
        async with asyncio.timeout(WAIT_S):
            while name not in self.events:
                await self._read()

    async def _read(self) -> None:
        text = await anext(self._stream)
        for block in text.decode().strip().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.split("\n"))
            self.events.append(lines["event"])
            if lines["event"] == "patch":
                self.board = advance(self.board, [frame_of(json.loads(lines["data"]))])


def frame_of(sent: dict[str, Any]) -> Frame:
    shown = tuple(Marker(**{**case, "areas": tuple(case["areas"])}) for case in sent["shown"])
    gone = tuple((case_id, version) for case_id, version in sent["gone"])
    return Frame(sent["first"], sent["last"], shown, gone)


@pytest.fixture
def log() -> LogInMemory:
    return LogInMemory()


async def test_what_is_appended_reaches_every_screen(log: LogInMemory) -> None:
    async with LiveMap(log).running() as live:
        assert await live.ready(WAIT_S)
        screens = [Screen(live.stream(WHOLE_CITY, 0)) for _ in range(3)]
        for screen in screens:
            await screen.read_until_event("hello")

        log.append(*rows(1, 20))

        for screen in screens:
            await screen.read_until(20)
            assert sorted(screen.board.markers) == [1, 2, 3, 4, 5]


async def test_a_screen_that_comes_back_resumes_after_its_last_row_also_at_another_process(
    log: LogInMemory,
) -> None:
    log.append(*rows(1, 30))
    async with LiveMap(log).running() as first:
        assert await first.ready(WAIT_S)
        before = Screen(first.stream(WHOLE_CITY, 0))
        await before.read_until(30)
    log.append(*rows(31, 50))

    async with LiveMap(log).running() as second:
        assert await second.ready(WAIT_S)
        after = Screen(second.stream(WHOLE_CITY, 30), before.board)
        await after.read_until(50)

    assert "reset" not in after.events
    assert {marker.version for marker in after.board.markers.values()} == {46, 47, 48, 49, 50}


async def test_a_screen_that_was_away_too_long_is_told_to_start_over(log: LogInMemory) -> None:
    log.append(*rows(1, 30))
    async with LiveMap(log, hub=Hub(kept=10)).running() as live:
        assert await live.ready(WAIT_S)
        follower = Screen(live.stream(WHOLE_CITY, 20), Board(20))
        await follower.read_until(30)

        late = Screen(live.stream(WHOLE_CITY, 5))
        await late.read_until_event("reset")

        assert late.board.position == 0


async def test_the_log_may_go_away_and_come_back_without_a_gap(log: LogInMemory) -> None:
    log.append(*rows(1, 3))
    async with LiveMap(log).running() as live:
        assert await live.ready(WAIT_S)
        screen = Screen(live.stream(WHOLE_CITY, 0))
        await screen.read_until(3)

        log.go_away()
        log.rows.extend(rows(4, 9))
        log.come_back()
        log.append(*rows(10, 12))

        await screen.read_until(12)
        assert "reset" not in screen.events


async def test_another_database_behind_the_same_address_makes_screens_start_over(
    log: LogInMemory,
) -> None:
    log.append(*rows(1, 30))
    async with LiveMap(log).running() as live:
        assert await live.ready(WAIT_S)
        screen = Screen(live.stream(WHOLE_CITY, 0))
        await screen.read_until(30)

        log.replace(*rows(1, 4))

        await screen.read_until_event("reset")
        assert live.hub.position == 4


async def test_rows_that_come_by_the_shortcut_are_not_waited_for_twice(log: LogInMemory) -> None:
    log.append(*rows(1, 3))
    async with LiveMap(log, shortcut=OpenShortcut()).running() as live:
        assert await live.ready(WAIT_S)
        screen = Screen(live.stream(WHOLE_CITY, 0))
        await screen.read_until(3)

        log.rows.extend(rows(4, 5))
        live.hear(rows(4, 5))
        await screen.read_until(5)
        log.append(*rows(6, 7))

        await screen.read_until(7)
        assert live.hub.position == 7


async def test_a_hole_in_the_shortcut_is_left_to_the_log(log: LogInMemory) -> None:
    log.append(*rows(1, 3))
    async with LiveMap(log).running() as live:
        assert await live.ready(WAIT_S)

        live.hear(rows(5, 6))

        assert live.hub.position == 3


async def test_one_unreadable_row_does_not_stop_the_map(log: LogInMemory) -> None:
    log.append(Row(1, "case-events.v1", "not json"), *rows(2, 4))
    async with LiveMap(log).running() as live:
        assert await live.ready(WAIT_S)
        screen = Screen(live.stream(WHOLE_CITY, 0))

        await screen.read_until(4)

        assert len(screen.board.markers) == 3


async def test_streams_end_when_the_process_stops(log: LogInMemory) -> None:
    async with LiveMap(log).running() as live:
        assert await live.ready(WAIT_S)
        stream = live.stream(WHOLE_CITY, 0)
        assert b"event: hello" in await anext(stream)
        assert b"event: beat" in await anext(stream)

    assert [text async for text in stream] == []
    assert live.hub.viewers == 0


async def test_a_screen_that_leaves_is_forgotten(log: LogInMemory) -> None:
    async with LiveMap(log).running() as live:
        assert await live.ready(WAIT_S)
        stream = live.stream(WHOLE_CITY, 0)
        await anext(stream)
        assert live.hub.viewers == 1

        await stream.aclose()

        assert live.hub.viewers == 0
