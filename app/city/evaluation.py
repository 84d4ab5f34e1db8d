"""How a city judges its work, from the table ``[evaluation]`` of ``city.toml``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from app.city.faults import Faults
from app.city.lines import Line
from app.city.sections import FILE, name_in, section
from dispatch.evaluation.indicators import INDICATORS, Better
from dispatch.evaluation.scoring import FULL, GRADES, WEIGHTS

_KEYS: Final = ("weights", "grade")
_GRADE_KEYS: Final = ("from", "name_zh", "name_en", "colour")
_JUDGED: Final = tuple(k for k, one in INDICATORS.items() if one.better is not Better.UNJUDGED)
_OF_PLACES: Final = tuple(key for key in _JUDGED if key != "valid_report_rate")
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_LONGEST_NAME: Final = 20
_MOST_GRADES: Final = 7


def read_evaluation(content: object, faults: Faults) -> dict[str, Any]:
    """Weights and grades as they are stored, whatever is not said filled in; faults are noted."""
    table = section("evaluation", content, _KEYS, faults)
    return {
        "weights": _weights(table.values.get("evaluation.weights"), faults),
        "grades": _grades(table.values.get("evaluation.grade"), faults),
    }


def _weights(content: object, faults: Faults) -> dict[str, float]:
    """The weights by indicator; a city that names any names all."""
    if content is None:
        return dict(WEIGHTS)
    line = section("evaluation.weights", content, _OF_PLACES, faults)
    fields = {key: f"evaluation.weights.{key}" for key in _OF_PLACES}
    weights = {
        key: line.number(field, 0, FULL) for key, field in fields.items() if field in line.values
    }
    whole = sum(weights.values())
    if abs(whole - FULL) > 1e-6:
        remedy = f"Make them sum to {FULL:g}"
        line.wrong("evaluation.weights", f"the weights sum to {whole:g}", remedy)
    return weights


def _grades(content: object, faults: Faults) -> list[dict[str, Any]]:
    """The grades, best first; a city that names any names all."""
    if content is None:
        return [grade.as_dict() for grade in GRADES]
    whole = Line(FILE, None, {}, faults)
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        whole.wrong("evaluation.grade", "it is no list", "Write [[evaluation.grade]] tables")
        return []
    if not 2 <= len(content) <= _MOST_GRADES:
        problem = f"there are {len(content)} grades"
        whole.wrong("evaluation.grade", problem, f"Write 2 to {_MOST_GRADES}, best first")
    grades = [_grade(one, n, faults) for n, one in enumerate(content, 1)]
    _check_order(whole, [grade["from"] for grade in grades])
    return grades


def _grade(content: object, row: int, faults: Faults) -> dict[str, Any]:
    stem = "evaluation.grade"
    told = section(stem, content, _GRADE_KEYS, faults, row)
    name = name_in(told, f"{stem}.name_", _LONGEST_NAME)
    return {
        "from": told.number(f"{stem}.from", 0, FULL),
        "name": name,
        "colour": _colour(told, f"{stem}.colour"),
    }


def _colour(line: Line, field: str) -> str:
    text = line.text(field)
    if text and not _COLOUR.fullmatch(text):
        line.wrong(field, f"{text!r} is no colour", "Write it like #1a9850")
    return text


def _check_order(line: Line, thresholds: Sequence[float]) -> None:
    field = "evaluation.grade.from"
    if thresholds and sorted(set(thresholds), reverse=True) != list(thresholds):
        line.wrong(field, "the grades are not in falling order", "Write the best one first")
    if thresholds and thresholds[-1] != 0:
        line.wrong(field, "no grade begins at 0", "Let the last one be from 0")
