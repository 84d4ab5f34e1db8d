"""Seconds that something takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def seconds(act: Callable[..., object], *arguments: object) -> float:
    """How long *act* takes, and nothing beside it: some of what is timed takes a microsecond."""
    started = time.perf_counter()
    act(*arguments)
    return time.perf_counter() - started


def timed(act: Callable[[], T]) -> tuple[T, float]:
    """What *act* gives, and how long it takes."""
    started = time.perf_counter()
    given = act()
    return given, time.perf_counter() - started
