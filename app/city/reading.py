"""Text files of a city pack as rows: encodings, columns, TOML. What values mean is not here."""

import csv
import io
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.city.faults import Faults
from app.city.lines import Line

MOST_TEXT_BYTES: Final = 64 * 1024**2
MOST_ROWS: Final = 200_000
LONGEST_VALUE: Final = 100_000
_MARKS: Final = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as written; *whole* stands for the file when a fault is of no single row."""

    whole: Line
    lines: tuple[Line, ...]


def read_sheet(
    folder: Path, file: str, columns: Sequence[str], faults: Faults, *, optional: bool = False
) -> Sheet | None:
    """The lines of a CSV file; None when it is missing or cannot be read, noted unless optional."""
    text = read_text(folder, file, faults, optional=optional)
    if text is None:
        return None
    csv.field_size_limit(LONGEST_VALUE)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as err:
        faults.add(file, None, "", f"this is no CSV table ({err})", "Save it again as CSV UTF-8")
        return None
    if not records or not _has_columns(file, records[0], columns, faults):
        return None
    if len(records) > MOST_ROWS:
        faults.add(file, None, "", f"it has {len(records)} rows", f"Keep it below {MOST_ROWS}")
        return None
    return Sheet(Line(file, None, {}, faults), tuple(_lines(file, records, faults)))


def _has_columns(file: str, header: list[str], wanted: Sequence[str], faults: Faults) -> bool:
    names = Counter(name.strip() for name in header)
    for column in wanted:
        if column not in names:
            faults.add(file, 1, column, "the column is missing", f"Add a column {column!r}")
        elif names[column] > 1:
            faults.add(file, 1, column, "two columns have this name", "Keep one of them")
    return all(names[column] == 1 for column in wanted)


def _lines(file: str, records: list[list[str]], faults: Faults) -> list[Line]:
    header = [name.strip() for name in records[0]]
    lines: list[Line] = []
    for number, record in enumerate(records[1:], start=2):
        if not any(value.strip() for value in record):
            continue
        if len(record) != len(header):
            problem = f"it has {len(record)} values, the header has {len(header)} columns"
            faults.add(file, number, "", problem, "Check the commas and quotes of this row")
        padded = record + [""] * (len(header) - len(record))
        values = {name: value.strip() for name, value in zip(header, padded, strict=False)}
        lines.append(Line(file, number, values, faults))
    return lines


def read_toml(
    folder: Path, file: str, faults: Faults, *, optional: bool = False
) -> dict[str, Any] | None:
    """A TOML file; None when it is missing or cannot be read, noted unless optional."""
    text = read_text(folder, file, faults, optional=optional)
    if text is None:
        return None
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as err:
        faults.add(file, None, "", f"this is not TOML: {err}", "Correct the line named here")
        return None


def read_rules(content: Mapping[str, Any], file: str, faults: Faults) -> list[Line]:
    """The ``[[rule]]`` tables as lines numbered from 1."""
    rules = content.get("rule", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        faults.add(file, None, "rule", "it is no list of tables", "Begin each rule with [[rule]]")
        return []
    return [Line(file, number, rule, faults) for number, rule in enumerate(rules, start=1)]


def read_text(folder: Path, file: str, faults: Faults, *, optional: bool = False) -> str | None:
    """A file as text; it must be UTF-8, with or without a byte order mark."""
    path = folder / file
    if not path.is_file():
        if not optional:
            faults.add(file, None, "", "the file is missing", f"Put {file} into the pack")
        return None
    if path.stat().st_size > MOST_TEXT_BYTES:
        faults.add(file, None, "", "the file is larger than 64 MiB", "Keep to what a city needs")
        return None
    return _decoded(file, path.read_bytes(), faults)


def _decoded(file: str, content: bytes, faults: Faults) -> str | None:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        row = content[: err.start].count(b"\n") + 1
        problem = f"the text is not UTF-8 but {_guessed_encoding(content)}"
        remedy = "Save it as UTF-8; in a spreadsheet choose “CSV UTF-8”"
        faults.add(file, row, "", problem, remedy)
        return None


def _guessed_encoding(content: bytes) -> str:
    if content[:2] in _MARKS:
        return _MARKS[content[:2]]
    for encoding, name in (("gb18030", "GBK or GB 18030"), ("big5", "Big5")):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return f"probably {name}"
    return "something else"
