"""From samples to changes of alarms: the engine that a worker runs for each of its partitions.

An episode of an alarm depends on the set of samples alone, never on the order, the batches or the
repetitions they came in, as long as none is later than the rules allow. Time is told by the
samples and by marks in the log, never by the clock of a worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dispatch.sensing import busy, dumping
from dispatch.sensing.alarm import AlarmChange
from dispatch.sensing.calm import Block, where
from dispatch.sensing.life import NEVER
from dispatch.sensing.plan import Plan
from dispatch.sensing.rules import SensorRules
from dispatch.sensing.screening import Tally, screened
from dispatch.sensing.sensors import Samples, Sensors
from dispatch.sensing.state import NEVER_HEARD, State
from dispatch.sensing.track import Track
from dispatch.sensing.windows import late_windows

__all__ = ["Engine", "Outcome", "State"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch brought about: changes of alarms, and counts of samples.

    *counts* holds ``samples`` (all), ``taken`` and whatever of `screening.REASONS` occurred;
    *troubles* the same by device, but for what is merely late or unknown.
    """

    changes: list[AlarmChange]
    counts: dict[str, int]
    troubles: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])


class Engine:
    """Rules over sensors. It keeps nothing itself: what it knows of samples is in a `State`."""

    def __init__(self, sensors: Sensors, rules: SensorRules) -> None:
        self.plan = Plan(sensors, rules)

    def blank(self) -> State:
        """The state before any sample."""
        return self.plan.blank()

    def advance(
        self,
        state: State,
        samples: Samples,
        *,
        mark_ms: int | None = None,
        area: str | None = None,
        latest_ms: int | None = None,
    ) -> Outcome:
        """Take in samples, in any order, late or repeated, and tell what changes; changes *state*.

        *mark_ms* says that time has come so far in *area* (None: in all), as a sample of no device
        would. Samples later than *latest_ms* are from the future and not taken: pass when the log
        got them, with some minutes to spare.
        """
        tally = Tally()
        watermarks = self.plan.watermarks(state)
        block, too_late = screened(self.plan, samples, watermarks, latest_ms, tally)
        tally.counts["samples"], tally.counts["taken"] = len(samples), len(block[0])
        touched = self._take(state, block, watermarks, tally) if len(block[0]) else {}
        self._see(state, block, mark_ms, area)
        changes, state.parting = state.parting, []
        changes += late_windows(self.plan, too_late)
        changes += self._follow(state, touched)
        if state.calm.is_full():
            state.calm.settle(self.plan.watermarks(state))
        return Outcome(changes, dict(tally.counts), tally.troubles)

    def dump(self, state: State) -> bytes:
        """The state as bytes, by codes of devices and names of rules."""
        return dumping.dump(self.plan, state)

    def load(self, blob: bytes) -> State:
        """The state that an engine of the city dumped; raises dumping.BadDump.

        Rules and sensors that have changed since start anew; standing alarms of rules that are gone
        or have changed are told as cleared by the next `advance`.
        """
        return dumping.load(self.plan, blob)

    def latest(self, state: State) -> Samples:
        """The newest sample of each device that was heard."""
        heard = np.flatnonzero(state.last_ms > NEVER_HEARD)
        codes = [self.plan.sensors[number].code for number in heard.tolist()]
        return Samples(codes, state.last_ms[heard], state.last_value[heard])

    def watermark_ms(self, state: State, area: str) -> int:
        """Before this time no sample of the area is taken any more."""
        return int(self.plan.settled_ms(state)[self.plan.areas.index(area)])

    def _take(
        self, state: State, block: Block, watermarks: NDArray[np.int64], tally: Tally
    ) -> dict[Track, int]:
        """Take in samples; the tracks concerned, each with the earliest instant that changed."""
        stirs = self._stirs(state, block)
        if not stirs.any():
            self._keep(state, block)
            return {}
        busy.wake(self.plan, state, block[0][stirs].tolist(), watermarks)
        self._keep(state, where(block, ~stirs))
        return busy.lay(self.plan, state, where(block, stirs), tally)

    def _stirs(self, state: State, block: Block) -> NDArray[np.bool_]:
        """Which samples are of devices where something is going on, or begins by them."""
        numbers, at_ms, values = block
        courses = self.plan.courses
        first = np.ones(len(numbers), np.bool_)
        np.not_equal(numbers[1:], numbers[:-1], out=first[1:])
        previous = np.concatenate([at_ms[:1], at_ms[:-1]])
        previous[first] = state.last_ms[numbers[first]]
        stirs = state.busy[numbers] | (at_ms <= previous)
        stirs |= (values < courses.lowest[numbers]) | (values > courses.highest[numbers])
        if self.plan.waits:
            silent = at_ms - previous > courses.silence_ms[numbers]
            stirs |= silent & (previous > NEVER_HEARD)
        if stirs.any():
            stirred = np.zeros(len(self.plan.sensors), np.bool_)
            stirred[numbers[stirs]] = True
            stirs = stirred[numbers]
        return stirs

    def _keep(self, state: State, block: Block) -> None:
        """Take in samples that cross nothing and come in order."""
        numbers, at_ms, values = block
        if len(numbers):
            state.calm.keep(block)
            state.last_ms[numbers] = at_ms
            state.last_value[numbers] = values
            if self.plan.waits:
                state.due_ms[numbers] = at_ms + self.plan.courses.silence_ms[numbers]

    def _see(self, state: State, block: Block, mark_ms: int | None, area: str | None) -> None:
        """Let time go on."""
        np.maximum.at(state.seen_ms, self.plan.area_of[block[0]], block[1])
        if mark_ms is not None:
            marked = [area is None or one == area for one in self.plan.areas]
            state.seen_ms[marked] = np.maximum(state.seen_ms[marked], mark_ms)

    def _follow(self, state: State, touched: dict[Track, int]) -> Iterator[AlarmChange]:
        """Let the tracks go on, also those that only time has changed."""
        watermarks = self.plan.watermarks(state)
        overdue = np.flatnonzero(state.due_ms < watermarks).tolist()
        busy.wake(self.plan, state, overdue, watermarks)
        for number in overdue:
            for track in busy.tracks_of(self.plan, state, number):
                touched.setdefault(track, NEVER)
        touched |= {track: NEVER for track in state.fresh if track not in touched}
        for track, changed in touched.items():
            anew = state.fresh.pop(track, changed <= track.at)
            watermark = int(watermarks[track.course.subject])
            if anew:
                yield from track.fold_anew(state.lanes, watermark)
            else:
                yield from track.follow(state.lanes, changed, watermark)
        concerned = {member for track in touched for member in track.course.members}
        busy.settle(self.plan, state, concerned, watermarks)
