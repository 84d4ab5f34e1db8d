"""What a city leaves to its rules, from the table ``[dispatch]`` of ``city.toml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from app.city.faults import Faults
from app.city.lines import Line

_FILE: Final = "city.toml"
_KEYS: Final = ("auto", "confidence", "hold_back")
HELD: Final = ("categories", "rules", "areas")


def read_dispatch(content: object, faults: Faults) -> dict[str, Any] | None:
    """The table as it is stored, what is not said filled in; None where the city says nothing.

    Nothing stays nothing, so that the part ``city`` of such a city is what it was.
    """
    if content is None:
        return None
    line = _line("dispatch", content, _KEYS, faults)
    told = {"dispatch.auto": True, "dispatch.confidence": 0, **line.values}
    line = Line(_FILE, None, told, faults)
    held = _line("dispatch.hold_back", line.values.get("dispatch.hold_back", {}), HELD, faults)
    return {
        "auto": line.flag("dispatch.auto"),
        "confidence": line.number("dispatch.confidence", 0, 1),
        "hold_back": {name: _codes(held, f"dispatch.hold_back.{name}") for name in HELD},
    }


def check_held_back(
    told: Mapping[str, Any] | None, known: Mapping[str, Collection[str]], faults: Faults
) -> None:
    """Note what is held back and does not exist: *known* holds all there is, by kind."""
    line = Line(_FILE, None, {}, faults)
    for name in HELD if told else ():
        for code in (told or {})["hold_back"][name]:
            line.check_known(f"dispatch.hold_back.{name}", code, known[name], name)


def _line(name: str, content: object, known: Collection[str], faults: Faults) -> Line:
    """A table with its settings under their whole names."""
    table = content if isinstance(content, dict) else {}
    if not isinstance(content, dict):
        remedy = f"Write {name} as a table of {', '.join(known)}"
        faults.add(_FILE, None, name, "it is no table", remedy)
    for key in sorted(set(table) - set(known)):
        problem, remedy = "this is no setting of a city pack", f"Choose from {', '.join(known)}"
        faults.add(_FILE, None, f"{name}.{key}", problem, remedy)
    return Line(_FILE, None, {f"{name}.{key}": value for key, value in table.items()}, faults)


def _codes(line: Line, field: str) -> list[str]:
    told = line.values.get(field, [])
    if isinstance(told, list) and all(isinstance(one, str) and one for one in told):
        return sorted(set(told))
    line.wrong(field, "it is no list of codes", 'Write it like ["06028"]')
    return []
