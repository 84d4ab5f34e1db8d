"""What people are told of an escalation, in both languages.

Nothing that a reporter wrote is in it, no description and no address: a message of the city must
not carry a stranger's link into anybody's pocket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dispatch.escalation.ladder import Cause
from dispatch.escalation.rule import Call
from dispatch.workflow.case import Case
from grid.naming import Label, Language


@dataclass(frozen=True, slots=True)
class Names:
    """How category, place and department of a case are called; None before a department has it."""

    category: Label
    place: Label
    department: Label | None
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Text:
    """A message: *subject* in a line, *body* in a few sentences."""

    subject: str
    body: str


def text_of(case: Case, call: Call, names: Names, language: Language) -> Text:
    """The message that tells of the call."""
    write = _in_chinese if language == "zh" else _in_english
    return write(case, call, names)


def _in_chinese(case: Case, call: Call, names: Names) -> Text:
    again = f"(第{call.times}次提醒)" if call.times > 1 else ""
    state = _state_zh(call)
    subject = f"【案件升级】{case.number} {names.category.zh} {state}{again}"
    sentences = [
        f"案件{case.number},{names.category.zh},{names.place.zh},严重程度{case.severity}级。",
        f"{state}。" + _due_zh(case, call, names.zone),
        f"处置部门:{names.department.zh}。" if names.department else "尚未派遣。",
        _orders_zh(call),
        "请登录系统确认收到并跟进。",
    ]
    return Text(subject, "".join(sentences))


def _state_zh(call: Call) -> str:
    at = call.step.at
    if at.cause is Cause.LIMIT:
        return f"处置时限已用{at.share * 100:g}%"
    done = "签收" if at.cause is Cause.TAKEN else "受理"
    return f"已{_minutes(call)}分钟未{done}"


def _due_zh(case: Case, call: Call, zone: ZoneInfo) -> str:
    due = call.run.due_at
    return f"{_milestone(case, call)}时限为{_clock(due, zone)}。" if due else ""


def _orders_zh(call: Call) -> str:
    ordered = call.step.supervision
    return f"督办:{ordered.reason.zh}。" if ordered else ""


def _in_english(case: Case, call: Call, names: Names) -> Text:
    again = f" (told for the {_ordinal(call.times)} time)" if call.times > 1 else ""
    state = _state_en(call)
    subject = f"[Escalation] {case.number} {names.category.en}: {state}{again}"
    sentences = [
        f"Case {case.number}, {names.category.en}, {names.place.en}, severity {case.severity}.",
        f"{state[0].upper()}{state[1:]}." + _due_en(case, call, names.zone),
        f"It is with {names.department.en}." if names.department else "Nobody has been assigned.",
        _orders_en(call),
        "Please acknowledge it in the system and see to it.",
    ]
    return Text(subject, " ".join(one for one in sentences if one))


def _state_en(call: Call) -> str:
    at = call.step.at
    if at.cause is Cause.LIMIT:
        return f"{at.share * 100:g} % of the limit are used up"
    return f"not {at.cause} for {_minutes(call)} minutes"


def _due_en(case: Case, call: Call, zone: ZoneInfo) -> str:
    due, milestone = call.run.due_at, _milestone(case, call)
    return f" {milestone or 'The case'} is due at {_clock(due, zone)}." if due else ""


def _orders_en(call: Call) -> str:
    ordered = call.step.supervision
    return f"Supervision: {ordered.reason.en}." if ordered else ""


def _milestone(case: Case, call: Call) -> str:
    """Which milestone is meant, where the limit has several; as the city calls it."""
    limit = case.why.get("limit")
    milestones = limit.get("milestones") if isinstance(limit, Mapping) else None
    several = isinstance(milestones, Mapping) and len(milestones) > 1
    return f"“{call.run.kind}”" if several else ""


def _minutes(call: Call) -> str:
    return f"{call.step.at.wait.total_seconds() / 60:g}"


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"
