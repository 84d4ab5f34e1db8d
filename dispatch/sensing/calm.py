"""The samples of devices at which nothing is going on, kept as columns until they are settled.

Nothing is asked of them until a device crosses something or a sample comes late: then its samples
are taken out. They are kept in blocks, few and growing, as they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

FEW: Final = 65_536
"""So many samples are kept without asking whether they are settled."""

Block = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]
"""Numbers of devices, milliseconds since 1970, values: three columns of one length."""


class Calm:
    """Samples by device, in no order."""

    __slots__ = ("_blocks", "_full")

    def __init__(self, blocks: Sequence[Block] = ()) -> None:
        self._blocks = list(blocks)
        self._full = max(FEW, 2 * len(self))

    def keep(self, block: Block) -> None:
        """Keep samples. Blocks are joined so that each is at least twice as long as the next."""
        self._blocks.append(block)
        while len(self._blocks) > 1 and len(self._blocks[-2][0]) < 2 * len(self._blocks[-1][0]):
            last, other = self._blocks.pop(), self._blocks.pop()
            self._blocks.append(_joined([other, last]))

    def settle(self, watermarks: NDArray[np.int64]) -> None:
        """Forget the samples before the watermark of their device; *watermarks* has one of each."""
        self._blocks = [
            kept
            for block in self._blocks
            if len((kept := where(block, block[1] >= watermarks[block[0]]))[0])
        ]
        self._full = max(FEW, 2 * len(self))

    def is_full(self) -> bool:
        """Whether there are twice as many samples as the last settling left."""
        return len(self) > self._full

    def take(self, wanted: NDArray[np.bool_], watermarks: NDArray[np.int64]) -> Block:
        """Take out what is not settled of the *wanted* devices, by device and then by time."""
        taken: list[Block] = []
        for place, block in enumerate(self._blocks):
            chosen = wanted[block[0]]
            if chosen.any():
                taken.append(where(block, chosen & (block[1] >= watermarks[block[0]])))
                self._blocks[place] = where(block, ~chosen)
        numbers, at_ms, values = _joined(taken)
        order = np.lexsort((at_ms, numbers))
        return numbers[order], at_ms[order], values[order]

    def all(self) -> Block:
        """Everything that is kept."""
        return _joined(self._blocks)

    def __len__(self) -> int:
        return sum(len(block[0]) for block in self._blocks)


def where(block: Block, chosen: NDArray[np.bool_]) -> Block:
    """The chosen samples of a block."""
    numbers, at_ms, values = block
    return numbers[chosen], at_ms[chosen], values[chosen]


def _joined(blocks: Sequence[Block]) -> Block:
    return (
        np.concatenate([np.empty(0, np.int32), *(block[0] for block in blocks)]),
        np.concatenate([np.empty(0, np.int64), *(block[1] for block in blocks)]),
        np.concatenate([np.empty(0, np.float64), *(block[2] for block in blocks)]),
    )
