"""Which samples can be taken, and why the others cannot: counted, never silently dropped."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.sensing.calm import Block, where
from dispatch.sensing.life import NEVER
from dispatch.sensing.plan import Plan
from dispatch.sensing.sensors import Samples

REASONS: Final = (
    "unknown", "impossible", "future", "too_late", "late", "duplicate", "contradicting",
)  # fmt: skip
"""Why a sample was not taken, or not as it came; *late* ones were taken in their place."""

_NOBODYS_FAULT: Final = ("late",)


class Tally:
    """Counts of samples, all together and by device."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._troubles: dict[str, Counter[str]] = defaultdict(Counter)

    def count(self, plan: Plan, number: int, some: Counter[str]) -> None:
        """Count what happened to samples of one device."""
        self.counts.update(some)
        told = {reason: n for reason, n in some.items() if reason not in _NOBODYS_FAULT}
        if told:
            self._troubles[plan.sensors[number].code].update(told)

    def count_all(self, plan: Plan, reason: str, numbers: NDArray[np.int32]) -> None:
        """Count one thing that happened to samples of these devices."""
        for number, count in Counter(numbers.tolist()).items():
            self.count(plan, number, Counter({reason: count}))

    @property
    def troubles(self) -> dict[str, dict[str, int]]:
        """By device what was wrong."""
        return {code: dict(some) for code, some in self._troubles.items()}


def screened(
    plan: Plan,
    samples: Samples,
    watermarks: NDArray[np.int64],
    latest_ms: int | None,
    tally: Tally,
) -> tuple[Block, Block]:
    """The samples that can be taken, and those that only come too late.

    Both in order of device, time and value.
    """
    numbers = plan.sensors.numbers(samples.devices)
    block: Block = (numbers.astype(np.int32), samples.at_ms, samples.values)
    known = numbers >= 0
    if not known.all():
        tally.counts["unknown"] = int(np.count_nonzero(~known))
        block = where(block, known)
    good = np.ones(len(block[0]), np.bool_)
    too_late = np.zeros(len(block[0]), np.bool_)
    for reason, wrong in _wrong(plan, block, watermarks, latest_ms):
        if wrong.any():
            tally.count_all(plan, reason, block[0][wrong & good])
            too_late = wrong & good if reason == "too_late" else too_late
            good &= ~wrong
    return _sorted(block if good.all() else where(block, good)), _sorted(where(block, too_late))


def _sorted(block: Block) -> Block:
    numbers, at_ms, values = block
    if not len(numbers):
        return block
    order = np.lexsort((values, at_ms, numbers))
    return numbers[order], at_ms[order], values[order]


def _wrong(
    plan: Plan, block: Block, watermarks: NDArray[np.int64], latest_ms: int | None
) -> list[tuple[str, NDArray[np.bool_]]]:
    """For each reason which samples cannot be taken for it; the first reason counts."""
    numbers, at_ms, values = block
    possible = (values >= plan.least[numbers]) & (values <= plan.most[numbers])
    limit_ms = NEVER if latest_ms is None else latest_ms
    return [
        ("impossible", ~possible),
        ("future", at_ms > limit_ms),
        ("too_late", at_ms < watermarks[numbers]),
    ]
