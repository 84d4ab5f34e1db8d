"""Alarms and their histories, written with the report of each and the message that tells of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from dispatch.errors import DispatchError
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.log import OUTBOX_CHANNEL
from dispatch.sensing.alarms import submission_of
from dispatch.sensing.standing import (
    ALARMS,
    NOTED,
    AlarmEntry,
    StandingAlarm,
    Told,
    acknowledged,
    changed,
    cloud_event,
    event_id,
)
from grid.naming import Language

_COLUMNS: Final[LiteralString] = """
    SELECT a.key, a.device, a.name, a.rule, a.text, a.property, a.unit, a.area, a.areas,
           ST_X(a.position) AS lon, ST_Y(a.position) AS lat, a.category, a.state, a.level,
           a.highest, a.value, a.started_at, a.changed_at, a.ended_at, a.flaps, a.facts, a.report,
           a.acknowledged_by, a.acknowledged_at, a.told_at, a.version
      FROM alarm a
"""

_WRITE: Final = """
    INSERT INTO alarm AS a (key, device, rule, property, unit, name, area, areas, position,
                            category, text, state, level, highest, value, started_at, changed_at,
                            ended_at, flaps, facts, report, acknowledged_by, acknowledged_at,
                            told_at, version)
    SELECT r.key, r.device, r.rule, r.property, r.unit, r.name, r.area, r.areas,
           ST_SetSRID(ST_MakePoint(r.lon, r.lat), 4326), r.category, r.text, r.state, r.level,
           r.highest, r.value, r.started_at, r.changed_at, r.ended_at, r.flaps, r.facts, r.report,
           r.acknowledged_by, r.acknowledged_at, r.told_at, r.version
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           key text, device text, rule text, property text, unit text, name jsonb, area text,
           areas text[], lon float8, lat float8, category text, text jsonb, state text,
           level smallint, highest smallint, value float8, started_at timestamptz,
           changed_at timestamptz, ended_at timestamptz, flaps integer, facts jsonb, report bigint,
           acknowledged_by text, acknowledged_at timestamptz, told_at timestamptz, version integer)
     ORDER BY r.key
        ON CONFLICT (key) DO UPDATE
       SET unit = excluded.unit, name = excluded.name, area = excluded.area,
           areas = excluded.areas, position = excluded.position, category = excluded.category,
           text = excluded.text, state = excluded.state, level = excluded.level,
           highest = excluded.highest, value = excluded.value, started_at = excluded.started_at,
           changed_at = excluded.changed_at, ended_at = excluded.ended_at, flaps = excluded.flaps,
           facts = excluded.facts, report = excluded.report,
           acknowledged_by = excluded.acknowledged_by,
           acknowledged_at = excluded.acknowledged_at, version = excluded.version
"""

_WRITE_EVENTS: Final = """
    INSERT INTO alarm_event (alarm, seq, kind, at, told_at, level, value, actor, facts)
    SELECT r.alarm, r.seq, r.kind, r.at, %(now)s, r.level, r.value, r.actor, r.facts
      FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
           alarm text, seq integer, kind text, at timestamptz, level smallint, value float8,
           actor text, facts jsonb)
"""

_WRITE_NOTES: Final = """
    INSERT INTO alarm_note (alarm, seq)
    SELECT r.alarm, r.seq FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(alarm text, seq integer)
"""

_TELL: Final = """
    INSERT INTO outbox (topic, key, dedup, payload)
    SELECT %(topic)s, r.key, r.dedup, r.payload
      FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb) AS (
               key text, dedup text, payload text))
           WITH ORDINALITY AS r(key, dedup, payload, n)
     ORDER BY r.n
"""

_HISTORY: Final = """
    SELECT seq, kind, at, told_at, level, value, actor, facts
      FROM alarm_event
     WHERE alarm = %s
     ORDER BY seq
"""

_CASE: Final = """
    SELECT c.id, c.number, c.state::text AS state
      FROM inbox i
      JOIN cases c ON c.id = standing_case(i.case_id)
     WHERE i.id = %s
"""


class UnknownAlarm(DispatchError):
    """No alarm has the key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no alarm {key}")
        self.key = key


@dataclass(frozen=True, slots=True)
class Written:
    """What came of changes: the lines that were written, and how many reports were new."""

    entries: Sequence[AlarmEntry]
    reported: int


async def write_changes(
    conn: AsyncConnection, told: Sequence[Told], *, city: str, language: Language, now: datetime
) -> Written:
    """Write the changes in their order, the reports they ask for, and the messages that tell them.

    All or nothing with the caller's transaction.
    """
    if not told:
        return Written((), 0)
    standing = await _locked(conn, {one.change.key for one in told})
    reports, fresh = await _report(conn, told, standing, language)
    entries: list[AlarmEntry] = []
    for one in told:
        entry = changed(standing.get(one.change.key), one, now)
        report = reports.get(one.change.key, entry.alarm.report)
        entry = replace(entry, alarm=replace(entry.alarm, report=report))
        standing[one.change.key] = entry.alarm
        entries.append(entry)
    await _write(conn, entries, city, now)
    return Written(entries, fresh)


