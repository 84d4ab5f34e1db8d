"""Spans of time as people write them: ``90s``, ``10min``, ``2h``, ``8w``."""

from __future__ import annotations

import re
from typing import Final

UNITS_S: Final = {"s": 1, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|min|h|d|w)")


def find_span_ms(text: str) -> int | None:
    """Milliseconds of a span, None when it is none. ``1.5h`` is 5,400,000."""
    found = _SPAN.fullmatch(text.strip())
    return round(float(found[1]) * UNITS_S[found[2]] * 1000) if found else None


def span(ms: int) -> str:
    """The span as it is written, in the largest unit that divides it."""
    for unit, unit_s in reversed(UNITS_S.items()):
        if ms and ms % (unit_s * 1000) == 0:
            return f"{ms // (unit_s * 1000)}{unit}"
    return f"{ms / 1000:g}s"
