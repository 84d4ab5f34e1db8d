"""What a query string asks of a collection: each parameter checked, all that is wrong told at once.

Parameters and their meaning are those of OGC 17-069r4, clauses 7.15 and 7.16.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from app.http.ogc.collections import Collection, Queryable
from app.http.ogc.paging import BadCursor, Cursor
from app.http.parameters import BadValue, Parameters
from app.http.submission import parse_moment
from app.http.texts import clean

USUAL: Final = 100
MOST: Final = 1000
"""How many features one page holds at most; who asks for more gets as many."""

OWN: Final = ("bbox", "datetime", "limit", "cursor")
_DETAIL: Final = "the features cannot be given as asked"
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


def asked_of(collection: Collection, pairs: Sequence[tuple[str, str]]) -> Asked:
    """What the parameters ask; Problem 400 that names each that is unknown or cannot be meant."""
    given = Parameters(pairs, (*OWN, *collection.queryables))
    asked = Asked(
        boxes=given.take("bbox", boxes_of) or (),
        window=given.take("datetime", window_of),
        limit=given.take("limit", _limit) or USUAL,
        cursor=given.take("cursor", lambda text: _cursor(text, collection)),
        filters={
            name: value
            for name, one in collection.queryables.items()
            if (value := given.take(name, _valued(one))) is not None
        },
    )
    given.finish(400, _DETAIL)
    return asked


def refuse_parameters(pairs: Sequence[tuple[str, str]]) -> None:
    """Problem 400 for any parameter, where none is known."""
    Parameters(pairs, ()).finish(400, _DETAIL)


def boxes_of(text: str) -> tuple[BaseGeometry, ...]:
    """The ground of a bbox: one shape, two where west lies east of east. Heights play no part."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise BadValue("is not a list of numbers", _BOX) from None
    if not all(map(math.isfinite, numbers)):
        raise BadValue("is not finite", _BOX)
    match numbers:
        case [west, south, east, north]:
            pass
        case [west, south, low, east, north, high]:
            if low > high:
                raise BadValue("has its lower height above the upper one", _BOX)
        case _:
            raise BadValue(f"has {len(numbers)} numbers", _BOX)
    if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90):
        raise BadValue("is no box in degrees", _BOX)
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
            raise BadValue("has more than two parts", _TIME)
    if since is not None and until is not None and since > until:
        raise BadValue("ends before it begins", _TIME)
    return Window(since, until)


def _moment(text: str) -> datetime:
    moment = parse_moment(text.replace(" ", "+").upper())  # '+' that nobody escaped
    try:
        if moment is not None:
            return moment.astimezone(UTC)
    except OverflowError:
        pass
    raise BadValue("is not a time with its zone", _TIME)


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) > 0:
        return min(int(text), MOST)
    raise BadValue("is not a number of features", f"1 to {MOST}; more are given page by page")


def _cursor(text: str, collection: Collection) -> Cursor:
    try:
        return Cursor.read(text, collection.key_kind)
    except BadCursor:
        raise BadValue("is none of ours", "follow the link `next` as it is") from None


def _valued(queryable: Queryable) -> Callable[[str], Any]:
    def value(text: str) -> object:
        match queryable.kind:
            case "boolean":
                if text not in _FLAGS:
                    raise BadValue("is neither true nor false", "send true or false")
                return _FLAGS[text]
            case "integer":
                if not (text.isascii() and text.isdigit() and len(text) < 5):
                    raise BadValue("is not a number", "send a whole number")
                return int(text)
            case "string":
                if queryable.choices and text not in queryable.choices:
                    raise BadValue("is not known", f"one of {', '.join(queryable.choices)}")
                return clean(queryable.name, text, longest=64)

    return value
