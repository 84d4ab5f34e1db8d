"""How the texts of a shapefile are encoded: what its ``.cpg`` says, or what its table shows."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.city.faults import Faults

_MOST_ROWS: Final = 20_000
_TRIED: Final = ("utf-8", "gb18030", "big5")
# The first bytes of the characters in daily use, by the order of the two standards.
_DAILY: Final = {"gb18030": range(0xB0, 0xD8), "big5": range(0xA4, 0xC7)}
_HEADER: Final = 32
_FIELD: Final = 32
_END_OF_FIELDS: Final = 0x0D


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding taken, a name that Python knows, None for the file's own way; and why."""

    taken: str | None
    why: str

    def as_dict(self) -> dict[str, Any]:
        """The form of the report."""
        return {"taken": self.taken, "why": self.why}


OWN: Final = Encoding(None, "the format says it")


def encoding_of(path: Path, asked: str | None, faults: Faults) -> Encoding:
    """The encoding of the texts of a vector file; *asked* is what the administrator says.

    Only a shapefile leaves it open. A ``.cpg`` that contradicts the table is a fault, as is a
    table that is in none of UTF-8, GB 18030 and Big5.
    """
    if asked is not None:
        return Encoding(asked, "as was said")
    table = path.with_suffix(".dbf")
    if path.suffix.lower() != ".shp" or not table.is_file():
        return OWN
    texts = texts_of_table(table.read_bytes())
    named = _named(path.with_suffix(".cpg"))
    fitting = [one for one in _TRIED if all(_reads(text, one) for text in texts)]
    if named is not None:
        if not all(_reads(text, named) for text in texts):
            problem = f"its .cpg says {named}, its texts are in {' or '.join(fitting) or 'another'}"
            remedy = "Correct the .cpg, or name the encoding with --encoding"
            faults.add(path.name, None, "encoding", problem, remedy)
        return Encoding(named, "its .cpg says so")
    if not fitting:
        problem = "it has no .cpg, and its texts are in none of UTF-8, GB 18030 and Big5"
        faults.add(path.name, None, "encoding", problem, "Name the encoding with --encoding")
        return Encoding("utf-8", "nothing fits")
    if all(text.isascii() for text in texts):
        return Encoding("utf-8", "it has no .cpg, and its texts are plain ASCII")
    best = "utf-8" if "utf-8" in fitting else max(fitting, key=lambda one: _daily(texts, one))
    return Encoding(best, f"it has no .cpg; its texts read as {', '.join(fitting)}")


def texts_of_table(content: bytes) -> list[bytes]:
    """The texts of a dBase table, and the names of its columns, as they stand there.

    At most the first 20,000 rows. A table that is cut short gives what is there.
    """
    start, width = (int.from_bytes(content[at : at + 2], "little") for at in (8, 10))
    fields = [
        content[at : at + _FIELD]
        for at in range(_HEADER, start - 1, _FIELD)
        if len(content) >= at + _FIELD and content[at] != _END_OF_FIELDS
    ]
    found = {field[:11].partition(b"\0")[0] for field in fields}
    if width:
        rows = range(start, min(len(content), start + _MOST_ROWS * width), width)
        at = 1
        for field in fields:
            length = field[16]
            if field[11:12] == b"C":
                found |= {content[row + at : row + at + length].strip(b" \0") for row in rows}
            at += length
    return sorted(found)


def _named(path: Path) -> str | None:
    """The encoding in a ``.cpg``; None without one, or when it is a name that nobody knows."""
    if not path.is_file():
        return None
    name = path.read_text("ascii", errors="replace").strip()
    for one in (name, f"cp{name}"):
        try:
            return codecs.lookup(one).name
        except LookupError:
            continue
    return None


def _reads(text: bytes, encoding: str) -> bool:
    """Whether a text reads; at its end a character may be cut, as narrow columns do."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(text)
    except UnicodeDecodeError:
        return False
    return True


def _daily(texts: list[bytes], encoding: str) -> int:
    """How many pairs of bytes begin like a character in daily use of that encoding."""
    daily = _DAILY[encoding]
    return sum(lead in daily for text in texts for lead in _leads(text))


def _leads(text: bytes) -> list[int]:
    """The first bytes of its characters of two bytes."""
    found, at = list[int](), 0
    while at < len(text):
        if text[at] > 0x7F:
            found.append(text[at])
            at += 1
        at += 1
    return found
