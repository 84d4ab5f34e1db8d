"""No text in a table that we hand out is a formula where it is opened."""

from __future__ import annotations

import re
from typing import Final

# A program takes a cell for a formula by how it begins; one that divides lines at other signs than
# we do sees cells begin after those signs, too. The wide forms are typed on Chinese keyboards.
_FORMULA: Final = re.compile(r"(^|[;,|\t\r\n])(?=\s*[=+\-@\t\r\n＝＋－＠])")


def harmless(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet would see a formula begin."""
    return _FORMULA.sub(r"\1'", text)
