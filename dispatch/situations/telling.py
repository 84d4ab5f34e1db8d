"""Why a situation is one, in words of both languages, from the figures that its rules went by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from grid.naming import Label

_SOURCES: Final = {
    "sensor": Label("传感器", "sensors"),
    "citizen": Label("市民", "citizens"),
    "inspector": Label("网格员", "inspectors"),
}
_HOUR_S: Final = 3_600.0
_DAY_S: Final = 86_400.0


def explained(way: str, family: Label, rule: Label, why: Mapping[str, Any]) -> Label:
    """One sentence: what was found, against what, and how sure that is."""
    return _of_scan(family, rule, why) if way == "scan" else _of_rule(family, rule, why)


def _of_rule(family: Label, rule: Label, why: Mapping[str, Any]) -> Label:
    reports = why["counts"] == "reports"
    count = why["told"] if reports else why["things"]
    zh = (
        f"“{rule.zh}”：{_metres_zh(why['radius_m'])}、{_time_zh(why['within_s'])}内，"
        f"{family.zh}类{'上报' if reports else '事件'}达{count}{'次' if reports else '件'}"
        f"（规则要求不少于{why['at_least']}{'次' if reports else '件'}），"
        f"来源：{'、'.join(_source(one).zh for one in why['sources'])}"
    )
    en = (
        f"“{rule.en}”: {count} {'reports' if reports else 'things'} of {family.en} within "
        f"{why['radius_m']:g} m and {_time_en(why['within_s'])} of each other "
        f"(the rule asks for at least {why['at_least']}), "
        f"told by {', '.join(_source(one).en for one in why['sources'])}"
    )
    if why["needed"]:
        needed = why["needed"]
        zh += f"；并有{needed['property']}{needed['level']}级及以上报警"
        en += f"; with an alarm of {needed['property']} at level {needed['level']} or graver"
    return Label(f"{zh}。", f"{en}.")


def _of_scan(family: Label, rule: Label, why: Mapping[str, Any]) -> Label:
    window, recurrence = why["window_s"], why["recurrence_s"]
    zh = (
        f"“{rule.zh}”：近{_time_zh(window)}内{why['areas']}个相邻区域发生{family.zh}类事件"
        f"{why['observed']}件，通常约{why['expected']:.1f}件；"
        f"纯属偶然的概率约{why['p']:.2g}，相当于平均每{_time_zh(recurrence)}才误报一次"
    )
    en = (
        f"“{rule.en}”: {why['observed']} of {family.en} in {why['areas']} neighbouring areas "
        f"within {_time_en(window)}, where about {why['expected']:.1f} would be usual; "
        f"chance alone has p = {why['p']:.2g}, one false find in {_time_en(recurrence)}"
    )
    return Label(f"{zh}。", f"{en}.")


def _source(name: str) -> Label:
    return _SOURCES.get(name, Label(name, name))


def _metres_zh(metres: float) -> str:
    return f"{metres / 1000:g}公里" if metres >= 1000 else f"{metres:g}米"


def _time_zh(seconds: float) -> str:
    if seconds >= 2 * _DAY_S:
        return f"{seconds / _DAY_S:.0f}天"
    return f"{seconds / _HOUR_S:g}小时" if seconds >= _HOUR_S else f"{seconds / 60:g}分钟"


def _time_en(seconds: float) -> str:
    if seconds >= 2 * _DAY_S:
        return f"{seconds / _DAY_S:.0f} days"
    return f"{seconds / _HOUR_S:g} h" if seconds >= _HOUR_S else f"{seconds / 60:g} min"
