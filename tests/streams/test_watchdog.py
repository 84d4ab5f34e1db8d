"""When a stream counts as standing still, and what happens then."""

from __future__ import annotations

import subprocess
import sys
import threading

from hypothesis import given
from hypothesis import strategies as st

from streams.watchdog import Stall, Watchdog


class FakeStream:
    name = "reports"
    turns = 7

    def __init__(self, lag: int) -> None:
        self._lag = lag

    def lag(self) -> int:
        return self._lag


def test_waiting_work_and_no_turn_for_the_limit_is_a_stall() -> None:
    stall = Stall(limit_s=60)

    seen = [stall.seen(lag=5, turns=1, now_s=100.0 + t) for t in (0, 30, 59, 60)]

    assert seen == [False, False, False, True]


@given(st.lists(st.booleans(), min_size=1))
def test_no_lag_or_a_turn_begins_the_limit_anew(turned: list[bool]) -> None:
    stall = Stall(limit_s=60)
    turns = 0
    for look, turn in enumerate(turned):
        turns += turn
        assert not stall.seen(lag=0 if not turn else 9, turns=turns, now_s=1000.0 + 50 * look)


def test_a_stalled_stream_ends_the_process_once() -> None:
    ended: list[int] = []
    done = threading.Event()

    def end(code: int) -> None:
        ended.append(code)
        done.set()

    watchdog = Watchdog([FakeStream(0), FakeStream(3)], limit_s=0.05, end_process=end)
    watchdog.start()
    assert done.wait(20)
    watchdog.join(20)

    assert ended == [1]


def test_a_resting_watchdog_ends_nothing() -> None:
    ended: list[int] = []
    watchdog = Watchdog([FakeStream(3)], limit_s=600, end_process=ended.append)
    watchdog.start()
    watchdog.rest()
    watchdog.join(20)

    assert not watchdog.is_alive()
    assert ended == []


def test_a_process_whose_loop_is_stuck_is_really_ended() -> None:
    program = (
        "import time\n"
        "from tests.streams.test_watchdog import FakeStream\n"
        "from streams.watchdog import Watchdog\n"
        "Watchdog([FakeStream(3)], limit_s=0.2).start()\n"
        "time.sleep(60)\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], timeout=30, check=False)

    assert ended.returncode == 1
