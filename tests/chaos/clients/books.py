"""The books of a run: JSON lines, only appended, each file with one writer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

KEYS: Final = "keys.json"


class Book:
    """One file that grows by lines. What was written is with the kernel: a killed writer keeps it.

    A line that a killed writer left half written is closed, so that the next one stands alone.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        torn = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
        self.path = path
        self._file = path.open("ab", buffering=0)
        if torn:
            self._file.write(b"\n")

    def write(self, *lines: dict[str, Any]) -> None:
        """Append the lines in one call to the kernel."""
        self._file.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    def fileno(self) -> int:
        """The open file, for fsync."""
        return self._file.fileno()

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.close()


def read_book(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line; nothing when the book was never begun. A torn line is left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:
                continue


def read_keys(folder: Path) -> dict[str, str]:
    """The API keys of the run by source."""
    return json.loads((folder / KEYS).read_text())
