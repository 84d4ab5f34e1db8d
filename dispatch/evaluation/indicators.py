"""The indicators: ratios of counts, each with its formula as data, so that pages can show it.

Lateness that was excused on appeal stays lateness in the counts. Ratios about limits leave it out,
above and below the line: neither in time nor held against anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dispatch.evaluation.counts import Count as C
from dispatch.evaluation.meanings import MEANINGS, Post
from dispatch.evaluation.tables import Counts
from grid.naming import Label, Language

Sum = Sequence[tuple[int, C]]
"""Counts to be added (1) and taken away (-1)."""


class Better(StrEnum):
    """Which way an indicator is good; a duration is told and not judged."""

    HIGH = "high"
    LOW = "low"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True)
class Ratio:
    """One above the other. 0/0 is no value: nothing was there to be measured."""

    above: float
    below: float

    @property
    def value(self) -> float | None:
        """The quotient, None when there is nothing below the line."""
        return self.above / self.below if self.below else None


@dataclass(frozen=True, slots=True)
class Indicator:
    """A formula with its name; *unit* is ``ratio``, or ``s`` for a mean duration in seconds."""

    key: str
    post: Post
    name: Label
    above: Sum
    below: Sum
    better: Better = Better.HIGH
    unit: str = "ratio"

    def of(self, counts: Counts) -> Ratio:
        """Its value by these counts."""
        return Ratio(_summed(self.above, counts), _summed(self.below, counts))

    def goodness(self, counts: Counts) -> float | None:
        """From 0, as bad as can be, to 1; None when there is nothing to judge."""
        value = self.of(counts).value
        if value is None or self.better is Better.UNJUDGED:
            return None
        return value if self.better is Better.HIGH else 1 - value

    @property
    def counts(self) -> frozenset[C]:
        """All that the formula asks for."""
        return frozenset(count for _, count in (*self.above, *self.below))


def _summed(terms: Sum, counts: Counts) -> float:
    return sum(sign * counts.get(count, 0) for sign, count in terms)


def _plus(*counts: C) -> list[tuple[int, C]]:
    return [(1, count) for count in counts]


def _minus(*counts: C) -> list[tuple[int, C]]:
    return [(-1, count) for count in counts]


_LOW, _UNJUDGED = Better.LOW, Better.UNJUDGED
_DONE: Final = _plus(C.IN_TIME, C.LATE)
_JUDGED: Final = [*_plus(C.NEED), *_minus(C.LATE_EXCUSED, C.LATE_OPEN_EXCUSED)]
_CHECKS: Final = _plus(C.CHECK_IN_TIME, C.CHECK_LATE, C.CHECK_LATE_OPEN)
_VERIFICATIONS: Final = _plus(C.VERIFY_IN_TIME, C.VERIFY_LATE, C.VERIFY_LATE_OPEN)
_DISPATCHES: Final = _plus(C.DISPATCH_IN_TIME, C.DISPATCH_LATE, C.DISPATCH_LATE_OPEN)
_ACCEPTED: Final = _plus(C.ACCEPT_IN_TIME, C.ACCEPT_LATE)
_CASE, _OPERATOR, _INSPECTOR, _DISPATCHER, _DEPARTMENT = Post

# fmt: off
_ALL: Final = (
    Indicator("dispose_rate", _DEPARTMENT, Label("处置率", "disposal rate"),
        [*_DONE, *_minus(C.LATE_EXCUSED)], _JUDGED),
    Indicator("in_time_rate", _DEPARTMENT, Label("按期处置率", "disposal in time"),
        _plus(C.IN_TIME), _JUDGED),
    Indicator("late_open_rate", _DEPARTMENT, Label("超期待处置率", "overdue rate"),
        [*_plus(C.LATE_OPEN), *_minus(C.LATE_OPEN_EXCUSED)], _JUDGED, _LOW),
    Indicator("rework_rate", _DEPARTMENT, Label("返工率", "rework rate"),
        _plus(C.REWORKED), _plus(C.HANDLED), _LOW),
    Indicator("extension_rate", _DEPARTMENT, Label("延期率", "extension rate"),
        _plus(C.EXTENDED), _plus(C.NEED), _LOW),
    Indicator("close_rate", _DEPARTMENT, Label("结案率", "closing rate"),
        _plus(C.CLOSED_IN_TIME, C.CLOSED_LATE), _plus(C.HANDLED)),
    Indicator("close_in_time_rate", _DEPARTMENT, Label("按期结案率", "rate closed in time"),
        _plus(C.CLOSED_IN_TIME), _plus(C.HANDLED)),
    Indicator("close_late_rate", _DEPARTMENT, Label("超期结案率", "rate closed late"),
        _plus(C.CLOSED_LATE), _plus(C.HANDLED), _LOW),
    Indicator("mean_disposal", _DEPARTMENT, Label("平均处置时长", "mean time to disposal"),
        _plus(C.DISPOSE_S), _DONE, _UNJUDGED, "s"),
    Indicator("satisfaction_rate", _DEPARTMENT, Label("满意率", "satisfaction rate"),
        _plus(C.SATISFIED), _plus(C.RATED)),
    Indicator("accept_in_time_rate", _OPERATOR, Label("按期受理率", "acceptance in time"),
        _plus(C.ACCEPT_IN_TIME), _ACCEPTED),
    Indicator("accept_right_rate", _OPERATOR, Label("准确受理率", "acceptance right"),
        _plus(C.ACCEPTED_RIGHT), _plus(C.ACCEPTED)),
    Indicator("file_in_time_rate", _OPERATOR, Label("按时立案率", "filing in time"),
        _plus(C.FILED_IN_TIME), _plus(C.FILED_IN_TIME, C.FILED_LATE)),
    Indicator("file_right_rate", _OPERATOR, Label("准确立案率", "filing right"),
        _plus(C.FILED_RIGHT), _plus(C.FILED)),
    Indicator("mean_acceptance", _OPERATOR, Label("平均受理时长", "mean time to acceptance"),
        _plus(C.ACCEPT_S), _ACCEPTED, _UNJUDGED, "s"),
    Indicator("dispatch_in_time_rate", _DISPATCHER, Label("按时派遣率", "dispatch in time"),
        _plus(C.DISPATCH_IN_TIME), _DISPATCHES),
    Indicator("dispatch_right_rate", _DISPATCHER, Label("准确派遣率", "dispatch right"),
        _plus(C.DISPATCHED_RIGHT), _plus(C.DISPATCHED)),
    Indicator("valid_report_rate", _INSPECTOR, Label("有效上报率", "valid reports"),
        _plus(C.SENT_VALID), _plus(C.SENT)),
    Indicator("check_in_time_rate", _INSPECTOR, Label("按期核实率", "check in time"),
        _plus(C.CHECK_IN_TIME), _CHECKS),
    Indicator("verify_in_time_rate", _INSPECTOR, Label("按期核查率", "verification in time"),
        _plus(C.VERIFY_IN_TIME), _VERIFICATIONS),
    Indicator("unclosed_rate", _CASE, Label("未结案率", "not closed"),
        _plus(C.UNCLOSED), _plus(C.REPORTED), _LOW),
)
# fmt: on

INDICATORS: Final[Mapping[str, Indicator]] = {one.key: one for one in _ALL}
"""Every indicator by its key, in the order in which tables have them."""


def indicators_of(post: Post | None) -> tuple[Indicator, ...]:
    """Those that tell of the work of a post; None: those of a place, which has no reporters."""
    if post is None:
        return tuple(one for one in _ALL if C.SENT not in one.counts)
    return tuple(one for one in _ALL if one.post is post)


def formula(indicator: Indicator) -> Label:
    """The formula in words."""
    return Label(_written(indicator, "zh"), _written(indicator, "en"))


def _written(indicator: Indicator, language: Language) -> str:
    return f"{_told(indicator.above, language)} / {_told(indicator.below, language)}"


def _told(terms: Sum, language: Language) -> str:
    words = [
        f"{'+' if sign > 0 else '−'} {MEANINGS[count].name.get(language)}" for sign, count in terms
    ]
    told = " ".join(words).removeprefix("+ ")
    return f"({told})" if len(terms) > 1 else told
