"""Incidents from a file: CSV with a mapping of columns, or one JSON object a line."""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

FIELDS: Final = ("key", "category", "lon", "lat", "datum", "happened_at", "description", "address")
"""What a column or a JSON member may be mapped to; category and happened_at are required."""


class UnreadableFile(Exception):
    """The file cannot be played; says which line and field, and what to do."""

    def __init__(self, file: Path, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file, self.line, self.problem = file, line, problem


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that happened, ready to be sent. Position in degrees of *datum*, or None."""

    key: UUID
    name: str
    category: str
    happened_at: datetime
    lon: float | None = None
    lat: float | None = None
    datum: str = "wgs84"
    description: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """How the columns of a file are read; *addresses* are tried in order until one is not empty."""

    columns: Mapping[str, str]
    addresses: tuple[str, ...] = ()
    time_format: str | None = None
    timezone: str = "UTC"


def read_incidents(file: Path, mapping: Columns) -> list[Incident]:
    """All incidents of the file, oldest first; of the same moment, in the order of the file.

    Raises UnreadableFile for the first line that cannot be read.
    """
    try:
        with _opened(file) as text:
            incidents = [_incident(file, line, row, mapping) for line, row in _rows(file, text)]
    except (gzip.BadGzipFile, EOFError, UnicodeDecodeError, csv.Error) as err:
        problem = f"cannot be read as UTF-8 text, packed or not: {err}"
        raise UnreadableFile(file, 1, problem) from err
    return sorted(incidents, key=lambda incident: incident.happened_at)


def _opened(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig", newline="")
    return file.open(encoding="utf-8-sig", newline="")


def _rows(file: Path, text: TextIO) -> Iterator[tuple[int, Mapping[str, str]]]:
    name = file.name.removesuffix(".gz")
    if name.endswith(".csv"):
        reader = csv.DictReader(text)
        yield from ((reader.line_num, row) for row in reader)
    else:
        yield from _json_lines(file, text)


def _json_lines(file: Path, lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as err:
            raise UnreadableFile(file, number, f"not JSON: {err}") from err
        if not isinstance(row, dict):
            raise UnreadableFile(file, number, "a line must be one JSON object")
        yield number, {str(k): "" if v is None else str(v) for k, v in row.items()}


def _incident(file: Path, line: int, row: Mapping[str, str], mapping: Columns) -> Incident:
    def value(field: str) -> str:
        return (row.get(mapping.columns.get(field, field)) or "").strip()

    for needed in ("category", "happened_at"):
        if not value(needed):
            raise UnreadableFile(
                file, line, f"column {mapping.columns.get(needed, needed)!r} is empty or missing"
            )
    name = value("key") or f"line {line}"
    try:
        return Incident(
            key=uuid5(NAMESPACE_URL, f"{file.name}#{name}"),
            name=name,
            category=value("category"),
            happened_at=_moment(value("happened_at"), mapping),
            lon=_degrees(value("lon")),
            lat=_degrees(value("lat")),
            datum=value("datum") or "wgs84",
            description=value("description"),
            address=_address(row, mapping) or value("address"),
        )
    except ValueError as err:
        raise UnreadableFile(file, line, str(err)) from err


def _address(row: Mapping[str, str], mapping: Columns) -> str:
    parts = (" ".join((row.get(column) or "").split()) for column in mapping.addresses)
    return next((part for part in parts if part), "")


def _degrees(text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a coordinate") from None
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not a coordinate")
    return number


def _moment(text: str, mapping: Columns) -> datetime:
    if mapping.time_format:
        moment = datetime.strptime(text, mapping.time_format)  # noqa: DTZ007 — made aware below
    else:
        moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(mapping.timezone))
    return aware.astimezone(UTC)  # adding a span to a local time would skip an hour of DST
