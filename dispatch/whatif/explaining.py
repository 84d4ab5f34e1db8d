"""Why a case went where it went and is due when it is, in a sentence of both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from dispatch.calendar import Unit
from dispatch.decide import OUTSIDE
from dispatch.whatif.past import Verdict
from grid.naming import Label

UNITS: Final[Mapping[str, Label]] = {
    Unit.URGENT_HOUR: Label("个紧急工作时", "hours round the clock"),
    Unit.URGENT_DAY: Label("个紧急工作日", "days round the clock"),
    Unit.WORK_HOUR: Label("个工作时", "working hours"),
    Unit.WORK_DAY: Label("个工作日", "working days"),
    Unit.NATURAL_DAY: Label("个自然日", "natural days"),
}
_PROBLEMS: Final[Mapping[str, str]] = {
    "UnknownCategory": "目录中没有该类别",
    "NoLimit": "该类别没有处置时限",
    "NoDepartment": "没有部门负责该类别",
}
_NOBODY: Final = Label("未派遣", "nobody was sent")
_NOWHERE: Final = Label("没有单元网格包含该位置", "no cell holds the position")


def routing_explained(verdict: Verdict) -> Label:
    """Why this department, or why there is no decision."""
    if verdict.problem:
        return _problem_explained(verdict.problem)
    told = cast("Mapping[str, Any]", verdict.routing)
    if told.get("step") == "person":
        return Label(f"由 {told.get('name', '')} 派遣", f"assigned by {told.get('name', '')}")
    if "because" not in told:
        return _NOBODY
    because = Label.of(told["because"])
    if told.get("step") != "rule":
        return because
    return Label(f"规则 {told['name']}：{because.zh}", f"rule {told['name']}: {because.en}")


def limit_explained(verdict: Verdict) -> Label:
    """Which limit, and what it allows; empty where there is no decision."""
    told = cast("Mapping[str, Any]", verdict.limit)
    if verdict.problem or "milestones" not in told:
        return Label("", "")
    # A history tells them in the order of the alphabet, a new decision in that of the pack.
    amounts = [_milestone(name, text) for name, text in sorted(told["milestones"].items())]
    zh, en = ", ".join(one.zh for one in amounts), ", ".join(one.en for one in amounts)
    return Label(f"时限第 {told['row']} 行：{zh}", f"row {told['row']} of the limits: {en}")


def _milestone(name: str, text: str) -> Label:
    amount, _, unit = text.partition(" ")
    told = UNITS.get(unit, Label(unit, unit))
    return Label(f"{name} {amount} {told.zh}", f"{name} {amount} {told.en}")


def _problem_explained(problem: str) -> Label:
    if problem == OUTSIDE:
        return _NOWHERE
    kind, _, said = problem.partition(": ")
    return Label(f"{_PROBLEMS.get(kind, '无法作出决定')}（{said}）", said or problem)
