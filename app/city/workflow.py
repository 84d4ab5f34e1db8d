"""What a city makes of the workflow, from the table ``[workflow]`` of ``city.toml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from app.city.faults import Faults
from app.city.lines import Line
from dispatch.case import Move
from dispatch.workflow.variant import OPTIONAL, STAGE_MINUTES

_FILE: Final = "city.toml"
_KEYS: Final = ("off", "photo", "minutes", "names")
_LONGEST_NAME: Final = 40
_MOST_MINUTES: Final = 43_200


def read_workflow(content: object, faults: Faults) -> dict[str, Any]:
    """The city's variant as it is stored, whatever is not said filled in; every fault is noted."""
    table = Line(_FILE, None, _table(content, "workflow", faults), faults)
    _refuse_unknown(table, "workflow", table.values, _KEYS)
    return {
        "off": _moves(table, "off", OPTIONAL),
        "photo": _moves(table, "photo", tuple(Move)),
        "minutes": _minutes(table),
        "names": _names(table),
    }


def _table(content: object, name: str, faults: Faults) -> Mapping[str, Any]:
    if isinstance(content, dict):
        return content
    line = Line(_FILE, None, {}, faults)
    line.wrong(name, "it is no table", f"Write [{name}] and the settings below it")
    return {}


def _refuse_unknown(line: Line, name: str, told: Mapping[str, Any], known: Collection[str]) -> None:
    for key in sorted(set(told) - set(known)):
        remedy = f"Choose from {', '.join(known)}"
        line.wrong(f"{name}.{key}", "this is no setting of a city pack", remedy)


def _moves(table: Line, name: str, allowed: Collection[Move]) -> list[str]:
    """Names of moves, sorted; one that this city cannot choose is a fault."""
    told = table.values.get(name, [])
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
    told = _table(table.values.get("minutes", {}), "workflow.minutes", table.faults)
    _refuse_unknown(table, "workflow.minutes", told, tuple(STAGE_MINUTES))
    given = {f"workflow.minutes.{name}": told.get(name, usual) for name, usual in _USUAL}
    line = Line(_FILE, None, given, table.faults)
    return {name: line.number(f"workflow.minutes.{name}", 0, _MOST_MINUTES) for name, _ in _USUAL}


_USUAL: Final = tuple(STAGE_MINUTES.items())


def _names(table: Line) -> dict[str, dict[str, str]]:
    told = _table(table.values.get("names", {}), "workflow.names", table.faults)
    _refuse_unknown(table, "workflow.names", told, tuple(Move))
    return {move: _name(table, move, told[move]) for move in Move if move in told}


def _name(table: Line, move: str, told: object) -> dict[str, str]:
    stem = f"workflow.names.{move}"
    inner = _table(told, stem, table.faults)
    _refuse_unknown(table, stem, inner, ("zh", "en"))
    line = Line(_FILE, None, {f"{stem}.{key}": value for key, value in inner.items()}, table.faults)
    return {key: line.text(f"{stem}.{key}", longest=_LONGEST_NAME) for key in ("zh", "en")}
