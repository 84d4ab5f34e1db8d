"""The one loop of everything that works off what waits: relay, rescue, clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import structlog

_log: Final = structlog.stdlib.get_logger("citygrid.loop")


async def keep_at(
    name: str,
    turn: Callable[[], Awaitable[int]],
    wake_ups: AsyncIterator[None],
) -> None:
    """At each wake-up take turns until one finds nothing to do.

    *turn* returns how much it did. A turn that raises did nothing lasting: it is logged, and taken
    again at the next wake-up. Only cancellation leaves the loop.
    """
    async for _ in wake_ups:
        try:
            while await turn():
                pass
        except Exception as trouble:
            _log.warning(
                "turn failed", loop=name, error=type(trouble).__name__, detail=str(trouble)
            )
