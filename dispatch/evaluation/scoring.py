"""The score (综合得分) and its grade: indicators by weight, thresholds with colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeVar

from dispatch.evaluation.indicators import INDICATORS
from dispatch.evaluation.tables import Counts
from grid.naming import Label

FULL: Final = 100.0
"""What all weights sum to, and the best score."""

WEIGHTS: Final[Mapping[str, float]] = {
    "dispose_rate": 30,
    "in_time_rate": 20,
    "rework_rate": 20,
    "late_open_rate": 20,
    "extension_rate": 10,
}
"""The example of Chengdu Jinniu (成都金牛区), where a city says nothing else."""

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Grade:
    """Scores from *least* on, up to the next better grade; *colour* is ``#rrggbb``."""

    least: float
    name: Label
    colour: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """The grade as the part ``city`` has it."""
        return cls(told["from"], Label.of(told["name"]), told["colour"])

    def as_dict(self) -> dict[str, Any]:
        """The form that is stored and sent."""
        return {"from": self.least, "name": self.name.as_dict(), "colour": self.colour}


GRADES: Final = (
    Grade(90, Label("优秀", "excellent"), "#1a9850"),
    Grade(80, Label("良好", "good"), "#91cf60"),
    Grade(60, Label("合格", "fair"), "#fdae61"),
    Grade(0, Label("不合格", "poor"), "#d7301f"),
)
"""Best first, the last from 0 on."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How a city judges: *weights* by indicator, which sum to 100, and *grades*, best first."""

    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    grades: Sequence[Grade] = GRADES

    @classmethod
    def of(cls, told: Mapping[str, Any] | None) -> Self:
        """What the part ``city`` says under ``evaluation``; None: it says nothing."""
        if told is None:
            return cls()
        weights = {key: told["weights"][key] for key in INDICATORS if key in told["weights"]}
        return cls(weights, tuple(Grade.of(one) for one in told["grades"]))

    def score(self, counts: Counts) -> float | None:
        """From 0 to 100; None when none of the indicators has a value.

        An indicator without a value gives its weight to the others in proportion: who had nothing
        to do in one respect is judged by the rest.
        """
        judged = [
            (weight, goodness)
            for key, weight in self.weights.items()
            if weight and (goodness := INDICATORS[key].goodness(counts)) is not None
        ]
        if not judged:
            return None
        whole = sum(weight for weight, _ in judged)
        return FULL * sum(weight * goodness for weight, goodness in judged) / whole

    def grade(self, score: float) -> Grade:
        """The grade of a score, which is judged as it is shown: to one decimal."""
        return next(one for one in self.grades if round(score, 1) >= one.least)


def ranks(scores: Iterable[tuple[Key, float | None]]) -> dict[Key, int]:
    """Places from 1, best first; equal scores share one. Who has no score has no place."""
    told = [(key, round(score, 1)) for key, score in scores if score is not None]
    return {key: 1 + sum(other > score for _, other in told) for key, score in told}
