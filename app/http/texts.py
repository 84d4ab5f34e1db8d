"""Texts that people write, in the one form that is stored: NFC, bounded, nothing invisible to SQL.

Right-to-left marks, joiners and any number of combining marks are writing, not attacks: they are
kept, and pages show such text isolated. What no store or log can hold is refused.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from app.problems import Fault

# Control characters, lone surrogates, line and paragraph separators; noncharacters.
_NEVER: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_A_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff]")


class BadText(Exception):
    """A text cannot be stored as it is; *fault* says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.field}: {fault.problem}")
        self.fault = fault


def clean(field: str, text: str, *, longest: int, lines: bool = False) -> str:
    """*text* in NFC; raises BadText when it is longer than *longest* or holds what none may.

    Line breaks and tabs are only allowed with *lines*.
    """
    if len(text) > longest:
        problem = f"has {len(text)} characters"
        raise BadText(Fault(field, problem, f"at most {longest} characters are taken"))
    if text.isascii() and text.isprintable():
        return text
    if bad := (_NEVER if lines else _NOT_IN_A_LINE).search(text):
        problem = f"holds the character U+{ord(bad[0]):04X} at position {bad.start() + 1}"
        raise BadText(Fault(field, problem, "leave control characters out"))
    return unicodedata.normalize("NFC", text)
