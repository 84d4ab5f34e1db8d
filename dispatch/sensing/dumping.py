"""The state of an engine as bytes, so that it survives restarts, new rules and new sensors."""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from typing import Any, Final

import msgspec
import numpy as np

from dispatch.sensing import busy
from dispatch.sensing.calm import Calm
from dispatch.sensing.lane import Lane
from dispatch.sensing.plan import Plan
from dispatch.sensing.state import NEVER_HEARD, State
from dispatch.sensing.track import Course, Track

VERSION: Final = 1


class BadDump(ValueError):
    """The bytes are no state that this release can read."""


def dump(plan: Plan, state: State) -> bytes:
    """See `Engine.dump`."""
    heard = np.flatnonzero(state.last_ms > NEVER_HEARD)
    state.calm.settle(plan.watermarks(state))
    numbers, at_ms, values = state.calm.all()
    code = plan.sensors
    told = {
        "version": VERSION,
        "rules": _digests(plan),
        "codes": [code[number].code for number in heard.tolist()],
        "last": [state.last_ms[heard].tobytes(), state.last_value[heard].tobytes()],
        "seen_ms": dict(zip(plan.areas, state.seen_ms.tolist(), strict=True)),
        "floor_ms": dict(zip(plan.areas, plan.settled_ms(state).tolist(), strict=True)),
        "calm": [np.searchsorted(heard, numbers).tobytes(), at_ms.tobytes(), values.tobytes()],
        "lanes": [[code[n].code, lane.times, lane.values] for n, lane in state.lanes.items()],
        "tracks": [_track(track) for track in state.tracks.values()],
        "parting": [change.as_dict() for change in state.parting],
    }
    return zlib.compress(msgspec.msgpack.encode(told), 1)


def load(plan: Plan, blob: bytes) -> State:
    """See `Engine.load`. Raises BadDump."""
    try:
        told = msgspec.msgpack.decode(zlib.decompress(blob), type=dict[str, Any])
    except (zlib.error, msgspec.DecodeError) as err:
        raise BadDump(str(err)) from err
    if told.get("version") != VERSION:
        raise BadDump(f"it is of version {told.get('version')!r}, not {VERSION}")
    return _Loading(plan, told).run()


class _Loading:
    """One state on its way from bytes to an engine that may have other rules and sensors."""

    def __init__(self, plan: Plan, told: dict[str, Any]) -> None:
        self._plan, self._told = plan, told
        self._state = plan.blank()
        self._numbers = plan.sensors.numbers(told["codes"])

    def run(self) -> State:
        """The state."""
        self._times()
        self._samples()
        self._tracks()
        self._start_what_is_new()
        return self._state

    def _times(self) -> None:
        state, known = self._state, self._numbers >= 0
        at_ms, values = self._told["last"]
        numbers = self._numbers[known]
        state.last_ms[numbers] = np.frombuffer(at_ms, np.int64)[known]
        state.last_value[numbers] = np.frombuffer(values, np.float64)[known]
        for place, area in enumerate(self._plan.areas):
            state.seen_ms[place] = self._told["seen_ms"].get(area, NEVER_HEARD)
            state.floor_ms[place] = self._told["floor_ms"].get(area, NEVER_HEARD)
        silence_ms = self._plan.courses.silence_ms
        waits = (state.last_ms > NEVER_HEARD) & (silence_ms < state.due_ms)
        state.due_ms[waits] = (state.last_ms + silence_ms)[waits]

    def _samples(self) -> None:
        state = self._state
        places, at_ms, values = self._told["calm"]
        numbers = self._numbers[np.frombuffer(places, np.intp)].astype(np.int32)
        known = numbers >= 0
        at_ms, values = np.frombuffer(at_ms, np.int64), np.frombuffer(values, np.float64)
        state.calm = Calm([(numbers[known], at_ms[known], values[known])])
        for code, times, told in self._told["lanes"]:
            [number] = self._plan.sensors.numbers([code]).tolist()
            if number >= 0:
                state.lanes[number] = Lane(times, told)
                state.busy[number] = True

    def _tracks(self) -> None:
        """Take the tracks over whose course is as it was; the alarms of the others end."""
        state = self._state
        courses = {(one.terms.rule.name, one.device): one for one in self._plan.courses.all}
        for rule, device, digest, told in self._told["tracks"]:
            course = courses.get((rule, device))
            if course is not None and course.digest == digest:
                state.tracks[course.key] = Track.load(course, told)
                state.fresh[state.tracks[course.key]] = True
            else:
                state.parting += Track.parting(device, rule, told)

    def _start_what_is_new(self) -> None:
        """Wake the devices that rules are new for, so that their samples are judged by these."""
        state, plan = self._state, self._plan
        watermarks = plan.watermarks(state)
        new = self._new_courses()
        heard = {n for course in new for n in course.members if state.last_ms[n] > NEVER_HEARD}
        busy.wake(plan, state, heard, watermarks)
        for course in plan.courses.all:
            if course.key not in state.tracks and not state.lanes.keys().isdisjoint(course.members):
                busy.start(state, course, int(watermarks[course.subject]))
        state.fresh |= dict.fromkeys(state.tracks.values(), True)

    def _new_courses(self) -> list[Course]:
        told, here = self._told["rules"], _digests(self._plan)
        return [
            course
            for course in self._plan.courses.all
            if told.get(name := course.terms.rule.name) != here[name]
        ]


def _track(track: Track) -> list[Any]:
    course = track.course
    return [course.terms.rule.name, course.device, course.digest, track.dump()]


def _digests(plan: Plan) -> dict[str, str]:
    """By rule a digest of what it is and of whom it concerns."""
    told: dict[str, list[str]] = defaultdict(list)
    for course in plan.courses.all:
        told[course.terms.rule.name].append(course.digest)
    return {
        name: hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
        for name, digests in told.items()
    }
