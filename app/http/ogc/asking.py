"""What a query string asks of a collection: each parameter checked, all that is wrong told at once.

Parameters and their meaning are those of OGC 17-069r4, clauses 7.15 and 7.16.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import shapely
from shapely.geometry.base import BaseGeometry

from app.http.ogc.collections import Collection, Queryable
from app.http.ogc.paging import BadCursor, Cursor
from app.http.submission import parse_moment
from app.http.texts import BadText, clean
from app.problems import Fault, Problem

T = TypeVar("T")
USUAL: Final = 100
MOST: Final = 1000
"""How many features one page holds at most; who asks for more gets as many."""

OWN: Final = ("bbox", "datetime", "limit", "cursor")
_OPEN: Final = ("", "..")
_FLAGS: Final = {"true": True, "false": False}
_BOX: Final = "west,south,east,north in degrees CRS84; six numbers with heights as third and sixth"
_TIME: Final = "a time like 2026-11-23T08:00:00Z, or two with a slash between, .. for an open end"


@dataclass(frozen=True, slots=True)
class Window:
    """A moment, or a span of time with both ends in it; None is an open end. Aware UTC."""

    since: datetime | None
    until: datetime | None

    def meets(self, begin: datetime, end: datetime | None) -> bool:
        """Whether something that was from *begin* up to, but not at, *end* was within."""
        begun = self.until is None or begin <= self.until
        return begun and (end is None or self.since is None or end > self.since)


@dataclass(frozen=True, slots=True)
class Asked:
    """One page of a collection. *boxes* are two where a bbox crosses the antimeridian."""

    boxes: tuple[BaseGeometry, ...] = ()
    window: Window | None = None
    limit: int = USUAL
    cursor: Cursor | None = None
    filters: Mapping[str, object] | None = None


class _Unfit(Exception):
    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def asked_of(collection: Collection, pairs: Sequence[tuple[str, str]]) -> Asked:
    """What the parameters ask; Problem 400 that names each that is unknown or cannot be meant."""
    reader = _Reader([])
    given = reader.each_once(pairs, (*OWN, *collection.queryables))
    asked = Asked(
        boxes=reader.take(given, "bbox", boxes_of) or (),
        window=reader.take(given, "datetime", window_of),
        limit=reader.take(given, "limit", _limit) or USUAL,
        cursor=reader.take(given, "cursor", lambda text: _cursor(text, collection)),
        filters={
            name: value
            for name, one in collection.queryables.items()
            if (value := reader.take(given, name, _valued(one))) is not None
        },
    )
    reader.finish()
    return asked


def refuse_parameters(pairs: Sequence[tuple[str, str]]) -> None:
    """Problem 400 for any parameter, where none is known."""
    reader = _Reader([])
    reader.each_once(pairs, ())
    reader.finish()


@dataclass(frozen=True, slots=True)
class _Reader:
    """Collects what is wrong while parameters are read."""

    faults: list[Fault]

    def each_once(self, pairs: Sequence[tuple[str, str]], known: Sequence[str]) -> dict[str, str]:
        given: dict[str, str] = {}
        for name, text in pairs:
            if name not in known:
                there = f"there are {', '.join(known)}" if known else "leave it out"
                self.faults.append(Fault(name[:100], "is not known here", there))
            elif name in given:
                self.faults.append(Fault(name, "is given twice", "give it once"))
            given[name] = text
        return given

    def take(self, given: Mapping[str, str], name: str, read: Callable[[str], T]) -> T | None:
        if (text := given.get(name)) is None:
            return None
        try:
            return read(text)
        except _Unfit as unfit:
            self.faults.append(Fault(name, unfit.problem, unfit.remedy))
        except BadText as bad:
            self.faults.append(Fault(name, bad.fault.problem, bad.fault.remedy))
        return None

    def finish(self) -> None:
        if self.faults:
            raise Problem(400, "the features cannot be given as asked", *self.faults)


def boxes_of(text: str) -> tuple[BaseGeometry, ...]:
    """The ground of a bbox: one shape, two where west lies east of east. Heights play no part."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise _Unfit("is not a list of numbers", _BOX) from None
    if not all(map(math.isfinite, numbers)):
        raise _Unfit("is not finite", _BOX)
    match numbers:
        case [west, south, east, north]:
            pass
        case [west, south, low, east, north, high]:
            if low > high:
                raise _Unfit("has its lower height above the upper one", _BOX)
        case _:
            raise _Unfit(f"has {len(numbers)} numbers", _BOX)
    if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90):
        raise _Unfit("is no box in degrees", _BOX)
    if west <= east:
        return (_shape(west, south, east, north),)
    return _shape(west, south, 180, north), _shape(-180, south, east, north)


def _shape(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """A box, or the line or point that is left of it without width or height."""
    if west == east and south == north:
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


def window_of(text: str) -> Window:
    """The moment or span of a datetime parameter."""
    match text.split("/"):
        case [moment]:
            at = _moment(moment)
            return Window(at, at)
        case [begin, end]:
            since = None if begin in _OPEN else _moment(begin)
            until = None if end in _OPEN else _moment(end)
        case _:
            raise _Unfit("has more than two parts", _TIME)
    if since is not None and until is not None and since > until:
        raise _Unfit("ends before it begins", _TIME)
    return Window(since, until)


def _moment(text: str) -> datetime:
    moment = parse_moment(text.replace(" ", "+").upper())  # '+' that nobody escaped
    try:
        if moment is not None:
            return moment.astimezone(UTC)
    except OverflowError:
        pass
    raise _Unfit("is not a time with its zone", _TIME)


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) > 0:
        return min(int(text), MOST)
    raise _Unfit("is not a number of features", f"1 to {MOST}; more are given page by page")


def _cursor(text: str, collection: Collection) -> Cursor:
    try:
        return Cursor.read(text, collection.key_kind)
    except BadCursor:
        raise _Unfit("is none of ours", "follow the link `next` as it is") from None


def _valued(queryable: Queryable) -> Callable[[str], Any]:
    def value(text: str) -> object:
        match queryable.kind:
            case "boolean":
                if text not in _FLAGS:
                    raise _Unfit("is neither true nor false", "send true or false")
                return _FLAGS[text]
            case "integer":
                if not (text.isascii() and text.isdigit() and len(text) < 5):
                    raise _Unfit("is not a number", "send a whole number")
                return int(text)
            case "string":
                if queryable.choices and text not in queryable.choices:
                    raise _Unfit("is not known", f"one of {', '.join(queryable.choices)}")
                return clean(queryable.name, text, longest=64)

    return value
