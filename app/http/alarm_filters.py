"""What a list of alarms may be narrowed and sorted by; names are looked up, never put into SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString, Self

from app.http.case_filters import LONGEST_LIST, bbox, flag, number, refuse_unknown, unfit, word
from app.http.parameters import Query, choice_query, flag_query, number_query
from app.http.sorting import Key
from app.policy import Reach
from dispatch.events import rfc3339
from dispatch.sensing.standing import STATES, StandingAlarm

KEYS: Final[Mapping[str, Key]] = {
    "started_at": Key("a.started_at", "timestamptz"),
    "changed_at": Key("a.changed_at", "timestamptz"),
    "level": Key("a.level", "bigint"),
}
NAMES: Final = tuple(sign + name for name in KEYS for sign in ("", "-"))
_USUAL: Final = "-started_at"
_KEY: Final = re.compile(r"[0-9a-f]{64}")
_MILDEST: Final = 4

ALARMS: Final = (
    choice_query("state", "In one of these states", STATES),
    number_query("level", "At least so grave: from 1, red, to 4, blue", most=_MILDEST),
    Query("rule", "Name of the rule"),
    Query("device", "Code of the device"),
    Query("property", "What the device measures"),
    Query("area", "Code of an area that holds the device"),
    flag_query("acknowledged", "Whether somebody sees to it"),
    flag_query("reported", "Whether it was reported, and may have a case"),
    Query(
        "bbox",
        "west, south, east, north in degrees WGS84",
        {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
    ),
    Query(
        "sort",
        "In which order; - is from the greatest down",
        {"type": "string", "enum": [*NAMES], "default": _USUAL},
    ),
    Query("after", "Only what comes after this: `next` of the page before"),
    number_query("limit", "How many at the most", most=LONGEST_LIST, usual=50),
)
"""What `/api/alarms` can be asked, as `/api/openapi.json` tells it."""


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """A page of a list; *level* is the mildest that is meant, *after* a value and a key."""

    states: tuple[str, ...] = ()
    level: int | None = None
    rule: str | None = None
    device: str | None = None
    property: str | None = None
    area: str | None = None
    acknowledged: bool | None = None
    reported: bool | None = None
    bbox: tuple[float, float, float, float] | None = None
    sort: str = _USUAL
    after: tuple[str, str] | None = None
    limit: int = 50

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """The filter a query string asks for; Problem 400 for anything it cannot mean."""
        refuse_unknown(query, {one.name for one in ALARMS})
        sort = query.get("sort", _USUAL)
        if sort not in NAMES:
            raise unfit("sort", "is none that can be asked for", f"one of {', '.join(NAMES)}")
        return cls(
            states=_states(query.get("state")),
            level=number(query, "level", most=_MILDEST),
            rule=word(query, "rule"),
            device=word(query, "device"),
            property=word(query, "property"),
            area=word(query, "area"),
            acknowledged=flag(query, "acknowledged"),
            reported=flag(query, "reported"),
            bbox=bbox(query.get("bbox")),
            sort=sort,
            after=_after(query.get("after"), KEYS[sort.removeprefix("-")]),
            limit=number(query, "limit", most=LONGEST_LIST) or 50,
        )

    def sql(self, within: Reach) -> tuple[LiteralString, dict[str, object]]:
        """WHERE, ORDER BY and LIMIT over `alarm a`, with parameters: the filter within a reach."""
        key, falling = KEYS[self.sort.removeprefix("-")], self.sort.startswith("-")
        than: LiteralString = "<" if falling else ">"
        way: LiteralString = " DESC" if falling else ""
        begins: LiteralString = (
            "(" + key.sql + ", a.key) " + than + " (%(after)s::" + key.type + ", %(after_key)s)"
        )
        asked: list[tuple[object, LiteralString]] = [
            (not within.city, "a.areas && %(reach)s::text[]"),
            (self.states, "a.state = ANY(%(states)s)"),
            (self.level, "a.level <= %(level)s"),
            (self.rule, "a.rule = %(rule)s"),
            (self.device, "a.device = %(device)s"),
            (self.property, "a.property = %(property)s"),
            (self.area, "a.areas @> ARRAY[%(area)s::text]"),
            (
                self.acknowledged is not None,
                "(a.acknowledged_at IS NOT NULL) = %(acknowledged)s",
            ),
            (self.reported is not None, "(a.report IS NOT NULL) = %(reported)s"),
            (self.bbox, "a.position && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326)"),
            (self.after, begins),
        ]
        conditions: tuple[LiteralString, ...] = ("true", *(sql for given, sql in asked if given))
        narrowed: LiteralString = " AND ".join(conditions)
        order: LiteralString = " ORDER BY " + key.sql + way + ", a.key" + way
        return " WHERE " + narrowed + order + " LIMIT %(limit)s", self._values(within)

    def _values(self, within: Reach) -> dict[str, object]:
        west, south, east, north = self.bbox or (None, None, None, None)
        value, key = self.after or (None, None)
        return {
            "reach": sorted(within.areas),
            "states": list(self.states),
            "level": self.level,
            "rule": self.rule,
            "device": self.device,
            "property": self.property,
            "area": self.area,
            "acknowledged": self.acknowledged,
            "reported": self.reported,
            "w": west,
            "s": south,
            "e": east,
            "n": north,
            "after": value,
            "after_key": key,
            "limit": self.limit,
        }

    def following(self, rows: Sequence[StandingAlarm]) -> str | None:
        """What to send as `after` for the next page; None at the end."""
        if len(rows) < self.limit:
            return None
        value = getattr(rows[-1], self.sort.removeprefix("-"))
        told = rfc3339(value) if isinstance(value, datetime) else value
        return f"{told}~{rows[-1].key}"


def _states(text: str | None) -> tuple[str, ...]:
    states = tuple(text.split(",")) if text is not None else ()
    if set(states) - set(STATES):
        raise unfit("state", "is not known", f"one or more of {','.join(STATES)}")
    return states


def _after(text: str | None, key: Key) -> tuple[str, str] | None:
    if text is None:
        return None
    told, _, alarm = text.partition("~")
    value = key.read(told)
    if value is None or not _KEY.fullmatch(alarm):
        raise unfit("after", "is no place in this list", "send the next of the last page")
    return value, alarm
