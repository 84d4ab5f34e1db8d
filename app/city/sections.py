"""A table within ``city.toml``, its settings under their whole names."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from app.city.faults import Faults
from app.city.lines import Line

FILE: Final = "city.toml"


def section(
    name: str, content: object, known: Collection[str], faults: Faults, row: int | None = None
) -> Line:
    """The settings of the table *name*; what is no table, and what is not *known*, is a fault.

    The setting ``off`` of the table ``workflow`` is ``workflow.off``, in values and in faults.
    *row* counts the tables of a list, from 1.
    """
    told = content if isinstance(content, dict) else {}
    line = Line(FILE, row, {f"{name}.{key}": value for key, value in told.items()}, faults)
    if not isinstance(content, dict):
        line.wrong(name, "it is no table", f"Write [{name}] and the settings below it")
    for key in sorted(set(told) - set(known)):
        remedy = f"Choose from {', '.join(known)}"
        line.wrong(f"{name}.{key}", "this is no setting of a city pack", remedy)
    return line


def name_in(line: Line, stem: str, longest: int) -> dict[str, str]:
    """A name in both languages, from the settings *stem* with ``zh`` and ``en`` behind it."""
    return {key: line.text(f"{stem}{key}", longest=longest) for key in ("zh", "en")}
