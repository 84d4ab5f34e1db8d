"""Point → cell: exact closed containment, arrays in, arrays out, lowest code wins.

A pyramid of pixels over the city holds, per pixel, the one cell that covers it wholly, or a short
rule for the few boundaries that cross it. See `docs/decisions/0001-point-to-cell-index.md`.
"""

from geo.index.cells import CellIndex

__all__ = ["CellIndex"]
