"""The vintages of the national catalogue: which digits a code has, and who tells them apart."""

from enum import StrEnum
from typing import Self

DIVISION_DIGITS = 6
CLASS_DIGITS = 2
SERIAL_DIGITS = 6


class Vintage(StrEnum):
    """A numbering of components and matters, by the standard it is known under here.

    Four digits mean different things in the two older ones: class 04 of matters is emergencies
    in CJ/T 214 and street order in its successor. Which document first used the later four-digit
    order is not settled; it is the one that GB/T 47678.5 replaced.
    """

    CJT_214 = "CJ/T 214-2007"
    FOUR_DIGIT = "GB/T 30428.2-2013"
    FIVE_DIGIT = "GB/T 47678.5-2026"

    @classmethod
    def named(cls, standard: str) -> Self | None:
        """The vintage a catalogue names as its standard, None for a city's own; years may differ.

        >>> Vintage.named("CJ/T 214-2005")
        <Vintage.CJT_214: 'CJ/T 214-2007'>
        """
        name = standard.replace(" ", "").upper()
        for vintage in cls:
            if name.startswith(vintage.replace(" ", "").partition("-")[0]):
                return vintage
        return None

    @property
    def minor_digits(self) -> int:
        """How many digits count the categories of a class."""
        return 3 if self is Vintage.FIVE_DIGIT else 2

    @property
    def category_digits(self) -> int:
        """How long a category code is: 4 or 5."""
        return CLASS_DIGITS + self.minor_digits

    @property
    def matter_digits(self) -> int:
        """How long a matter code with its division is: 10 or 11."""
        return DIVISION_DIGITS + self.category_digits

    @property
    def component_digits(self) -> int:
        """How long the id of a component is: 16 or 17."""
        return self.matter_digits + SERIAL_DIGITS
