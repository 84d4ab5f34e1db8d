"""An evaluation as JSON, and what its words mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.evaluation.answering import Evaluation, Line
from dispatch.evaluation.indicators import INDICATORS, Indicator, formula
from dispatch.evaluation.meanings import IDENTITIES, MEANINGS
from dispatch.evaluation.scoring import Scoring
from grid.naming import Label


def as_told(found: Evaluation) -> dict[str, Any]:
    """The answer with its lines; rounded nowhere, so that others can reckon on."""
    period = found.question.period
    return {
        "by": found.question.by,
        "from": period.begin.isoformat(),
        "until": period.until.isoformat(),
        "as_of": period.known_at.isoformat(),
        "grid": found.question.grid,
        "grid_version": found.grid_version,
        "within": found.within,
        "cases": found.cases,
        "balanced": found.balanced,
        "lines": [_line(line, found) for line in found.lines],
        "total": _line(found.total, found),
    }


def _line(line: Line, found: Evaluation) -> dict[str, Any]:
    return {
        "key": line.key,
        "name": line.name.as_dict(),
        "counts": {count: line.counts.get(count, 0) for count in found.counts},
        "indicators": _values(line, found.indicators),
        "score": line.score,
        "grade": line.grade.as_dict() if line.grade else None,
        "rank": line.rank,
    }


def _values(line: Line, indicators: Sequence[Indicator]) -> dict[str, Any]:
    ratios = {one.key: one.of(line.counts) for one in indicators}
    return {
        key: {"value": ratio.value, "above": ratio.above, "below": ratio.below}
        for key, ratio in ratios.items()
    }


def definitions(scoring: Scoring, levels: Mapping[str, Label], timezone: str) -> dict[str, Any]:
    """Every count and indicator in words, the levels of areas, and how this city scores."""
    return {
        "timezone": timezone,
        "levels": {level: label.as_dict() for level, label in levels.items()},
        "counts": {
            count: {
                "name": one.name.as_dict(),
                "what": one.what.as_dict(),
                "counts_when": one.moment.value.as_dict(),
                "post": one.post,
            }
            for count, one in MEANINGS.items()
        },
        "identities": [[whole, list(parts)] for whole, parts in IDENTITIES],
        "indicators": {
            key: {
                "name": one.name.as_dict(),
                "formula": formula(one).as_dict(),
                "above": one.above,
                "below": one.below,
                "unit": one.unit,
                "better": one.better,
                "post": one.post,
                "weight": scoring.weights.get(key, 0),
            }
            for key, one in INDICATORS.items()
        },
        "grades": [grade.as_dict() for grade in scoring.grades],
    }
