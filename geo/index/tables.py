"""What a pixel can say, and the tables it refers to.

A pixel is one int32. From 0 up it is the number of the cell that covers it wholly; OUTSIDE means
no cell touches it; below that it refers to a row of a table, see `refer`. The upper four bits are
then the kind of table and the lower ones the row, so that one operation tells either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

OUTSIDE: Final = -1
ROW_BITS: Final = 28
ROW_MASK: Final = (1 << ROW_BITS) - 1
BLOCK, CHORD, PAIR, FAN, CROWD = KINDS = range(-8, -3)
# Pixels below this refer to blocks.
BLOCKS_END: Final = (BLOCK + 1) << ROW_BITS
PAIR_EDGES: Final = 2
FAN_EDGES: Final = 4


def refer(kind: int, number: NDArray[np.intp]) -> NDArray[np.int32]:
    """The pixel that refers to row *number* of the table of this *kind*.

    BLOCK: 16 finer pixels. CHORD: one edge of the outlines crosses it, left or right decides.
    PAIR: two edges, their sides together decide. FAN: the same with up to four, as at a crossing.
    CROWD: candidate cells to be tested.
    """
    return ((kind << ROW_BITS) | number).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Pyramid:
    """The top pixels (rows, columns) and the tables below them.

    `blocks` (n, 16) rows from the south, columns from the west; `pairs` (n, 6) two edges and the
    cell for each of four combinations of sides, `fans` (n, 20) four edges and sixteen cells, where
    bit i of a combination is set right of edge i; `crowd_starts` cuts `crowd_cells` (ascending).
    """

    top: NDArray[np.int32]
    blocks: NDArray[np.int32]
    pairs: NDArray[np.int32]
    fans: NDArray[np.int32]
    crowd_starts: NDArray[np.int32]
    crowd_cells: NDArray[np.int32]


@dataclass(slots=True)
class Growing:
    """Tables while they are being filled; each `add_…` gives the pixels that refer to its rows."""

    blocks: list[NDArray[np.int32]] = field(default_factory=list[NDArray[np.int32]])
    pairs: list[NDArray[np.int32]] = field(default_factory=list[NDArray[np.int32]])
    fans: list[NDArray[np.int32]] = field(default_factory=list[NDArray[np.int32]])
    crowd_sizes: list[NDArray[np.int32]] = field(default_factory=list[NDArray[np.int32]])
    crowd_cells: list[NDArray[np.int32]] = field(default_factory=list[NDArray[np.int32]])
    counts: list[int] = field(default_factory=lambda: [0] * len(KINDS))

    @classmethod
    def onto(cls, pyramid: Pyramid) -> Growing:
        """Tables that continue those of *pyramid*."""
        sizes = np.diff(pyramid.crowd_starts)
        counts = [len(pyramid.blocks), 0, len(pyramid.pairs), len(pyramid.fans), len(sizes)]
        return cls(
            [pyramid.blocks],
            [pyramid.pairs],
            [pyramid.fans],
            [sizes],
            [pyramid.crowd_cells],
            counts,
        )

    def add_blocks(self, blocks: NDArray[np.int32]) -> NDArray[np.int32]:
        """Keep *blocks* (n, 16); they may still be filled in place afterwards."""
        self.blocks.append(blocks)
        return self._next(BLOCK, len(blocks))

    def add_pairs(self, pairs: NDArray[np.int32]) -> NDArray[np.int32]:
        """Keep *pairs* (n, 6)."""
        self.pairs.append(pairs)
        return self._next(PAIR, len(pairs))

    def add_fans(self, fans: NDArray[np.int32]) -> NDArray[np.int32]:
        """Keep *fans* (n, 20)."""
        self.fans.append(fans)
        return self._next(FAN, len(fans))

    def add_crowds(self, sizes: NDArray[np.int32], cells: NDArray[np.int32]) -> NDArray[np.int32]:
        """Keep candidate lists of these *sizes*, laid one after the other in *cells*."""
        self.crowd_sizes.append(sizes)
        self.crowd_cells.append(cells)
        return self._next(CROWD, len(sizes))

    def finished(self, top: NDArray[np.int32]) -> Pyramid:
        """All rows so far under these *top* pixels."""
        no_rows = np.empty(0, dtype=np.int32)
        sizes = np.concatenate([no_rows, *self.crowd_sizes])
        return Pyramid(
            top,
            np.concatenate([no_rows.reshape(0, 16), *self.blocks]),
            np.concatenate([no_rows.reshape(0, PAIR_EDGES + (1 << PAIR_EDGES)), *self.pairs]),
            np.concatenate([no_rows.reshape(0, FAN_EDGES + (1 << FAN_EDGES)), *self.fans]),
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
            np.concatenate([no_rows, *self.crowd_cells]),
        )

    def _next(self, kind: int, count: int) -> NDArray[np.int32]:
        first = self.counts[kind - BLOCK]
        self.counts[kind - BLOCK] += count
        return refer(kind, np.arange(first, first + count))
