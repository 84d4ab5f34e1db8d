"""Codes of categories, matters and components by the digits of their vintage."""

import re
from dataclasses import dataclass
from typing import Final, Self

from grid.errors import BadCategoryCode, BadComponentId, BadMatterCode
from grid.standards.vintage import DIVISION_DIGITS, SERIAL_DIGITS, Vintage

FIRST_OWN: Final = 90
"""From here on classes, and the last two digits of categories, are a city's own: 90 to 99."""
_DIGITS: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class CategoryCode:
    """A category of one vintage: class (2 digits) and minor (2 or 3).

    Unique only together with the kind: components and matters both begin at class 01.

    >>> CategoryCode.parse("06010", Vintage.FIVE_DIGIT).class_code
    '06'
    """

    vintage: Vintage
    text: str

    @classmethod
    def parse(cls, text: str, vintage: Vintage) -> Self:
        """The code; BadCategoryCode when it has not the digits of its vintage."""
        wanted = vintage.category_digits
        if len(text) != wanted or not _DIGITS.fullmatch(text):
            raise BadCategoryCode(text, f"a category of {vintage} has {wanted} digits 0-9")
        code = cls(vintage, text)
        if int(code.class_code) == 0 or int(code.minor) == 0:
            raise BadCategoryCode(text, "classes and categories begin at 1")
        return code

    @classmethod
    def of(cls, class_number: int, minor: int, vintage: Vintage) -> Self:
        """The code of the *minor*-th category of a class, both counted from 1."""
        return cls.parse(f"{class_number:02d}{minor:0{vintage.minor_digits}d}", vintage)

    @property
    def class_code(self) -> str:
        """Two digits: the class, the only thing above a category."""
        return self.text[:2]

    @property
    def minor(self) -> str:
        """The digits that count inside the class."""
        return self.text[2:]

    @property
    def is_own(self) -> bool:
        """Whether a city may give the code a meaning of its own."""
        return int(self.class_code) >= FIRST_OWN or int(self.minor) % 100 >= FIRST_OWN

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class MatterCode:
    """A type of matter in one division: division (6) and category; it counts no incidents."""

    division: str
    category: CategoryCode

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of 11 digits, or of 10 of an older vintage; BadMatterCode when neither.

        Ten digits are read as the later four-digit order: the digits alone do not tell.
        """
        try:
            vintage = _vintage_of(text, {one.matter_digits: one for one in Vintage})
            return cls(text[:DIVISION_DIGITS], _category(text, vintage))
        except ValueError as err:
            raise BadMatterCode(text, "a matter has 11 digits, by older standards 10") from err
        except BadCategoryCode as err:
            raise BadMatterCode(text, err.reason) from err

    @property
    def parents(self) -> tuple[str, str]:
        """The code of the class in the division, then the division."""
        return self.division + self.category.class_code, self.division

    def __str__(self) -> str:
        return f"{self.division}{self.category}"


@dataclass(frozen=True, slots=True)
class ComponentId:
    """One component: division (6), category and a serial (6) from 1.

    >>> str(ComponentId.parse("99010101001000017").category)
    '01001'
    """

    division: str
    category: CategoryCode
    serial: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of 17 digits, or of 16 of an older vintage; BadComponentId when neither.

        Sixteen digits are read as the later four-digit order: the digits alone do not tell.
        """
        try:
            vintage = _vintage_of(text, {one.component_digits: one for one in Vintage})
            serial = int(text[-SERIAL_DIGITS:])
            found = cls(text[:DIVISION_DIGITS], _category(text, vintage), serial)
        except ValueError as err:
            raise BadComponentId(text, "a component has 17 digits, by older standards 16") from err
        except BadCategoryCode as err:
            raise BadComponentId(text, err.reason) from err
        if serial == 0:
            raise BadComponentId(text, "serials begin at 000001")
        return found

    @classmethod
    def of(cls, division: str, category: CategoryCode, serial: int) -> Self:
        """The id of the *serial*-th component (from 1) of a category in a division."""
        return cls.parse(f"{division}{category}{serial:0{SERIAL_DIGITS}d}")

    @property
    def parents(self) -> tuple[str, str, str]:
        """What lies above: the matter code of its fault, the class there, the division."""
        matter = MatterCode(self.division, self.category)
        return str(matter), *matter.parents

    def __str__(self) -> str:
        return f"{self.division}{self.category}{self.serial:0{SERIAL_DIGITS}d}"


def _vintage_of(text: str, by_length: dict[int, Vintage]) -> Vintage:
    """The vintage by length; of two with one length the later. ValueError when none fits."""
    vintage = by_length.get(len(text))
    if vintage is None or not _DIGITS.fullmatch(text):
        raise ValueError(text)
    return vintage


def _category(text: str, vintage: Vintage) -> CategoryCode:
    return CategoryCode.parse(
        text[DIVISION_DIGITS : DIVISION_DIGITS + vintage.category_digits], vintage
    )
