"""What an engine keeps of the samples of a partition between two batches."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dispatch.sensing.alarm import AlarmChange
from dispatch.sensing.calm import Calm
from dispatch.sensing.lane import Lane
from dispatch.sensing.track import Track

NEVER_HEARD = -(1 << 61)
"""Stands for the time of a device or area that nothing has come from."""


@dataclass(slots=True)
class State:
    """The state of a partition. Only `Engine` looks inside; it belongs to one engine.

    The arrays have one place for each device, *seen_ms* and *floor_ms* one for each area: the
    newest event time, and before what an earlier engine has settled. A device is busy when its
    samples are in a lane and its rules in tracks; those of all others are in *calm*. *fresh* tracks
    are to be folded anew, *parting* changes to be told, at the next batch.
    """

    last_ms: NDArray[np.int64]
    last_value: NDArray[np.float64]
    due_ms: NDArray[np.int64]
    busy: NDArray[np.bool_]
    seen_ms: NDArray[np.int64]
    floor_ms: NDArray[np.int64]
    calm: Calm = field(default_factory=Calm)
    lanes: dict[int, Lane] = field(default_factory=dict[int, Lane])
    tracks: dict[tuple[str, int], Track] = field(default_factory=dict[tuple[str, int], Track])
    fresh: dict[Track, bool] = field(default_factory=dict[Track, bool])
    parting: list[AlarmChange] = field(default_factory=list[AlarmChange])
