"""What may be the same incident: for the operator beside a case, for a phone before it sends.

A suggestion changes nothing. What is merged without a person is decided in `dispatch.decide`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.cases import case_for
from app.http.city import City
from app.http.grid.asking import POSITION, parameters_of, position_of
from app.http.open311.requests import STAGES
from app.http.parameters import BadValue, Query
from app.http.texts import clean
from app.http.wiring import wiring_of
from app.policy import Actor, reach
from dispatch.case import Case
from dispatch.matching import Candidate, Likeness, Matching, Sighting, box_around
from dispatch.postgres.clock import now

_MOST_SHOWN: Final = 20
_MOST_TOLD: Final = 5
_MOST_LOOKED_AT: Final = 200
_LONGEST_TEXT: Final = 4000

_NEAR: Final = """
    SELECT id, number, state::text AS state, category, severity, department, address, description,
           component, reports, reported_at, ST_X(position) AS lon, ST_Y(position) AS lat
      FROM cases
     WHERE closed_at IS NULL
       AND id IS DISTINCT FROM %(but)s
       AND category = ANY(%(categories)s)
       AND reported_at BETWEEN %(since)s AND %(until)s
       AND position && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND """

_NEAREST_FIRST: Final = """
     ORDER BY position <-> ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)
     LIMIT %(limit)s
"""

_MERGED: Final = """
    SELECT id, number, reports, closed_at AS merged_at
      FROM cases
     WHERE merged_into = %s
     ORDER BY id
"""


QUERY: Final = (
    Query("category", "Code of the category that would be reported", required=True),
    *POSITION,
    Query("description", "What would be written, to be held against what others wrote"),
)


async def of_case(request: Request, actor: Actor) -> Response:
    """Open cases that may be the same incident, the most alike first, and those merged into it."""
    matching = wiring_of(request).current_city().matching
    within, values = reach(actor, "case.read").sql()
    async with wiring_of(request).database.connection() as conn:
        case = await case_for(conn, request, actor, "case.read")
        seen = _sighting(case)
        rows = await _open_near(conn, matching, seen, within, {**values, "but": case.id})
        async with conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_MERGED, [case.id])
            merged = await cursor.fetchall()
    alike = matching.suggestions(map(_candidate, rows), seen)[:_MOST_SHOWN]
    told = {row["id"]: row for row in rows}
    found = [{"case": told[one.case_id], **_likeness(one)} for one in alike]
    return json_answer({"duplicates": found, "merged": merged})


async def before_sending(request: Request, actor: Actor) -> Response:
    """What is open near a position, so that nobody reports it twice without knowing.

    Nothing that a person wrote, no address and no number is told, and the distance by ten metres;
    no score either: with it a description could be guessed word by word.
    """
    city = wiring_of(request).current_city()
    given = parameters_of(request, *QUERY)
    category = given.need("category", _category(city), "a code of /api/catalogue")
    text = given.take("description", lambda told: clean("description", told, longest=_LONGEST_TEXT))
    position = position_of(given)
    given.finish(422, "duplicates cannot be asked for so")
    if category is None or position is None:
        raise TypeError("what is missing is a fault")
    async with wiring_of(request).database.connection() as conn:
        moment = await now(conn)
        seen = Sighting(category, position.lon, position.lat, moment, None, text or "")
        rows = await _open_near(conn, city.matching, seen, "true", {"but": None})
    alike = city.matching.suggestions(map(_candidate, rows), seen)[:_MOST_TOLD]
    states = {row["id"]: row for row in rows}
    return json_answer(
        {"duplicates": [_in_public(one, states[one.case_id], city) for one in alike]}
    )


async def _open_near(
    conn: AsyncConnection[Any],
    matching: Matching,
    seen: Sighting,
    within: LiteralString,
    values: Mapping[str, object],
) -> Sequence[DictRow]:
    """Open cases within the bounds in which the city suggests, the nearest first."""
    rule = matching.rule_for(seen.category)
    west, south, east, north = box_around(
        seen.lon, seen.lat, max(rule.radius_m, rule.suggest_radius_m)
    )
    longest = max(rule.within, rule.suggest_within)
    asked = {
        "categories": sorted(matching.relatives(seen.category)),
        "since": seen.at - longest,
        "until": seen.at + longest,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "lon": seen.lon,
        "lat": seen.lat,
        "limit": _MOST_LOOKED_AT,
    }
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_NEAR + within + _NEAREST_FIRST, {**values, **asked})
        return await cursor.fetchall()


def _sighting(case: Case) -> Sighting:
    return Sighting(
        case.category, case.lon, case.lat, case.reported_at, case.component, case.description
    )


def _candidate(row: DictRow) -> Candidate:
    return Candidate(
        row["id"],
        row["category"],
        row["lon"],
        row["lat"],
        row["reported_at"],
        row["component"],
        row["description"],
    )


def _likeness(one: Likeness) -> dict[str, object]:
    return {
        "score": round(one.score, 3),
        "distance_m": one.distance_m,
        "apart_s": round(one.apart.total_seconds()),
        "similarity": None if one.similarity is None else round(one.similarity, 3),
        "same_component": one.same_component,
        "rule": one.rule,
        "reasons": [reason.as_dict() for reason in one.reasons()],
    }


def _in_public(one: Likeness, row: DictRow, city: City) -> dict[str, object]:
    category = city.catalogue.find(one.candidate.category)
    reported_at: datetime = row["reported_at"]
    return {
        "category": one.candidate.category,
        "category_name": category.name.as_dict() if category else None,
        "state": row["state"],
        "status": STAGES[row["state"]].as_dict(),
        "reported_at": reported_at,
        "reports": row["reports"],
        "distance_m": round(one.distance_m, -1),
    }


def _category(city: City) -> Any:
    def read(text: str) -> str:
        found = city.catalogue.find(text)
        if found is None or not found.reportable:
            raise BadValue("is no category that can be reported", "a code of /api/catalogue")
        return found.code

    return read


ROUTES: Final = [
    Route("/api/cases/{case_id}/duplicates", guarded("case.read", of_case), methods=["GET"]),
    Route("/api/duplicates", guarded("duplicate.suggest", before_sending), methods=["GET"]),
]
