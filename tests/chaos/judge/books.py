"""The books of those who stand outside, as the judge reads them at the end of a run."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

Line = dict[str, Any]
Name = tuple[str, str]
"""Source and key of a report."""

ACCEPTED: Final = (200, 201)


@dataclass(frozen=True)
class Books:
    """All lines of all books; a book that nobody kept is empty."""

    planned: Sequence[Line]
    phones: Sequence[Line]
    photos: Sequence[Line]
    malformed: Sequence[Line]
    sensors: Sequence[Line]
    sink: Sequence[Line]
    faults: Sequence[Line]
    memory: Sequence[Line]
    screen: Line | None

    @cached_property
    def plans(self) -> Mapping[Name, Line]:
        """What was planned, by source and key."""
        return {name_of(line): line for line in self.planned}

    @cached_property
    def attempts(self) -> Mapping[Name, list[Line]]:
        """The attempts at each report, in order."""
        return _grouped(self.phones)

    @cached_property
    def receipts(self) -> Mapping[Name, set[str | None]]:
        """Every receipt that was given for a report with its own bytes."""
        found: defaultdict[Name, set[str | None]] = defaultdict(set)
        for line in self.phones:
            if line["status"] in ACCEPTED and line["kind"] != "other-bytes":
                found[name_of(line)].add(line["receipt"])
        return found

    @cached_property
    def arrivals(self) -> Mapping[str, list[Line]]:
        """What came to the sink under each key, in order."""
        found: defaultdict[str, list[Line]] = defaultdict(list)
        for line in self.sink:
            found[line["key"]].append(line)
        return found


def read_books(folder: Path) -> Books:
    """The books in the folder of a run."""
    names = ("planned", "phones", "photos", "malformed", "sensors", "sink", "faults", "memory")
    screen = folder / "screen.json"
    return Books(
        **{name: list(_lines(folder / f"{name}.jsonl")) for name in names},
        screen=json.loads(screen.read_text()) if screen.exists() else None,
    )


def name_of(line: Line) -> Name:
    """Source and key of a line."""
    return line["source"], line["key"]


def _grouped(lines: Sequence[Line]) -> Mapping[Name, list[Line]]:
    found: defaultdict[Name, list[Line]] = defaultdict(list)
    for line in lines:
        found[name_of(line)].append(line)
    return found


def _lines(path: Path) -> Iterator[Line]:
    """Every whole line; one that a killed writer left half written was acknowledged to nobody."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:
                continue
