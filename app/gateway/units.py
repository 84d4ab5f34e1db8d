"""Units of samples, in UCUM: what a value in one unit is in another.

The library that knows all of UCUM takes a second to load and is asked once for each pair of units,
off the event loop; then a conversion is one multiplication and one addition.
"""

from __future__ import annotations

import asyncio
import functools
import math
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

Pair = tuple[str, str]
"""From a unit, to a unit."""

MOST_PAIRS: Final = 4096
AT_ONCE: Final = 20
"""Pairs that are learnt together; whoever makes up more units gets them refused, for now."""

_WRITTEN: Final[Mapping[str, str]] = {
    "": "1", "℃": "Cel", "°C": "Cel", "°F": "[degF]", "℉": "[degF]", "ppm": "[ppm]", "ppb": "[ppb]",
    "‰": "[ppth]", "°": "deg", "mmHg": "mm[Hg]", "mmH2O": "mm[H2O]", "Ω": "Ohm", "µ": "u",
}  # fmt: skip
"""How people write units whose UCUM code is another."""

# Whoever asks for ten to the billionth would have the library work it out.
_ENDLESS: Final = re.compile(r"[0-9]{4}|[*^][+-]?[0-9]{3}|[^!-~]|(\(.*){3}")

_SIGNS: Final = str.maketrans(
    {"µ": "u", "μ": "u", "³": "3", "²": "2", "·": ".", "⁻": "-", "¹": "1"}
)


@dataclass(frozen=True, slots=True)
class Conversion:
    """A value in one unit, times *scale*, plus *offset*, is the value in another."""

    scale: float
    offset: float

    def __call__(self, value: float) -> float:
        """The value in the other unit."""
        return value * self.scale + self.offset


SAME: Final = Conversion(1.0, 0.0)


def ucum(unit: str) -> str:
    """The unit as UCUM writes it, where people usually write it otherwise: ``µg/m³``, ``℃``."""
    return _WRITTEN.get(unit) or unit.translate(_SIGNS)


class Units:
    """Conversions between units, learnt when first asked for; one for a process.

    Pairs that cannot be converted are remembered as well. When too many were asked for, by
    somebody who makes units up, all are forgotten.
    """

    def __init__(self) -> None:
        self._known: dict[Pair, Conversion | None] = {}

    def knows(self, pair: Pair) -> bool:
        """Whether `find` can answer."""
        return pair[0] == pair[1] or pair in self._known

    def find(self, pair: Pair) -> Conversion | None:
        """The conversion; None for units of different kinds, unknown ones, and ones not learnt."""
        return SAME if pair[0] == pair[1] else self._known.get(pair)

    async def learn(self, pairs: Iterable[Pair]) -> None:
        """See to it that `find` can answer for the first of *pairs*, off the event loop."""
        new = list(islice({pair: None for pair in pairs if not self.knows(pair)}, AT_ONCE))
        if not new:
            return
        if len(self._known) + len(new) > MOST_PAIRS:
            self._known.clear()
        self._known.update(await asyncio.to_thread(_looked_up, new))


# The parser and the registry are not made for several threads.
_AT_IT: Final = threading.Lock()


def _looked_up(pairs: Iterable[Pair]) -> dict[Pair, Conversion | None]:
    with _AT_IT:
        return {pair: conversion(*pair) for pair in pairs}


def conversion(given: str, wanted: str) -> Conversion | None:
    """How to turn values of one unit into another; None when that cannot be done.

    Units are UCUM codes, or what people usually write for them. Logarithmic units turn only into
    themselves.
    """
    if ucum(given) == ucum(wanted):
        return SAME
    if _ENDLESS.search(ucum(given)) or _ENDLESS.search(ucum(wanted)):
        return None
    try:
        at = [_converted(number, ucum(given), ucum(wanted)) for number in (0.0, 1.0, 2.0)]
    except Exception:  # the parser, the registry and their arithmetic raise a dozen kinds
        return None
    scale = at[1] - at[0]
    straight = math.isclose(at[2] - at[1], scale, rel_tol=1e-9, abs_tol=1e-12)
    return Conversion(_tidy(scale), _tidy(at[0])) if straight and scale else None


def _converted(number: float, given: str, wanted: str) -> float:
    registry = _registry()
    one, other = registry.from_ucum(given), registry.from_ucum(wanted)
    quantity = registry.Quantity(number * one.magnitude, one.units)
    return float(quantity.to(other.units).magnitude / other.magnitude)


def _tidy(number: float) -> float:
    """Without the last digits, which are an accident of the arithmetic."""
    return float(f"{number:.12g}")


@functools.cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()
