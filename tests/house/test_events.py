"""The documents of the events say what the code sends."""

import json
import re
from typing import Any

import pytest
import yaml
from psycopg import AsyncConnection

from app.database import Database
from dispatch import actions
from dispatch.case import Move, Order, State
from dispatch.kinds import KINDS
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.log import Entry, number
from dispatch.postgres.situations import save_steps
from dispatch.sensing.alarm import KINDS as ALARM_KINDS
from dispatch.sensing.standing import ACKNOWLEDGED
from dispatch.situations import orders
from dispatch.situations.changes import kinds
from dispatch.situations.growing import Step, grow
from dispatch.situations.situation import Situation
from dispatch.situations.situation import State as SituationState
from streams import wire
from streams.observations import Columns, clock_mark, envelopes
from streams.topics import (
    ALARMS,
    CASE_EVENTS,
    PARTITIONS,
    REPORT_OUTCOMES,
    SITUATION_EVENTS,
)
from tests.app.sensing.stream import RISING, Desk
from tests.app.sensing.stream import Log as SensorLog
from tests.dispatch.situations.makers import fact as situation_fact
from tests.dispatch.situations.makers import patterns as situation_patterns
from tests.house.documents import blocks, first_column, read
from tests.makers import CITY, NOON, rulebook, submission

PAGE = read("docs/events.md")
ASYNCAPI: dict[str, Any] = yaml.safe_load(read("docs/asyncapi.yaml"))
SCHEMAS: dict[str, Any] = ASYNCAPI["components"]["schemas"]
JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def faults(value: Any, schema: dict[str, Any], where: str = "$") -> list[str]:
    """What is wrong with a value, by the part of JSON Schema that the document uses."""
    if "$ref" in schema:
        return faults(value, SCHEMAS[schema["$ref"].rpartition("/")[2]], where)
    if "oneOf" in schema:
        options = [faults(value, one, where) for one in schema["oneOf"]]
        return [] if [] in options else options[0]
    found = [f"{where}: {value!r}" for holds in checks(value, schema) if not holds]
    if isinstance(value, dict):
        properties: dict[str, Any] = schema.get("properties", {})
        found += [f"{where}: {name} missing" for name in schema.get("required", []) - value.keys()]
        found += [f"{where}: {name} untold" for name in value.keys() - properties.keys()]
        for name in properties.keys() & value.keys():
            found += faults(value[name], properties[name], f"{where}.{name}")
    return found


def checks(value: Any, schema: dict[str, Any]) -> list[bool]:
    named = schema.get("type", [])
    types = [named] if isinstance(named, str) else named
    allowed = tuple(python for name in types for python in JSON_TYPES[name])
    if allowed and not isinstance(value, allowed):
        return [False]
    return [
        "const" not in schema or value == schema["const"],
        "enum" not in schema or value in schema["enum"],
        "pattern" not in schema or re.search(schema["pattern"], value) is not None,
        "minimum" not in schema or value >= schema["minimum"],
        "maximum" not in schema or value <= schema["maximum"],
    ]


@pytest.fixture
async def sent(conn: AsyncConnection) -> list[Entry]:
    """All that leaves the house when one report was merged and one case was closed."""
    book = PostgresBook(conn)
    async with conn.transaction():
        answers = await accept_many(conn, [submission(description="袋子"), submission()])
        await actions.decide(book, [one.report_id for one in answers], rulebook(), now=NOON)
        for move, actor in ((Move.HANDLE, "li"), (Move.VERIFY, "wang"), (Move.CLOSE, "wang")):
            await actions.move(book, 1, Order(move), actor=actor, city=CITY, now=NOON)
        return (await number(conn))[1]


async def test_what_is_sent_is_what_the_asyncapi_document_promises(sent: list[Entry]):
    events = [json.loads(entry.payload) for entry in sent if entry.topic == CASE_EVENTS]

    assert [fault for one in events for fault in faults(one, SCHEMAS["CaseEvent"])] == []
    assert [one["data"]["kind"] for one in events][-3:] == ["handled", "verified", "closed"]
    assert {entry.key for entry in sent if entry.topic == CASE_EVENTS} == {"1"}


async def test_each_report_of_the_closed_case_is_told_as_the_document_promises(sent: list[Entry]):
    told = [entry for entry in sent if entry.topic == REPORT_OUTCOMES]
    outcomes = [json.loads(entry.payload) for entry in told]

    assert [fault for one in outcomes for fault in faults(one, SCHEMAS["ReportOutcome"])] == []
    assert [(one["id"], entry.key) for one, entry in zip(outcomes, told, strict=True)] == [
        ("report-1-case-1-7", "1"),
        ("report-2-case-1-7", "2"),
    ]
    assert {entry.topic for entry in sent} == {CASE_EVENTS, REPORT_OUTCOMES}


