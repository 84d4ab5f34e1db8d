"""Alarms of sensors: a list, one with its history and its case, and who sees to it."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any, Final

import structlog
from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.alarm_filters import AlarmFilter
from app.http.answers import json_answer
from app.http.wiring import wiring_of
from app.identity.postgres import write_audit
from app.policy import Actor, Resource, authorize, reach
from app.problems import Problem
from dispatch.postgres.alarms import (
    UnknownAlarm,
    acknowledge_alarm,
    alarm_history,
    case_of,
    list_alarms,
    read_alarm,
    read_locked_alarm,
)
from dispatch.postgres.clock import now
from dispatch.sensing.standing import StandingAlarm
from grid.naming import Label

_KEY: Final = re.compile(r"[0-9a-f]{64}")
_log = structlog.get_logger()


async def list_all(request: Request, actor: Actor) -> Response:
    """Alarms within the actor's reach, as `sort` says, the latest first.

    `next` is to be sent as `after`.
    """
    wanted = AlarmFilter.of(request.query_params)
    condition, values = wanted.sql(reach(actor, "alarm.read"))
    async with wiring_of(request).database.connection() as conn:
        found = await list_alarms(conn, condition, values)
    return json_answer(
        {"alarms": [asdict(alarm) for alarm in found], "next": wanted.following(found)}
    )


async def read(request: Request, actor: Actor) -> Response:
    """One alarm with everything that happened to it, and the case that was made of it."""
    async with wiring_of(request).database.connection() as conn:
        alarm = await _found(conn, request, actor, "alarm.read")
        return await _told(conn, alarm)


async def acknowledge(request: Request, actor: Actor) -> Response:
    """Say that one sees to an alarm: 200 with it; 409 when somebody else does, or it never was.

    With `If-Match`, the entity tag of the alarm as it was seen, a change since is 412.
    """
    wiring = wiring_of(request)
    city = wiring.current_city()
    async with wiring.database.connection() as conn:
        alarm = await _found(conn, request, actor, "alarm.acknowledge", lock=True)
        _check_unchanged(request, alarm)
        if alarm.acknowledged_by != actor.name:
            _check_open(alarm)
            moment = await now(conn)
            alarm = await acknowledge_alarm(conn, alarm, actor.name, city=city.code, now=moment)
            await write_audit(conn, actor.name, "alarm.acknowledge", alarm.key, "done")
            _log.info("alarm acknowledged", alarm=alarm.key, actor=actor.name)
        return await _told(conn, alarm)


async def _found(
    conn: AsyncConnection[Any], request: Request, actor: Actor, action: str, *, lock: bool = False
) -> StandingAlarm:
    """The alarm named in the path; 404 as well for what is out of reach."""
    key = str(request.path_params["key"])
    if not _KEY.fullmatch(key):
        raise Problem(404, "there is no such alarm")
    try:
        alarm = await (read_locked_alarm(conn, key) if lock else read_alarm(conn, key))
    except UnknownAlarm as err:
        raise Problem(404, "there is no such alarm") from err
    authorize(actor, action, Resource(areas=frozenset(alarm.areas)))
    return alarm


def _check_unchanged(request: Request, alarm: StandingAlarm) -> None:
    told = request.headers.get("if-match")
    if told is None or told.strip() == "*":
        return
    if f'"{alarm.version}"' not in [tag.strip() for tag in told.split(",")]:
        label = Label("告警在此期间已有变化", "the alarm has changed since")
        raise Problem(412, label.en, told=label)


def _check_open(alarm: StandingAlarm) -> None:
    if alarm.state == "withdrawn":
        label = Label("该告警已撤回", "this alarm was withdrawn: there is nothing to see to")
        raise Problem(409, label.en, told=label)
    if alarm.acknowledged_by is not None:
        person = alarm.acknowledged_by
        raise Problem(
            409, f"{person} sees to it", told=Label(f"{person}已确认", f"{person} sees to it")
        )


async def _told(conn: AsyncConnection[Any], alarm: StandingAlarm) -> Response:
    return json_answer(
        {
            "alarm": asdict(alarm),
            "history": await alarm_history(conn, alarm.key),
            "case": await case_of(conn, alarm),
        },
        headers={"etag": f'"{alarm.version}"'},
    )


ROUTES: Final = [
    Route("/api/alarms", guarded("alarm.read", list_all), methods=["GET"]),
    Route("/api/alarms/{key}", guarded("alarm.read", read), methods=["GET"]),
    Route(
        "/api/alarms/{key}/acknowledge",
        guarded("alarm.acknowledge", acknowledge),
        methods=["POST"],
    ),
]
