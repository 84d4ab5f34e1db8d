"""Reading our own documents."""

import re
from pathlib import Path
from typing import Final

from tests.house.repository import ROOT

_LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_ROW: Final = re.compile(r"^\| *`?([^|`]+?)`? *\|", re.MULTILINE)


def documents() -> list[Path]:
    """Every Markdown file of ours: the root's and all below docs."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def read(name: str) -> str:
    """The text of a document, by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def links(text: str) -> list[str]:
    """Targets of all links and pictures, code aside."""
    return _LINK.findall(_BLOCK.sub("", text))


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [content for marked, content in _BLOCK.findall(text) if marked == language]


def headings(text: str) -> list[tuple[int, str]]:
    """Depth and words of each heading, code aside."""
    return [(len(marks), words) for marks, words in _HEADING.findall(_BLOCK.sub("", text))]


def anchors(text: str) -> set[str]:
    """What a link may point to within the document, made of headings as forges do."""
    return {re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-") for _, words in headings(text)}


def first_column(text: str) -> set[str]:
    """The first cell of every table row."""
    return set(_ROW.findall(text))
