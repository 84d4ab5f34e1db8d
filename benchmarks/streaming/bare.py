"""The ceiling: nothing but decoding and looking up cells, in one loop over messages in memory."""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks.streaming.job import City, decoded


def ceiling(city: City, told: Sequence[tuple[bytes, bytes]], samples: int, *, at_once: int) -> int:
    """Samples a second, *at_once* messages at a time."""
    engine = city.engine()
    values = [value for _, value in told]
    began_s = time.perf_counter()
    for begin in range(0, len(values), at_once):
        engine.locate(decoded(values[begin : begin + at_once]))
    return round(samples / (time.perf_counter() - began_s))
