"""Why an alarm is what it is, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dispatch.sensing.alarm import AlarmChange
from dispatch.sensing.rules import Bound, SensorRule
from dispatch.sensing.spans import span
from grid.naming import Label, Language

LEVELS: Final[Mapping[int, Label]] = {
    1: Label("一级（红色）", "level 1 (red)"),
    2: Label("二级（橙色）", "level 2 (orange)"),
    3: Label("三级（黄色）", "level 3 (yellow)"),
    4: Label("四级（蓝色）", "level 4 (blue)"),
}
KINDS: Final[Mapping[str, Label]] = {
    "raised": Label("报警", "alarm"),
    "upgraded": Label("升级", "graver"),
    "downgraded": Label("降级", "milder"),
    "repeated": Label("仍未解除", "still standing"),
    "cleared": Label("解除", "cleared"),
    "reopened": Label("再次报警", "again"),
    "amended": Label("更正", "amended by late samples"),
    "withdrawn": Label("撤回", "withdrawn: late samples say that it never was"),
}
SIDES: Final[Mapping[str, Label]] = {
    "above": Label("高于", "above"),
    "below": Label("低于", "below"),
    "beyond": Label("超出±", "beyond ±"),
    "within": Label("回到±以内", "within ±"),
    "reaching": Label("达到", "at least"),
}
SIGNALS: Final[Mapping[str, Label]] = {
    "value": Label("测值{x}", "it measured {x}"),
    "rate": Label("{per}内变化{x}", "it changed by {x} within {per}"),
    "deviation": Label("偏离本时段历史{x}个标准差", "it is {x} spreads off its past at this hour"),
    "neighbours": Label("与邻站中位数相差{x}", "it differs by {x} from its neighbours"),
    "together": Label(
        "各项{same}同时越限", "the properties are{same} beyond their bounds together"
    ),
    "stuck": Label("数值已{x}未变", "the value has not changed for {x}"),
    "silence": Label("已{x}无数据", "nothing has come for {x}"),
}


def explain(change: AlarmChange, rule: SensorRule, language: Language) -> str:
    """One sentence: what happened, how grave it is, what was judged and by what bound."""
    head = f"{KINDS[change.kind].get(language)}, {LEVELS[change.level].get(language)}"
    parts = [head.replace(", ", "，") if language == "zh" else head]
    if change.value is not None:
        parts.append(_judged(change.value, rule, language) + _bound(change, rule, language))
    elif "stood_ms" in change.facts:
        stood = span(change.facts["stood_ms"])
        parts.append(f"已持续{stood}" if language == "zh" else f"it has stood for {stood}")
    return ("：" if language == "zh" else ": ").join(parts)


def _judged(value: float, rule: SensorRule, language: Language) -> str:
    x = span(round(value * 1000)) if rule.signal in ("stuck", "silence") else f"{value:g}"
    per = span(rule.settings.get("per_ms", 0))
    same = "" if value else ("不再" if language == "zh" else " no longer")
    return SIGNALS[rule.signal].get(language).format(x=x, per=per, same=same)


def _bound(change: AlarmChange, rule: SensorRule, language: Language) -> str:
    """The bound it was held against, where the number alone does not say it."""
    bound = _asked(change, rule)
    if bound is None or rule.signal in ("stuck", "silence", "together"):
        return ""
    side = SIDES[bound.side].get(language)
    if language == "zh":
        return f"（限值：{side}{bound.limit:g}）"
    return f" (bound: {side}{'' if side.endswith('±') else ' '}{bound.limit:g})"


def _asked(change: AlarmChange, rule: SensorRule) -> Bound | None:
    if change.kind == "cleared":
        return rule.clear
    return next((step.bound for step in rule.steps if step.level == change.level), None)
