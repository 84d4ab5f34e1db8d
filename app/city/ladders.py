"""The part ``escalation``: ladders, their steps and the quiet hours, from ``escalation.toml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.city.faults import Faults
from app.city.institutions import Person
from app.city.lines import FirstSeen, Line
from dispatch.deadlines import EVERY_CATEGORY
from dispatch.escalation.channels import Kind, is_channel, kind_of
from dispatch.escalation.errors import BrokenStep
from dispatch.escalation.ladder import MOST_MINUTES, At, Told
from grid.catalogue import MATTER

Part = dict[str, Any]
FILE: Final = "escalation.toml"
SEVERITIES: Final = (1, 2, 3, 4)
MOST_TIMES: Final = 100
_TOP: Final = ("quiet", "ladder")
_QUIET: Final = ("begin", "end", "through")
_LADDER: Final = ("name", "category", "severity", "area", "step")
_STEP: Final = (
    "at", "tell", "by", "repeat_minutes", "most", "supervise_zh", "supervise_en",
    "supervise_minutes", "take_over",
)  # fmt: skip
_CHANNELS: Final = "Choose from log, mail, gateway and webhook, or name one as gateway:sms"


@dataclass(frozen=True, slots=True)
class Known:
    """What the rest of the pack knows; None of a table that could not be read: nothing is asked.

    *categories* are codes, their beginnings and ``*``.
    """

    categories: Collection[str] | None
    areas: Collection[str] | None
    departments: Collection[str] | None
    people: Sequence[Person]
    supervises: bool


def beginnings(categories: Sequence[Mapping[str, Any]]) -> set[str]:
    """What may stand for categories that can be reported: codes, their beginnings, and ``*``."""
    codes = [one["code"] for one in categories if one["kind"] == MATTER]
    return {EVERY_CATEGORY, *(code[:n] for code in codes for n in range(1, len(code) + 1))}


def read_ladders(content: Mapping[str, Any], known: Known, faults: Faults) -> Part:
    """The ladders of the file as they are stored; every fault is noted with its ladder and step."""
    whole = Line(FILE, None, content, faults)
    _refuse_unknown(whole, "", content, _TOP)
    names = FirstSeen()
    ladders = [
        _ladder(Line(FILE, number, table, faults), known, names)
        for number, table in enumerate(_tables(whole, "ladder", content, "ladder"), start=1)
    ]
    _hint_at_nobody(whole, ladders, known)
    return {"quiet": _quiet(whole), "ladders": ladders}


def _tables(
    line: Line, name: str, content: Mapping[str, Any], written: str
) -> list[Mapping[str, Any]]:
    found = content.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        line.wrong(name, "it is no list of tables", f"Begin each one with [[{written}]]")
        return []
    return found


def _refuse_unknown(line: Line, stem: str, told: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in sorted(set(told) - set(known)):
        line.wrong(f"{stem}{key}", "this is no setting", f"Choose from {', '.join(known)}")


def _quiet(whole: Line) -> Part | None:
    told = whole.values.get("quiet")
    if told is None:
        return None
    if not isinstance(told, dict):
        whole.wrong("quiet", "it is no table", "Write [quiet] and the settings below it")
        return None
    line = _prefixed(whole, "quiet.", told)
    _refuse_unknown(line, "quiet.", told, _QUIET)
    begin, end = line.time_of_day("quiet.begin"), line.time_of_day("quiet.end")
    if begin == end:
        remedy = "Let them end at another time than they begin"
        line.wrong("quiet.end", "the quiet hours are all day or none", remedy)
    return {
        "begin": f"{begin // 60:02d}:{begin % 60:02d}",
        "end": f"{end // 60:02d}:{end % 60:02d}",
        "through": _severities(line, "quiet.through"),
    }


def _prefixed(line: Line, stem: str, told: Mapping[str, Any]) -> Line:
    """A table within a table, whose faults name the whole way to a setting."""
    return Line(FILE, line.row, {f"{stem}{key}": told[key] for key in told}, line.faults)


def _ladder(line: Line, known: Known, names: FirstSeen) -> Part:
    _refuse_unknown(line, "", line.values, _LADDER)
    name = line.code("name")
    names.check(line, "name", name, f"ladder {name!r}")
    steps = _tables(line, "step", line.values, "ladder.step")
    if not steps:
        line.wrong("step", "the ladder has no step", "Add [[ladder.step]] tables")
    moments = FirstSeen()
    return {
        "row": line.row,
        "name": name,
        "category": line.known("category", known.categories, "category"),
        "severity": _severities(line, "severity"),
        "area": line.known_or_empty("area", known.areas, "area"),
        "steps": [
            _step(_prefixed(line, f"step.{number}.", told), f"step.{number}.", told, known, moments)
            for number, told in enumerate(steps, start=1)
        ],
    }


def _severities(line: Line, field: str) -> list[int]:
    told = line.values.get(field, [])
    if isinstance(told, list) and all(type(one) is int and one in SEVERITIES for one in told):
        return sorted(set(told))
    line.wrong(field, f"{told!r} is no list of severities", "Write [1] or [1, 2]; 1 is most severe")
    return []


def _step(line: Line, stem: str, told: Mapping[str, Any], known: Known, moments: FirstSeen) -> Part:
    _refuse_unknown(line, stem, told, _STEP)
    at = _moment(line, f"{stem}at")
    if at:
        moments.check(line, f"{stem}at", at, f"a step at {at!r}")
    repeat = _minutes(line, f"{stem}repeat_minutes")
    return {
        "at": at,
        "tell": _words(line, f"{stem}tell", tuple(Told)),
        "by": _channels(line, f"{stem}by"),
        "repeat_minutes": repeat,
        "most": _most(line, f"{stem}most", repeat),
        "supervision": _supervision(line, stem, known),
        "take_over": line.known_or_empty(f"{stem}take_over", known.departments, "department")
        or None,
    }


def _moment(line: Line, field: str) -> str:
    text = line.text(field)
    if not text:
        return ""
    try:
        return At.of(text).name
    except BrokenStep as broken:
        line.wrong(field, f"{text!r} is no moment of a step", broken.remedy.capitalize())
        return ""


def _minutes(line: Line, field: str) -> int | None:
    return line.whole(field, 1, MOST_MINUTES) if field in line.values else None


def _most(line: Line, field: str, repeat: int | None) -> int:
    if field not in line.values:
        if repeat is not None:
            line.wrong(field, "it would be told for ever", "Say how often at most, like most = 4")
        return 1
    if repeat is None:
        line.wrong(field, "it is told once only", "Add repeat_minutes, or leave most out")
    return line.whole(field, 1, MOST_TIMES)


def _words(line: Line, field: str, allowed: Sequence[str]) -> list[str]:
    """A list of some words, at least one, each once."""
    told = line.values.get(field)
    if not isinstance(told, list) or not told:
        line.wrong(field, "nobody is named", f"Write a list; choose from {', '.join(allowed)}")
        return []
    for one in told:
        if one not in allowed:
            line.wrong(field, f"{one!r} is not known here", f"Choose from {', '.join(allowed)}")
    return list(dict.fromkeys(one for one in told if one in allowed))


def _channels(line: Line, field: str) -> list[str]:
    told = line.values.get(field)
    if not isinstance(told, list) or not told:
        line.wrong(field, "no channel is named", f'Write by = ["log"]. {_CHANNELS}')
        return []
    fit = [one for one in told if isinstance(one, str) and is_channel(one)]
    for one in told:
        if one not in fit:
            line.wrong(field, f"{one!r} is no channel", _CHANNELS)
    return list(dict.fromkeys(fit))


def _supervision(line: Line, stem: str, known: Known) -> Part | None:
    fields = (f"{stem}supervise_zh", f"{stem}supervise_en", f"{stem}supervise_minutes")
    if not any(field in line.values for field in fields):
        return None
    if not known.supervises:
        problem = "this city does without supervision orders"
        line.wrong(fields[0], problem, "Take supervise out of workflow.off, or leave this out")
    reason = line.label(f"{stem}supervise")
    return {"reason": reason, "minutes": _minutes(line, fields[2])}


def _hint_at_nobody(whole: Line, ladders: Sequence[Part], known: Known) -> None:
    """Say which roles nobody has, and whom a channel would not reach; both are told otherwise."""
    steps = [step for ladder in ladders for step in ladder["steps"]]
    told = sorted({name for step in steps for name in step["tell"]} - {Told.ON_DUTY})
    for name in told if known.people else ():
        if not any(name in person.roles for person in known.people):
            problem = f"nobody in people.csv is {name}"
            whole.faults.hint(FILE, None, "tell", problem, "Dispatchers are told instead")
    used = {kind_of(channel) for step in steps for channel in step["by"]}
    for kind, field in ((Kind.MAIL, "mail"), (Kind.GATEWAY, "phone")):
        missing = [
            one.login
            for one in known.people
            if set(one.roles) & set(told) and not getattr(one, field)
        ]
        if kind in used and missing:
            problem = f"{len(missing)} who may be told have no {field}, {missing[0]} among them"
            whole.faults.hint(
                FILE, None, "by", problem, f"Fill in the column {field} of people.csv"
            )
