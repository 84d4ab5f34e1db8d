"""Reading a register of divisions, and holding the areas of a pack against it."""

import csv
import gzip
import zlib
from pathlib import Path
from typing import Final

from app.city.territory import Areas
from grid.divisions import Register

SUFFIXES: Final = (".csv", ".csv.gz")


class NotARegister(Exception):
    """A path holds no table of division codes."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} is no register of divisions: {reason}")
        self.path, self.reason = path, reason


def read_register(path: Path) -> Register:
    """The codes of a table, or of all tables of a folder: CSV, packed or not, with code and name.

    Raises NotARegister when there is nothing of the kind.
    """
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    names: dict[str, str] = {}
    for file in files:
        if file.is_file() and file.name.endswith(SUFFIXES):
            names |= _names(file)
    register = Register(names)
    if not len(register):
        raise NotARegister(str(path), "no CSV table with columns code and name is there")
    return register


def _names(file: Path) -> dict[str, str]:
    try:
        content = file.read_bytes()
        text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as err:
        raise NotARegister(str(file), f"it cannot be read ({err})") from err
    lines = csv.DictReader(text.splitlines())
    if not {"code", "name"} <= set(lines.fieldnames or ()):
        return {}
    return {line["code"]: line["name"] for line in lines}


def check_divisions(areas: Areas, register: Register) -> None:
    """Note each area whose code the register cannot have; below a wrong one nothing is said."""
    wrong: set[str] = set()
    pairs = sorted(zip(areas.rows, areas.lines, strict=True), key=lambda pair: len(pair[0]["code"]))
    for row, line in pairs:
        objection = register.objection(row["code"])
        if row["parent"] in wrong:
            wrong.add(row["code"])
        elif objection:
            wrong.add(row["code"])
            line.wrong("code", objection, "Correct the code, or bring the register up to date")
