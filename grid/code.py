"""Codes of unit cells: the fifteen digits of the standard, or a city's own pattern."""

import re
from dataclasses import dataclass
from typing import Self

from grid.errors import BadCellCode, BadCodePattern

STANDARD_PATTERN = "^[0-9]{15}$"
LONGEST_CODE = 64
LAST_SERIAL = 999
_FIFTEEN_DIGITS = re.compile(r"[0-9]{15}")


@dataclass(frozen=True, slots=True)
class CellCode:
    """A unit cell by the standard: division (6) + street (3) + community (3) + serial (3).

    The first twelve digits are the statistical code of the community, so the areas above a
    cell can be read off its code. Serials run from 1, west to east, then north to south.

    >>> CellCode.parse("990101001002017").community_code
    '990101001002'
    """

    division: str
    street: str
    community: str
    serial: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of a fifteen-digit code; BadCellCode when it is not one."""
        if not _FIFTEEN_DIGITS.fullmatch(text):
            raise BadCellCode(text, "the standard has fifteen digits 0-9")
        serial = int(text[12:])
        if serial == 0:
            raise BadCellCode(text, "serials begin at 001")
        return cls(text[:6], text[6:9], text[9:12], serial)

    @classmethod
    def of(cls, community_code: str, serial: int) -> Self:
        """The code of the *serial*-th cell (from 1) of a community with a twelve-digit code."""
        if not 1 <= serial <= LAST_SERIAL:
            raise BadCellCode(
                f"{community_code}+{serial}", f"a community has cells 1 to {LAST_SERIAL}"
            )
        return cls.parse(f"{community_code}{serial:03d}")

    @property
    def street_code(self) -> str:
        """Nine digits: the street, town or township."""
        return self.division + self.street

    @property
    def community_code(self) -> str:
        """Twelve digits: the community or village."""
        return self.division + self.street + self.community

    @property
    def parents(self) -> tuple[str, str, str]:
        """Codes of the areas above the cell: community, street, division."""
        return self.community_code, self.street_code, self.division

    def __str__(self) -> str:
        return f"{self.community_code}{self.serial:03d}"


@dataclass(frozen=True, slots=True)
class CodePattern:
    """The regular expression that every cell code of a city matches as a whole."""

    text: str
    regex: re.Pattern[str]

    @classmethod
    def of(cls, text: str = STANDARD_PATTERN) -> Self:
        """The pattern, compiled; BadCodePattern when it is not a regular expression."""
        try:
            return cls(text, re.compile(text))
        except re.error as err:
            raise BadCodePattern(text, str(err)) from err

    @property
    def is_standard(self) -> bool:
        """Whether codes are the fifteen digits whose prefixes name the areas above."""
        return self.text == STANDARD_PATTERN

    def check(self, code: str) -> None:
        """Raise BadCellCode when *code* is too long or does not match."""
        if not 0 < len(code) <= LONGEST_CODE:
            raise BadCellCode(code[:LONGEST_CODE], f"a code has 1 to {LONGEST_CODE} characters")
        if not self.regex.fullmatch(code):
            raise BadCellCode(code, f"it does not match {self.text}")
