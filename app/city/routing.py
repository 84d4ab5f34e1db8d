"""The part ``routing``: the ordered rules of ``routing.toml``, each for as long as it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.city.faults import Faults
from app.city.lines import FirstSeen, Line
from app.city.moments import moment
from dispatch.events import rfc3339
from dispatch.routing import broken_rules

FILE: Final = "routing.toml"
RULE: Final = ("name", "when", "department", "because_zh", "because_en", "from", "until")
EXPECT: Final = (
    "category", "cell", "lon", "lat", "datum", "at", "channel", "attributes", "description",
    "department", "rule", "step",
)  # fmt: skip
_TABLES: Final[Mapping[str, Collection[str]]] = {"rule": RULE, "expect": EXPECT}

Part = list[dict[str, Any]]


def refuse_unknown(content: Mapping[str, Any], faults: Faults) -> None:
    """Note every name that means nothing here: a slip in ``until`` would let a rule stay."""
    for table in sorted(set(content) - set(_TABLES)):
        faults.add(FILE, None, table, "this is no table of routing", _choose(_TABLES))
    for table, known in _TABLES.items():
        for number, block in enumerate(_blocks(content, table), start=1):
            for key in sorted(set(block) - set(known)):
                problem = f"this is no setting of [[{table}]]"
                faults.add(FILE, number, f"{table}.{key}", problem, _choose(known))


def _blocks(content: Mapping[str, Any], table: str) -> list[dict[str, Any]]:
    blocks = content.get(table, [])
    return [one for one in blocks if isinstance(one, dict)] if isinstance(blocks, list) else []


def _choose(known: Collection[str]) -> str:
    return f"Choose from {', '.join(known)}"


def expect_lines(content: Mapping[str, Any], faults: Faults) -> list[Line]:
    """The ``[[expect]]`` tables as lines numbered from 1; their fields are called ``expect.…``."""
    blocks = content.get("expect", [])
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        remedy = "Begin each expectation with [[expect]]"
        faults.add(FILE, None, "expect", "it is no list of tables", remedy)
        return []
    named = [{f"expect.{key}": value for key, value in block.items()} for block in blocks]
    return [Line(FILE, number, values, faults) for number, values in enumerate(named, start=1)]


def routing_rules(
    lines: Sequence[Line], departments: Collection[str] | None, zone: ZoneInfo
) -> Part:
    """The ordered rules; a rule that could not be followed is refused here, not at night."""
    part = [_rule(line, zone) for line in lines]
    seen = FirstSeen()
    for line, row in zip(lines, part, strict=True):
        seen.check(line, "name", row["name"], f"rule {row['name']!r}")
        line.known("department", departments, "department")
    ready = [row for row in part if row["name"] and row["when"] and row["department"]]
    for broken in broken_rules(ready, {row["department"] for row in ready}):
        line = lines[broken.row - 1]
        line.wrong("when", f"rule {broken.name!r}: {broken.reason}", "Correct the condition")
    return part


def _rule(line: Line, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "row": line.row,
        "name": line.code("name"),
        "when": line.text("when", longest=4_000),
        "department": line.text("department"),
        "because": line.label("because"),
        **_period(line, zone),
    }


def _period(line: Line, zone: ZoneInfo) -> dict[str, str]:
    """From when until when the rule is in force, as instants; nothing of what is not bounded."""
    since, until = moment(line, "from", zone), moment(line, "until", zone)
    if since and until and until <= since:
        line.wrong("until", "it is not later than from", "The rule would never be in force")
    told = {"from": since, "until": until}
    return {name: rfc3339(at) for name, at in told.items() if at is not None}