async def test_a_breach_of_the_document_would_be_seen(sent: list[Entry]):
    event = json.loads(sent[0].payload)
    event["data"]["case"]["severity"] = 7
    event["data"]["case"]["opened_at"] = "2026-11-23T08:00:00Z"
    event["data"]["case"]["colour"] = "red"
    del event["data"]["seq"]

    assert len(faults(event, SCHEMAS["CaseEvent"])) == 4


async def test_what_happens_to_a_situation_is_told_as_the_document_promises(conn: AsyncConnection):
    before = await _flagged(conn)
    async with conn.transaction():
        step = Step(before)
        step.take(orders.dismiss(before, reason="演练", by="li", now=NOON))
        await save_steps(conn, [step], city=CITY, grid_version=1)
        _, entries = await number(conn)
    events = [json.loads(entry.payload) for entry in entries]

    assert [fault for one in events for fault in faults(one, SCHEMAS["SituationEvent"])] == []
    assert [(entry.topic, entry.key) for entry in entries] == [(SITUATION_EVENTS, "1")] * 2


async def _flagged(conn: AsyncConnection) -> Situation:
    facts = [situation_fact(number) for number in (1, 2, 3)]
    async with conn.transaction():
        steps = grow([], facts, situation_patterns(), NOON)
        [stored] = await save_steps(conn, steps, city=CITY, grid_version=1)
    return stored


def test_every_kind_of_change_of_a_situation_is_told_in_both():
    types = SCHEMAS["SituationEvent"]["properties"]["type"]["enum"]
    table = PAGE[PAGE.index("## Situations") : PAGE.index("## Dead letters")]

    assert sorted(types) == sorted(f"citygrid.situation.{kind}" for kind in kinds())
    assert all(f"`{kind}`" in table for kind in kinds())
    assert SCHEMAS["Situation"]["properties"]["state"]["enum"] == [*SituationState]


def test_the_report_message_is_what_the_document_promises():
    message = json.loads(wire.report_accepted(4711))

    assert faults(message, SCHEMAS["ReportAccepted"]) == []


async def test_the_changes_of_an_alarm_are_what_the_document_promises(
    conn: AsyncConnection, database_url: str
):
    database, log = Database(database_url), SensorLog()
    desk = Desk(database, RISING)
    for hour, value in ((0, 4.0), (1, 6.0), (2, 1.0)):
        await desk.keep(log.samples((hour, value)))
    await database.close()

    async with conn.transaction():
        sent = [json.loads(one.payload) for one in (await number(conn))[1] if one.topic == ALARMS]

    assert [fault for one in sent for fault in faults(one, SCHEMAS["AlarmEvent"])] == []
    assert [one["data"]["kind"] for one in sent] == ["raised", "upgraded", "cleared"]


def test_every_change_of_an_alarm_is_told_in_both():
    types = SCHEMAS["AlarmEvent"]["properties"]["type"]["enum"]
    table = PAGE[PAGE.index("## Alarms") : PAGE.index("## Outcomes")]
    told = {kind for row in first_column(table) for kind in row.split(", ")}

    assert types == [f"citygrid.alarm.{kind}" for kind in (*ALARM_KINDS, ACKNOWLEDGED)]
    assert told - {"change", "---"} == {*ALARM_KINDS, ACKNOWLEDGED}


def test_the_clock_mark_is_what_the_document_promises():
    assert faults(json.loads(clock_mark("citygrid/worker", NOON)), SCHEMAS["ClockMark"]) == []


def test_the_envelope_of_samples_is_what_the_document_promises():
    samples = Columns(["W1", "W2"], [1, 2], [0.5, 7.0])
    [message] = envelopes("gateway:water", samples, NOON)

    assert faults(json.loads(message), SCHEMAS["Observations"]) == []


def test_the_example_on_the_page_is_an_event():
    [example] = blocks(PAGE, "json")

    assert faults(json.loads(example), SCHEMAS["CaseEvent"]) == []


def test_topics_and_partitions_are_those_of_the_code():
    channels = {
        name: channel["bindings"]["kafka"]["partitions"]
        for name, channel in ASYNCAPI["channels"].items()
    }

    assert channels == PARTITIONS
    assert all(f"| `{name}` |" in PAGE for name in PARTITIONS)
    assert ASYNCAPI["asyncapi"] == "3.0.0"


def test_every_kind_of_event_is_told_in_both():
    types = SCHEMAS["CaseEvent"]["properties"]["type"]["enum"]
    table = PAGE[PAGE.index("## Kinds") : PAGE.index("## The numbered log")]

    assert sorted(types) == sorted(f"citygrid.case.{kind}" for kind in KINDS)
    assert first_column(table) - {"kind", "---"} == KINDS.keys()


def test_every_state_is_told():
    assert SCHEMAS["Case"]["properties"]["state"]["enum"] == [str(state) for state in State]
