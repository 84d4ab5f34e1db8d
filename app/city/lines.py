"""One line of a table or one block of TOML; asked for a value that is wrong, it notes a fault."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from app.city.faults import Faults

LONGEST_TEXT: Final = 500
LONGEST_CODE: Final = 64
DAY_MINUTES: Final = 24 * 60
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:/-]*")
_TIME: Final = re.compile(r"([0-9]{1,2}):([0-5][0-9])")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_FLAGS: Final = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Line:
    """Values by column. Asking for a wrong one notes a fault and gives a stand-in of its type.

    Stand-ins never leave the check: a pack with faults is not loaded.
    """

    file: str
    row: int | None
    values: Mapping[str, Any]
    faults: Faults

    def wrong(self, field: str, problem: str, remedy: str) -> None:
        """Note a fault of this line."""
        self.faults.add(self.file, self.row, field, problem, remedy)

    def text(self, field: str, *, empty: bool = False, longest: int = LONGEST_TEXT) -> str:
        """A text on one line without control characters."""
        value = self.values.get(field, "")
        if not isinstance(value, str):
            self.wrong(field, f"{value!r} is not a text", "Put it in quotes")
        elif not value and not empty:
            self.wrong(field, "the value is missing", "Fill it in")
        elif len(value) > longest:
            self.wrong(field, f"it has {len(value)} characters", f"Use at most {longest}")
        elif _CONTROL.search(value):
            self.wrong(field, "it holds control characters or line breaks", "Remove them")
        else:
            return value
        return ""

    def code(self, field: str = "code") -> str:
        """A code: letters, digits and ``. _ : / -``, at most 64 of them."""
        value = self.text(field, longest=LONGEST_CODE)
        if value and not _CODE.fullmatch(value):
            self.wrong(field, f"{value!r} is no code", "Use letters, digits and . _ : / -")
        return value

    def label(self, stem: str = "name") -> dict[str, str]:
        """A name in both languages from the columns ``…_zh`` and ``…_en``."""
        return {"zh": self.text(f"{stem}_zh"), "en": self.text(f"{stem}_en")}

    def known(self, field: str, codes: Collection[str] | None, what: str) -> str:
        """A code that another table holds; unchecked when that table could not be read (None)."""
        value = self.text(field, longest=LONGEST_CODE)
        if value:
            self.check_known(field, value, codes, what)
        return value

    def known_or_empty(self, field: str, codes: Collection[str] | None, what: str) -> str:
        """Like `known`, or nothing at all."""
        return self.known(field, codes, what) if self.values.get(field) else ""

    def time_of_day(self, field: str) -> int:
        """Minutes after midnight of a time from 00:00 to 24:00."""
        value = self.text(field)
        found = _TIME.fullmatch(value)
        minutes = int(found[1]) * 60 + int(found[2]) if found else DAY_MINUTES + 1
        if minutes > DAY_MINUTES:
            if value:
                remedy = "Write hours and minutes, like 08:30, up to 24:00"
                self.wrong(field, f"{value!r} is not a time of day", remedy)
            return 0
        return minutes

    def known_list(self, field: str, codes: Collection[str] | None, what: str) -> list[str]:
        """Codes divided by ``;``, each held by another table."""
        values = self.items(field)
        for value in values:
            self.check_known(field, value, codes, what)
        return values

    def items(self, field: str, *, longest: int = LONGEST_TEXT) -> list[str]:
        """Values divided by ``;`` (or the Chinese ；), empty ones left out."""
        parts = self.text(field, empty=True, longest=longest).replace("；", ";").split(";")
        return [part.strip() for part in parts if part.strip()]

    def check_known(self, field: str, value: str, codes: Collection[str] | None, what: str) -> None:
        """Note a fault when *codes* are known and do not hold *value*; suggest the nearest."""
        if codes is None or value in codes:
            return
        near = get_close_matches(value, codes, n=1) if len(codes) < 10_000 else []
        remedy = f"Did you mean {near[0]!r}?" if near else f"Correct the code or add the {what}"
        self.wrong(field, f"there is no {what} {value!r}", remedy)

    def whole(self, field: str, least: int, most: int) -> int:
        """A whole number from *least* to *most*."""
        value = self.number(field, least, most)
        if value != int(value):
            self.wrong(field, f"{value:g} is not a whole number", "Round it")
        return int(value)

    def number(self, field: str, least: float, most: float) -> float:
        """A finite number from *least* to *most*."""
        value = self.values.get(field, "")
        number = _number(value)
        if number is None or not least <= number <= most:
            problem = f"{value!r} is not a number from {least:g} to {most:g}"
            self.wrong(field, problem, "Write it in plain digits, like 12.5")
            return least
        return number

    def flag(self, field: str) -> bool:
        """True or false."""
        value = self.values.get(field, "")
        found = value if isinstance(value, bool) else _FLAGS.get(str(value).lower())
        if found is None:
            self.wrong(field, f"{value!r} is neither true nor false", "Write true or false")
        return bool(found)

    def choice(self, field: str, allowed: Collection[str]) -> str:
        """One of some words."""
        value = self.text(field)
        if value and value not in allowed:
            self.wrong(field, f"{value!r} is not known here", f"Choose from {', '.join(allowed)}")
        return value

    def day(self, field: str) -> str:
        """A date written 2026-10-01."""
        value = self.text(field)
        try:
            if value and date.fromisoformat(value).isoformat() == value:
                return value
        except ValueError:
            pass
        if value:
            self.wrong(field, f"{value!r} is not a date", "Write year-month-day, like 2026-10-01")
        return value


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


class FirstSeen:
    """Remembers where each value stood first, to tell of the second."""

    def __init__(self) -> None:
        self._rows: dict[Any, int | None] = {}

    def check(self, line: Line, field: str, value: Any, shown: str) -> None:
        """Note a fault when *value* was seen before."""
        if value in self._rows:
            problem = f"{shown} stands in row {self._rows[value]} already"
            line.wrong(field, problem, "Every code may stand only once: remove or rename one")
        else:
            self._rows[value] = line.row
