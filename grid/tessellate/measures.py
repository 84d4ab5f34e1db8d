"""How large cells should be, and what is too small, too thin or too far apart."""

from dataclasses import dataclass
from typing import Final

TARGET_M2: Final = 10_000.0
LEAST_TARGET_M2: Final = 100.0
MOST_TARGET_M2: Final = 100_000_000.0


@dataclass(frozen=True, slots=True)
class Measures:
    """What is aimed at. *target_m2* is the size of a good cell, 10,000 m² by custom.

    A dead end that stops at most *reach_m* metres short of another line is led on to it.
    """

    target_m2: float = TARGET_M2
    reach_m: float = 10.0

    @property
    def least_m2(self) -> float:
        """A face below 35 % of the target is merged."""
        return 0.35 * self.target_m2

    @property
    def least_width_m(self) -> float:
        """A face of a mean width below 15 % of a cell's side, such as a median strip, is merged."""
        return 0.15 * self.side_m

    @property
    def side_m(self) -> float:
        """Side of a square of the target's size; the height of a row when cells are numbered."""
        return self.target_m2**0.5

    @property
    def most_m2(self) -> float:
        """A face of one and a half targets is cut."""
        return 1.5 * self.target_m2

    def pieces(self, area_m2: float) -> int:
        """Into how many cells a face is cut: two or more from the most on."""
        return max(1, int(area_m2 / self.target_m2 + 0.5))
