"""What a city makes of the workflow, from the table ``[workflow]`` of ``city.toml``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from app.city.faults import Faults
from app.city.lines import Line
from app.city.sections import FILE, name_in, section
from dispatch.case import Move
from dispatch.workflow.variant import OPTIONAL, STAGE_MINUTES

_KEYS: Final = ("off", "photo", "minutes", "names")
_LONGEST_NAME: Final = 40
_MOST_MINUTES: Final = 43_200


def read_workflow(content: object, faults: Faults) -> dict[str, Any]:
    """The city's variant as it is stored, whatever is not said filled in; every fault is noted."""
    table = section("workflow", content, _KEYS, faults)
    return {
        "off": _moves(table, "off", OPTIONAL),
        "photo": _moves(table, "photo", tuple(Move)),
        "minutes": _minutes(table),
        "names": _names(table),
    }


def _moves(table: Line, name: str, allowed: Collection[Move]) -> list[str]:
    """Names of moves, sorted; one that this city cannot choose is a fault."""
    told = table.values.get(f"workflow.{name}", [])
    if not isinstance(told, list):
        table.wrong(f"workflow.{name}", "it is no list of moves", f'Write {name} = ["transfer"]')
        return []
    fit = [one for one in told if isinstance(one, str) and one in set(allowed)]
    for one in told:
        if one not in fit:
            remedy = f"Choose from {', '.join(allowed)}"
            table.wrong(f"workflow.{name}", f"{one!r} cannot stand here", remedy)
    return sorted(set(fit))


def _minutes(table: Line) -> dict[str, float]:
    stem = "workflow.minutes"
    told = section(stem, table.values.get(stem, {}), tuple(STAGE_MINUTES), table.faults)
    usual = {f"{stem}.{name}": minutes for name, minutes in STAGE_MINUTES.items()}
    line = Line(FILE, None, {**usual, **told.values}, table.faults)
    return {name: line.number(f"{stem}.{name}", 0, _MOST_MINUTES) for name in STAGE_MINUTES}


def _names(table: Line) -> dict[str, dict[str, str]]:
    stem = "workflow.names"
    told = section(stem, table.values.get(stem, {}), tuple(Move), table.faults).values
    fields = {move: f"{stem}.{move}" for move in Move}
    return {
        move: _name(field, told[field], table.faults)
        for move, field in fields.items()
        if field in told
    }


def _name(field: str, told: object, faults: Faults) -> dict[str, str]:
    return name_in(section(field, told, ("zh", "en"), faults), f"{field}.", _LONGEST_NAME)
