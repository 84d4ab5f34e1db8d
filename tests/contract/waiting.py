"""Waiting for something to become true, with a deadline and without guessing a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_LOOK_AGAIN_S = 0.02


async def until(found: Callable[[], Awaitable[T] | T], *, what: str, within_s: float = 90.0) -> T:
    """The first true value *found* gives; fails the test, naming *what*, when none comes."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while True:
        value = found()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        assert loop.time() < deadline, f"not within {within_s:.0f} s: {what}"
        await asyncio.sleep(_LOOK_AGAIN_S)