async def _report(
    conn: AsyncConnection,
    told: Sequence[Told],
    standing: Mapping[str, StandingAlarm],
    language: Language,
) -> tuple[dict[str, int], int]:
    """The id of the report of each alarm that needs a person and had none; how many are new.

    An alarm that is withdrawn before anybody could hear of it needs nobody.
    """
    last = {one.change.key: one for one in told}
    needed = [
        submission_of(one.change, one.sensor, one.rule, language)
        for key, one in last.items()
        if one.change.kind != "withdrawn" and (key not in standing or not standing[key].report)
    ]
    wanted = [one for one in needed if one is not None]
    if not wanted:
        return {}, 0
    answers = await accept_many(conn, wanted)
    reports = {one.client_key: a.report_id for one, a in zip(wanted, answers, strict=True)}
    return reports, sum(answer.fresh for answer in answers)


async def acknowledge_alarm(
    conn: AsyncConnection, alarm: StandingAlarm, person: str, *, city: str, now: datetime
) -> StandingAlarm:
    """Write that a person sees to it. Call it with the alarm as `read_locked` gave it."""
    entry = acknowledged(alarm, person, now)
    await _write(conn, [entry], city, now)
    return entry.alarm


async def read_alarm(conn: AsyncConnection, key: str) -> StandingAlarm:
    """The alarm of that key; raises UnknownAlarm."""
    found = await list_alarms(conn, " WHERE a.key = %(key)s", {"key": key})
    if not found:
        raise UnknownAlarm(key)
    return found[0]


async def read_locked_alarm(conn: AsyncConnection, key: str) -> StandingAlarm:
    """The same, locked until the transaction ends."""
    found = await _locked(conn, {key})
    if not found:
        raise UnknownAlarm(key)
    return found[key]


async def list_alarms(
    conn: AsyncConnection, condition: LiteralString, values: Mapping[str, object]
) -> list[StandingAlarm]:
    """The alarms that a WHERE clause over `alarm a` gives, in the order it says."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_COLUMNS + condition, values)
        return [_standing(row) for row in await cursor.fetchall()]


async def alarm_history(conn: AsyncConnection, key: str) -> list[dict[str, Any]]:
    """Every change of an alarm, the first one first."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_HISTORY, [key])
        return await cursor.fetchall()


async def _locked(conn: AsyncConnection, keys: Collection[str]) -> dict[str, StandingAlarm]:
    condition = " WHERE a.key = ANY(%(keys)s) ORDER BY a.key FOR UPDATE OF a"
    found = await list_alarms(conn, condition, {"keys": sorted(keys)})
    return {alarm.key: alarm for alarm in found}


async def _write(
    conn: AsyncConnection, entries: Sequence[AlarmEntry], city: str, now: datetime
) -> None:
    last = {entry.alarm.key: entry.alarm for entry in entries}
    await conn.execute(_WRITE, _rows(alarm.fields() for alarm in last.values()))
    await conn.execute(_WRITE_EVENTS, {**_rows(map(_event_row, entries)), "now": now})
    noted = [one for one in entries if one.kind in NOTED and one.alarm.report is not None]
    if noted:
        await conn.execute(_WRITE_NOTES, _rows(map(_event_row, noted)))
    told = (
        {
            "key": one.alarm.key,
            "dedup": event_id(one),
            "payload": cloud_event(one, city, now),
        }
        for one in entries
    )
    await conn.execute(_TELL, {**_rows(told), "topic": ALARMS})
    await conn.execute("SELECT pg_notify(%s, '')", [OUTBOX_CHANNEL])


def _rows(rows: Iterable[Mapping[str, object]]) -> dict[str, object]:
    return {"rows": msgspec.json.encode(list(rows)).decode()}


def _event_row(entry: AlarmEntry) -> dict[str, object]:
    alarm = entry.alarm
    return {
        "alarm": alarm.key,
        "seq": alarm.version,
        "kind": entry.kind,
        "at": entry.at,
        "level": alarm.level,
        "value": alarm.value,
        "actor": entry.actor,
        "facts": dict(alarm.facts),
    }


def _standing(row: Mapping[str, Any]) -> StandingAlarm:
    told: dict[str, Any] = {**row, "areas": tuple(row["areas"])}
    return StandingAlarm(**told)


async def case_of(conn: AsyncConnection, alarm: StandingAlarm) -> dict[str, Any] | None:
    """Id, number and state of the case that now stands for the report of an alarm; None: none."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_CASE, [alarm.report])
        return await cursor.fetchone()
