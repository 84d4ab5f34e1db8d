"""What the doors of the grid are asked: positions with their datum, and the release of a moment."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from psycopg import AsyncConnection
from starlette.requests import Request

from app.http.parameters import BadValue, Parameters, Query
from app.http.submission import in_wgs84, parse_moment
from app.problems import Fault, Problem
from dispatch.postgres.clock import now
from geo.shift import Datum
from grid.versions.postgres import active_reign
from grid.versions.release import Reign

DETAIL: Final = "the grid cannot be asked so"
POSITION: Final = (
    Query("lon", "Longitude in degrees", {"type": "number"}, required=True),
    Query("lat", "Latitude in degrees", {"type": "number"}, required=True),
    Query("datum", "What lon and lat are in", {"type": "string", "enum": [*Datum]}, required=True),
)
AT: Final = Query(
    "at",
    "A moment with its zone: asks the release in force then",
    {"type": "string", "format": "date-time"},
)
_DATUM: Final = f"say what lon and lat are in: {', '.join(Datum)}; none is guessed"
_TIME: Final = "a time like 2026-11-23T08:00:00+08:00, with its zone"


@dataclass(frozen=True, slots=True)
class Position:
    """A position in degrees WGS84."""

    lon: float
    lat: float


def parameters_of(request: Request, *known: Query) -> Parameters:
    """The parameters of a request that knows these."""
    return Parameters(request.query_params.multi_items(), [one.name for one in known])


def position_of(given: Parameters) -> Position | None:
    """The position that lon, lat and datum name; None when something is wrong with them."""
    lon = given.need("lon", degrees(180), "degrees, -180 to 180")
    lat = given.need("lat", degrees(90), "degrees, -90 to 90")
    datum = given.need("datum", datum_of, _DATUM)
    if lon is None or lat is None or datum is None:
        return None
    return Position(*in_wgs84(lon, lat, datum))


def degrees(most: int) -> Callable[[str], float]:
    """A reader of degrees from -*most* to *most*."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) <= most:  # NaN too
            raise BadValue("is not a number of degrees", f"degrees, -{most} to {most}")
        return value

    return read


def datum_of(text: str) -> Datum:
    """The datum of that name; BadValue for one that is not known."""
    try:
        return Datum(text)
    except ValueError:
        raise BadValue("is not known", _DATUM) from None


def number(most: int) -> Callable[[str], int]:
    """A reader of whole numbers from 1 to *most*."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most:
            return int(text)
        raise BadValue("is not a number that can be asked for", f"1 to {most}")

    return read


def moment_of(text: str) -> datetime:
    """The moment of a text, aware UTC; BadValue for one that is none."""
    moment = parse_moment(text.replace(" ", "+"))  # '+' that nobody escaped
    try:
        if moment is not None:
            return moment.astimezone(UTC)
    except OverflowError:
        pass
    raise BadValue("is not a time", _TIME)


async def release_at(conn: AsyncConnection[Any], at: datetime | None) -> Reign:
    """The release in force at a moment, None: now.

    Problem 503 before the first city pack, 422 for a moment before the first release.
    """
    reign = await active_reign(conn, await now(conn) if at is None else at)
    if reign is None:
        raise Problem(503, "no city pack is loaded yet", retry_after_s=10)
    if at is not None and at < reign.active_from:
        began = f"the first release is in force since {reign.active_from.isoformat()}"
        raise Problem(422, DETAIL, Fault("at", "is before there was a grid", began))
    return reign
