"""How alike two descriptions are, in Chinese, English or both. Pure.

No dictionary and no model: what is compared are short pieces of the texts, two characters of
Chinese or three of a word. So a reason can be told to a person, and a new word of the street needs
no care.
"""

from __future__ import annotations

import re
import unicodedata
from math import sqrt
from typing import Final

LONGEST: Final = 2000
"""Characters of a text that are looked at."""

_RUN: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+|[^\W_\u3400-\u9fff]+")


def similarity(one: str, other: str) -> float | None:
    """From 0, nothing in common, to 1, the same pieces; None where a text says nothing.

    It is the geometric mean of two shares: how much of each text is in the other. So a short text
    inside a long one counts, and less the more the long one says besides.
    """
    these, those = pieces(one), pieces(other)
    if not these or not those:
        return None
    return len(these & those) / sqrt(len(these) * len(those))


def pieces(text: str) -> frozenset[str]:
    """The pieces of a text: pairs of Chinese characters, threes of a word with its ends marked.

    Width, case, accents of width and punctuation play no part: ``ＨＯＬＥ！`` is ``hole``.
    """
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()
    found: set[str] = set()
    for run in _RUN.findall(plain):
        if run[0] >= "\u3400":
            found.update(_cut(run, 2))
        else:
            found.update(_cut(f" {run} ", 3))
    return frozenset(found)


def _cut(run: str, size: int) -> list[str]:
    return [run[start : start + size] for start in range(max(1, len(run) - size + 1))]
