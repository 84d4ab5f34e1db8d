"""Devices where something is going on: their samples in lanes, their rules in tracks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dispatch.sensing.calm import Block
from dispatch.sensing.courses import Course
from dispatch.sensing.lane import Lane
from dispatch.sensing.life import NEVER
from dispatch.sensing.plan import Plan
from dispatch.sensing.screening import Tally
from dispatch.sensing.state import NEVER_HEARD, State
from dispatch.sensing.track import Track

RIPE = 16
"""So many settled samples of a busy device are folded and forgotten at once."""


def wake(plan: Plan, state: State, numbers: Iterable[int], watermarks: NDArray[np.int64]) -> None:
    """Give these devices lanes and tracks."""
    wanted = sorted({number for number in numbers if number not in state.lanes})
    if wanted:
        is_wanted = np.zeros(len(plan.sensors), np.bool_)
        is_wanted[wanted] = True
        held, at_ms, values = state.calm.take(is_wanted, watermarks)
        for number in wanted:
            begin, end = np.searchsorted(held, [number, number + 1])
            state.lanes[number] = Lane(at_ms[begin:end].tolist(), values[begin:end].tolist())
        state.busy[wanted] = True
    for number in wanted:
        for course in plan.courses.listening.get(number, ()):
            if course.key not in state.tracks:
                start(state, course, int(watermarks[number]))


def start(state: State, course: Course, watermark: int) -> None:
    """Give a course a track, from the watermark on; what the lanes hold is still to be folded."""
    track = Track(course, watermark)
    heard = int(state.last_ms[course.subject])
    if course.terms.rule.signal == "silence" and NEVER_HEARD < heard < watermark:
        track.heard(heard)
    state.tracks[course.key] = track
    state.fresh[track] = True


def lay(plan: Plan, state: State, block: Block, tally: Tally) -> dict[Track, int]:
    """Lay samples into the lanes of devices that are awake.

    Gives the tracks concerned, each with the earliest instant that has changed.
    """
    touched: dict[Track, int] = {}
    for number, times, values in _by_device(block):
        some: Counter[str] = Counter()
        changed = state.lanes[number].take(zip(times, values, strict=True), some)
        if times[-1] > state.last_ms[number]:
            state.last_ms[number], state.last_value[number] = times[-1], values[-1]
        if some:
            tally.count(plan, number, some)
        for track in tracks_of(plan, state, number):
            touched[track] = min(changed, touched.get(track, NEVER))
    return touched


def settle(plan: Plan, state: State, numbers: Iterable[int], watermarks: NDArray[np.int64]) -> None:
    """Forget what is settled of these devices, and let rest those where nothing is going on.

    Of the others it is noted when time alone will change something.
    """
    for number in sorted(n for n in numbers if n in state.lanes):
        tracks = tracks_of(plan, state, number)
        _settle(state, state.lanes[number], tracks, int(watermarks[number]))
        if not plan.courses.always[number] and all(track.is_calm() for track in tracks):
            _calm_down(plan, state, number)
        else:
            own = (track.now.due() for track in tracks if track.course.subject == number)
            state.due_ms[number] = min(own, default=NEVER)


def tracks_of(plan: Plan, state: State, number: int) -> list[Track]:
    """The tracks that are judged by samples of the device."""
    listening = plan.courses.listening.get(number, ())
    return [state.tracks[course.key] for course in listening]


def _settle(state: State, lane: Lane, tracks: Sequence[Track], watermark: int) -> None:
    rests = all(track.now.life.rests_at() < watermark for track in tracks)
    if rests or lane.before(watermark) >= RIPE:
        for track in tracks:
            track.settle(state.lanes, watermark)
        lane.forget(watermark)


def _calm_down(plan: Plan, state: State, number: int) -> None:
    lane = state.lanes.pop(number)
    state.busy[number] = False
    for course in plan.courses.listening.get(number, ()):
        del state.tracks[course.key]
    if lane.times:
        numbers = np.full(len(lane.times), number, np.int32)
        state.calm.keep((numbers, np.array(lane.times, np.int64), np.array(lane.values)))
    silence_ms, last_ms = int(plan.courses.silence_ms[number]), int(state.last_ms[number])
    waits = last_ms > NEVER_HEARD and silence_ms < NEVER
    state.due_ms[number] = last_ms + silence_ms if waits else NEVER


def _by_device(block: Block) -> Iterator[tuple[int, list[int], list[float]]]:
    """The samples of each device, of a block that is sorted by device."""
    numbers, at_ms, values = block
    if len(numbers):
        cuts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
        for begin, end in pairwise(cuts):
            yield int(numbers[begin]), at_ms[begin:end].tolist(), values[begin:end].tolist()
