"""What a city leaves to its rules, from the table ``[dispatch]`` of ``city.toml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from app.city.faults import Faults
from app.city.lines import Line
from app.city.sections import FILE, section

_KEYS: Final = ("auto", "confidence", "hold_back")
HELD: Final = ("categories", "rules", "areas")


def read_dispatch(content: object, faults: Faults) -> dict[str, Any] | None:
    """The table as it is stored, what is not said filled in; None where the city says nothing.

    Nothing stays nothing, so that the part ``city`` of such a city is what it was.
    """
    if content is None:
        return None
    line = section("dispatch", content, _KEYS, faults)
    told = {"dispatch.auto": True, "dispatch.confidence": 0, **line.values}
    line = Line(FILE, None, told, faults)
    held = section("dispatch.hold_back", line.values.get("dispatch.hold_back", {}), HELD, faults)
    return {
        "auto": line.flag("dispatch.auto"),
        "confidence": line.number("dispatch.confidence", 0, 1),
        "hold_back": {name: _codes(held, f"dispatch.hold_back.{name}") for name in HELD},
    }


def check_held_back(
    told: Mapping[str, Any] | None, known: Mapping[str, Collection[str]], faults: Faults
) -> None:
    """Note what is held back and does not exist: *known* holds all there is, by kind."""
    line = Line(FILE, None, {}, faults)
    for name in HELD if told else ():
        for code in (told or {})["hold_back"][name]:
            line.check_known(f"dispatch.hold_back.{name}", code, known[name], name)


def _codes(line: Line, field: str) -> list[str]:
    told = line.values.get(field, [])
    if isinstance(told, list) and all(isinstance(one, str) and one for one in told):
        return sorted(set(told))
    line.wrong(field, "it is no list of codes", 'Write it like ["06028"]')
    return []
