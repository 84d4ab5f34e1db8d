"""Situations for staff: a list of them, and one with its members, its outline and its reasons."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.answers import json_answer
from app.http.situation_filters import SituationFilter
from app.http.wiring import wiring_of
from app.policy import Actor, Resource, authorize, reach
from app.problems import Problem
from app.situations.in_force import read_part
from dispatch.postgres.clock import now
from dispatch.postgres.situations import histories, read_situation
from dispatch.situations.changes import Change, told
from dispatch.situations.errors import UnknownSituation
from dispatch.situations.facts import Kind
from dispatch.situations.outline import Trend, trend
from dispatch.situations.patterns import Patterns
from dispatch.situations.situation import Member, Situation, State
from dispatch.situations.telling import explained
from grid.naming import Label

_LARGEST_ID: Final = 2**63 - 1

_LIST: Final = """
    SELECT id, family, way, rules, plan, state, members, areas, zone, first_at, last_at,
           flagged_at, moved_at, over_at, acknowledged_by, acknowledged_at, merged_into, version,
           ST_X(ST_PointOnSurface(outline)) AS lon, ST_Y(ST_PointOnSurface(outline)) AS lat,
           ST_AsGeoJSON(outline, 6) AS outline
      FROM situation
"""

_CASES: Final = """
    SELECT id, number, state::text AS state, department, severity, closed_at IS NOT NULL AS closed
      FROM cases
     WHERE id = ANY(%s)
"""


def resource_of(situation: Situation) -> Resource:
    """The situation as the policy sees it: of its areas, and of departments that have its cases."""
    return Resource(areas=frozenset(situation.areas), helpers=frozenset(situation.departments))


def id_in(request: Request) -> int:
    """The id in the path; Problem 404 for what cannot be one."""
    text = str(request.path_params["situation_id"])
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if not 0 < found <= _LARGEST_ID:
        raise Problem(404, "there is no such situation")
    return found


async def list_all(request: Request, actor: Actor) -> Response:
    """Situations within the actor's reach, as `sort` says, newest first, each with its outline."""
    wanted = SituationFilter.of(request.query_params)
    condition, values = wanted.sql(reach(actor, "situation.read"))
    async with wiring_of(request).database.connection() as conn:
        patterns = await read_part(conn)
        async with conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_LIST + condition, values)
            rows = await cursor.fetchall()
    following = wanted.sort.following(rows, wanted.limit, "id")
    told_rows = [_row_as_told(row, patterns) for row in rows]
    return json_answer({"situations": told_rows, "next": following})


def _row_as_told(row: Mapping[str, Any], patterns: Patterns) -> dict[str, Any]:
    return {
        **row,
        "outline": json.loads(row["outline"]),
        "family_name": _family_name(row["family"], patterns).as_dict(),
        "name": _rule_name(row["rules"][0], patterns).as_dict(),
    }


async def read(request: Request, actor: Actor) -> Response:
    """One situation: itself, its members, its outline, how it grows, why it is one, its history."""
    async with wiring_of(request).database.connection() as conn:
        situation = await situation_for(conn, request, actor)
        return await situation_answer(conn, situation, actor)


async def situation_for(conn: AsyncConnection[Any], request: Request, actor: Actor) -> Situation:
    """The situation in the path; 404 both when there is none and when the actor may not see it."""
    try:
        situation = await read_situation(conn, id_in(request))
    except UnknownSituation as err:
        raise Problem(404, "there is no such situation") from err
    authorize(actor, "situation.read", resource_of(situation))
    return situation


async def situation_answer(
    conn: AsyncConnection[Any], situation: Situation, actor: Actor
) -> Response:
    """Everything about a situation as one answer; its version is the entity tag."""
    patterns, moment = await read_part(conn), await now(conn)
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_LIST + " WHERE id = %s", [situation.id])
        [row] = await cursor.fetchall()
        await cursor.execute(_CASES, [_case_ids(situation)])
        cases = {case["id"]: case for case in await cursor.fetchall()}
    line = (await histories(conn, [situation.id or 0]))[situation.id or 0]
    return json_answer(
        {
            "situation": _row_as_told(row, patterns) | {"reason": situation.reason},
            "members": [_member_as_told(one, cases) for one in _by_time(situation)],
            "trend": _trend_as_told(trend(situation.facts, moment)),
            "why": _reasons(situation, patterns),
            "history": [_change_as_told(n, one) for n, one in enumerate(line, 1)],
            "orders": _orders(situation, actor),
        },
        headers={"etag": f'"{situation.version}"'},
    )


def _by_time(situation: Situation) -> list[Member]:
    return [situation.members[fact.key] for fact in situation.facts]


def _case_ids(situation: Situation) -> list[int]:
    facts = situation.facts
    own = [int(fact.ref) for fact in facts if fact.kind is Kind.CASE]
    return own + [fact.case_id for fact in facts if fact.case_id is not None]


def _member_as_told(member: Member, cases: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """A member as it joined, with how its case stands now; none of what anybody wrote."""
    fact = member.fact
    case_id = int(fact.ref) if fact.kind is Kind.CASE else fact.case_id
    return {
        "kind": fact.kind,
        "ref": fact.ref,
        "at": fact.at,
        "lon": fact.lon,
        "lat": fact.lat,
        "areas": fact.areas,
        "sources": sorted(fact.sources),
        "category": fact.category,
        "property": fact.observed_property,
        "level": fact.level,
        "joined_at": member.joined_at,
        "by": member.by,
        "case": cases.get(case_id) if case_id is not None else None,
    }


def _trend_as_told(one: Trend) -> dict[str, Any]:
    return {
        "word": one.word,
        "newest": one.newest,
        "before": one.before,
        "time_s": one.time.total_seconds(),
        "counts": one.counts,
    }


def _reasons(situation: Situation, patterns: Patterns) -> list[dict[str, Any]]:
    family = _family_name(situation.family, patterns)
    return [
        {
            "rule": rule,
            "way": _way(figures),
            "text": explained(_way(figures), family, _rule_name(rule, patterns), figures).as_dict(),
            "figures": figures,
        }
        for rule, figures in situation.why.items()
    ]


def _way(figures: Mapping[str, Any]) -> str:
    return "scan" if "p" in figures else "rule"


def _change_as_told(seq: int, change: Change) -> dict[str, Any]:
    return {
        "seq": seq,
        "kind": change.kind,
        "at": change.at,
        "actor": change.actor,
        "fields": told(change),
    }


def _orders(situation: Situation, actor: Actor) -> list[str]:
    """What the actor may order of it as it stands."""
    states: Mapping[str, Sequence[State]] = {
        "acknowledge": (State.OPEN, State.GROWING, State.STABLE),
        "dismiss": (State.OPEN, State.GROWING, State.STABLE, State.ENDED),
        "reopen": (State.ENDED, State.DISMISSED),
        "attach": (State.OPEN, State.GROWING, State.STABLE),
        "detach": (State.OPEN, State.GROWING, State.STABLE),
    }
    resource = resource_of(situation)
    return [
        order
        for order, fit in states.items()
        if situation.state in fit and reach(actor, f"situation.{order}").covers(resource)
    ]


def _family_name(name: str, patterns: Patterns) -> Label:
    found = next((one.text for one in patterns.families if one.name == name), None)
    return found or Label(name, name)


def _rule_name(name: str, patterns: Patterns) -> Label:
    return patterns.texts.get(name) or Label(name, name)


ROUTES: Final = [
    Route("/api/situations", guarded("situation.read", list_all), methods=["GET"]),
    Route("/api/situations/{situation_id}", guarded("situation.read", read), methods=["GET"]),
]
