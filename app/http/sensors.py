"""Sensors: where each stands, what it sent last, and what was wrong with what it sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Self, get_args

from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.case_filters import LONGEST_LIST, number, refuse_unknown, unfit, word
from app.http.parameters import Query, choice_query, number_query
from app.http.wiring import wiring_of
from app.policy import Actor, Reach, Resource, reach
from dispatch.postgres import tallies
from dispatch.postgres.checkpoints import SensorState, read_counts, read_sensor_states
from dispatch.sensing.sensors import Sensor, Sensors
from grid.hierarchy import Hierarchy
from grid.postgres import load_hierarchy, version_in_force

State = Literal[
    "unseen",  # nothing that can be judged has come
    "alarm",  # an alarm of it stands
    "quiet",  # it sends, and nothing is wrong
]
REFUSED_IN: Final = timedelta(days=6)
"""So far back it is told what doors refused: the days of a week, the one we have among them."""
STATES: Final[tuple[str, ...]] = get_args(State)

SENSORS: Final = (
    choice_query("state", "In one of these states", STATES),
    Query("property", "What the device measures"),
    Query("area", "Code of an area that holds the device"),
    Query("device", "Code of one device"),
    Query("after", "Only what comes after this code: `next` of the page before"),
    number_query("limit", "How many at the most", most=LONGEST_LIST, usual=50),
)
"""What `/api/sensors` can be asked, as `/api/openapi.json` tells it."""


@dataclass(frozen=True, slots=True)
class SensorFilter:
    """A page of a list in the order of codes; *after* is the last code of the page before."""

    states: tuple[str, ...] = ()
    property: str | None = None
    area: str | None = None
    device: str | None = None
    after: str | None = None
    limit: int = 50

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """The filter a query string asks for; Problem 400 for anything it cannot mean."""
        refuse_unknown(query, {one.name for one in SENSORS})
        return cls(
            states=_states(query.get("state")),
            property=word(query, "property"),
            area=word(query, "area"),
            device=word(query, "device"),
            after=word(query, "after"),
            limit=number(query, "limit", most=LONGEST_LIST) or 50,
        )

    def wants(self, sensor: Sensor, areas: Collection[str]) -> bool:
        """Whether a device is meant, its state aside; *areas* hold it."""
        return (
            self.property in (None, sensor.observed_property)
            and self.device in (None, sensor.code)
            and (self.area is None or self.area in areas)
            and (self.after is None or sensor.code > self.after)
        )


async def list_all(request: Request, actor: Actor) -> Response:
    """Devices within the actor's reach by code: place, last value, state, faults by reason.

    `refused` is what doors did not take of their samples in a week, by reason; `strangers`, for
    those who see the whole city, the same of what named no sensor of it. `counts` are samples of
    the whole city, by what became of them. `next` is to be sent as `after`.
    """
    wanted = SensorFilter.of(request.query_params)
    wiring = wiring_of(request)
    sensors = wiring.current_city().sensors
    within = reach(actor, "sensor.read")
    async with wiring.database.connection() as conn:
        found = await _listed(conn, sensors, wanted, within)
        counts = await read_counts(conn)
        since = datetime.now(UTC) - REFUSED_IN
        await _add_refused(conn, found, since)
        strangers = await tallies.strangers(conn, since=since, limit=LONGEST_LIST)
    following = found[-1]["code"] if len(found) == wanted.limit else None
    told = [asdict(one) for one in strangers] if within.city else []
    return json_answer({"sensors": found, "counts": counts, "strangers": told, "next": following})


async def _add_refused(
    conn: AsyncConnection[Any], found: list[dict[str, object]], since: datetime
) -> None:
    """What doors refused of these devices, by reason."""
    codes = [str(one["code"]) for one in found]
    refused: dict[str, dict[str, int]] = {code: {} for code in codes}
    for one in await tallies.faults(conn, since=since, devices=codes):
        refused[one.device][one.reason] = one.count
    for told, code in zip(found, codes, strict=True):
        told["refused"] = refused[code]


async def _listed(
    conn: AsyncConnection[Any], sensors: Sensors, wanted: SensorFilter, within: Reach
) -> list[dict[str, object]]:
    hierarchy = await _hierarchy(conn)
    known = await read_sensor_states(conn)
    found: list[dict[str, object]] = []
    for sensor in sorted(sensors, key=lambda one: one.code):
        areas = hierarchy.path(sensor.area) if sensor.area in hierarchy else ()
        if not wanted.wants(sensor, areas) or not within.covers(Resource(areas=frozenset(areas))):
            continue
        told = _told(sensor, known.get(sensor.code))
        if not wanted.states or told["state"] in wanted.states:
            found.append(told)
        if len(found) == wanted.limit:
            break
    return found


async def _hierarchy(conn: AsyncConnection[Any]) -> Hierarchy:
    version = await version_in_force(conn)
    return await load_hierarchy(conn, version[0]) if version else Hierarchy(())


def _told(sensor: Sensor, known: SensorState | None) -> dict[str, object]:
    alarms = known.alarms if known else 0
    return {
        "code": sensor.code,
        "name": sensor.name.as_dict(),
        "property": sensor.observed_property,
        "unit": sensor.unit,
        "lon": sensor.lon,
        "lat": sensor.lat,
        "area": sensor.area,
        "source": sensor.source,
        "state": _state(known),
        "alarms": alarms,
        "at": known.at if known else None,
        "value": known.value if known else None,
        "seen_at": known.seen_at if known else None,
        "samples": known.samples if known else 0,
        "faults": known.faults if known else {},
    }


def _state(known: SensorState | None) -> State:
    if known is not None and known.alarms:
        return "alarm"
    return "unseen" if known is None or known.at is None else "quiet"


def _states(text: str | None) -> tuple[str, ...]:
    states = tuple(text.split(",")) if text is not None else ()
    if set(states) - set(STATES):
        raise unfit("state", "is not known", f"one or more of {','.join(STATES)}")
    return states


ROUTES: Final = [Route("/api/sensors", guarded("sensor.read", list_all), methods=["GET"])]
