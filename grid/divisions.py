"""A register of the divisions, streets and communities of the country: which codes can be right."""

from collections.abc import Mapping
from typing import Final

LENGTHS: Final = {6: "division", 9: "street", 12: "community"}
"""Digits of a statistical code, and what it then names."""
_ABOVE: Final = {6: 2, 9: 6, 12: 9}


class Register:
    """Known codes with their names; a level of which it lists nothing is not judged.

    >>> register = Register({"440304": "福田区", "440304001": "南园街道"})
    >>> register.objection("440304999")
    "the register has no street '440304999' in 福田区"
    >>> register.objection("440304001001") is None
    True
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {code: name for code, name in names.items() if len(code) in LENGTHS}
        self._listed = {(len(code), code[: _ABOVE[len(code)]]) for code in self._names}

    def objection(self, code: str) -> str | None:
        """Why a code cannot be right, None when it is known or the register does not say.

        A street is judged only where streets of its division are listed, a community only where
        communities of its street are; codes of other lengths are not judged at all.
        """
        level = LENGTHS.get(len(code))
        if level is None or code in self._names:
            return None
        above = code[: _ABOVE[len(code)]]
        if len(code) > min(LENGTHS) and (len(code), above) not in self._listed:
            return None
        where = f" in {self._names[above]}" if above in self._names else ""
        return f"the register has no {level} {code!r}{where}"

    def __len__(self) -> int:
        return len(self._names)
