"""The watch: alarms, histories, reports and offsets in one transaction, each once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from app.database import Database
from dispatch import actions
from dispatch.postgres.book import PostgresBook
from tests.app.sensing.stream import LEVELS as RISING_ROW
from tests.app.sensing.stream import RISING, SHORT, Desk, Log, rules_of
from tests.makers import NOON


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def rows(conn: AsyncConnection, query: str) -> list[tuple[Any, ...]]:
    found = await conn.execute(query.encode())
    return await found.fetchall()


ALARMS = """
    SELECT rule, state, level, extract(epoch FROM started_at - '2026-11-23T04:00Z') / 3600
      FROM alarm ORDER BY started_at, rule
"""
EVENTS = "SELECT kind FROM alarm_event ORDER BY alarm, seq"
INBOX = "SELECT source, channel, happened_at FROM inbox ORDER BY id"


async def test_a_crossing_is_an_alarm_and_a_report_of_the_sensor_channel(
    database: Database, conn: AsyncConnection
):
    desk, log = Desk(database, RISING), Log()

    await desk.keep(log.samples((0, 4.0)))

    assert await rows(conn, ALARMS) == [("river-rising", "raised", 3, 0)]
    assert await rows(conn, EVENTS) == [("raised",)]
    assert await rows(conn, INBOX) == [("sensor:river-rising", "sensor", NOON)]
    linked = await rows(
        conn, "SELECT a.key = i.client_key FROM alarm a JOIN inbox i ON i.id = a.report"
    )
    assert linked == [(True,)]


async def test_an_alarm_has_its_whole_life_in_its_history_and_one_report(
    database: Database, conn: AsyncConnection
):
    desk, log = Desk(database, RISING), Log()

    for hour, value in ((0, 4.0), (1, 6.0), (2, 2.0)):
        await desk.keep(log.samples((hour, value)))

    assert await rows(conn, "SELECT state, level, highest, version FROM alarm") == [
        ("cleared", 1, 1, 3)
    ]
    assert await rows(conn, EVENTS) == [("raised",), ("upgraded",), ("cleared",)]
    assert len(await rows(conn, INBOX)) == 1
    assert await rows(conn, "SELECT seq, state FROM alarm_note ORDER BY seq") == [
        (2, "pending"),
        (3, "pending"),
    ]


async def test_every_change_is_one_message_under_the_key_of_the_alarm(
    database: Database, conn: AsyncConnection
):
    desk, log = Desk(database, RISING), Log()

    await desk.keep(log.samples((0, 4.0), (1, 2.0)))

    sent = await rows(conn, "SELECT topic, key, payload FROM outbox ORDER BY id")
    [[key]] = await rows(conn, "SELECT key FROM alarm")
    told = [json.loads(payload) for _, _, payload in sent]
    assert {(topic, at) for topic, at, _ in sent} == {("alarms.v1", key)}
    assert [one["type"] for one in told] == ["citygrid.alarm.raised", "citygrid.alarm.cleared"]
    assert [one["data"]["alarm"]["state"] for one in told] == ["raised", "cleared"]
    assert [one["id"] for one in told] == [f"alarm-{key}-{n}" for n in (1, 2)]


async def test_what_was_kept_is_passed_over_when_it_comes_again(
    database: Database, conn: AsyncConnection
):
    desk, log = Desk(database, RISING), Log()
    message = log.samples((0, 4.0))

    await desk.keep(message)
    await desk.keep(message)
    await Desk(database, RISING).keep(message)

    assert await rows(conn, EVENTS) == [("raised",)]
    assert await rows(conn, "SELECT next_offset, counts FROM sensing_checkpoint") == [
        (1, {"samples": 1, "taken": 1})
    ]


async def test_another_worker_goes_on_where_the_one_before_was_killed(
    database: Database, conn: AsyncConnection
):
    killed, log = Desk(database, RISING), Log()
    first, second = log.samples((0, 4.0)), log.samples((1, 6.0))
    await killed.keep(first)
    await killed.watch.take([second])  # and never keeps it

    await Desk(database, RISING).keep(second, log.samples((2, 2.0)))

    assert await rows(conn, EVENTS) == [("raised",), ("upgraded",), ("cleared",)]


async def test_who_has_lost_a_partition_writes_nothing_that_the_other_wrote(
    database: Database, conn: AsyncConnection
):
    slow, quick, log = Desk(database, RISING), Desk(database, RISING), Log()
    first, second, third = (log.samples((hour, 4.0 + hour)) for hour in range(3))
    await slow.keep(first)
    await slow.watch.take([second])

    await quick.keep(second)
    await slow.watch.take([third])
    await slow.watch.keep()

    assert await rows(conn, EVENTS) == [("raised",), ("upgraded",)]
    assert await rows(conn, "SELECT next_offset, counts FROM sensing_checkpoint") == [
        (3, {"samples": 3, "taken": 3})
    ]
    assert slow.figure("city_fences_lost_total") == 1


async def test_a_partition_that_comes_back_is_read_again(database: Database, conn: AsyncConnection):
    one, other, log = Desk(database, RISING), Desk(database, RISING), Log()
    messages = [log.samples((hour, value)) for hour, value in ((0, 4.0), (1, 6.0), (2, 2.0))]
    await one.keep(messages[0])
    await other.keep(messages[1])

    await one.keep(messages[2])

    assert await rows(conn, EVENTS) == [("raised",), ("upgraded",), ("cleared",)]


async def test_a_topic_made_anew_is_read_from_its_beginning(
    database: Database, conn: AsyncConnection
):
    desk, old = Desk(database, RISING), Log()
    await desk.keep(*(old.samples((hour, 1.0)) for hour in range(5)))
    new = Log(written=old.written + 1)

    await desk.keep(new.samples((6, 4.0)))
    await Desk(database, RISING).keep(new.messages[0], new.samples((7, 6.0)))

    assert await rows(conn, EVENTS) == [("raised",), ("upgraded",)]
    assert await rows(conn, "SELECT next_offset FROM sensing_checkpoint") == [(2,)]


async def test_a_hole_in_the_log_is_stepped_over(database: Database, conn: AsyncConnection):
    desk, log = Desk(database, RISING), Log()
    await desk.keep(log.samples((0, 4.0)))
    log.offset += 7

    await desk.keep(log.samples((1, 6.0)))

    assert await rows(conn, EVENTS) == [("raised",), ("upgraded",)]
    assert await rows(conn, "SELECT next_offset FROM sensing_checkpoint") == [(9,)]


async def test_two_partitions_are_kept_together(database: Database, conn: AsyncConnection):
    desk, one, other = Desk(database, RISING), Log(0), Log(5)

    await desk.watch.take([one.samples((0, 4.0)), other.samples((0, 1.0))])
    await desk.watch.keep()

    found = await rows(
        conn, "SELECT partition, next_offset, written_at FROM sensing_checkpoint ORDER BY 1"
    )
    assert [(partition, offset) for partition, offset, _ in found] == [(0, 1), (5, 1)]
    assert found[0][2] == found[1][2]


async def test_what_could_not_be_written_is_written_later_and_once(
    database: Database, conn: AsyncConnection
):
    desk, log = Desk(database, RISING), Log()
    await desk.watch.take([log.samples((0, 4.0))])
    await conn.execute("ALTER TABLE alarm_event RENAME TO alarm_event_away")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await desk.watch.keep()
    await conn.execute("ALTER TABLE alarm_event_away RENAME TO alarm_event")
    before = await rows(conn, "SELECT count(*) FROM sensing_checkpoint")

    await desk.watch.keep()

    assert before == [(0,)]
    assert await rows(conn, EVENTS) == [("raised",)]


async def test_bytes_that_are_no_envelope_are_put_away_counted_and_passed(
    database: Database, conn: AsyncConnection
):
    desk, log = Desk(database, RISING), Log()

    await desk.keep(log.bytes(b"no envelope"), log.samples((0, 4.0)), log.bytes(b"\xff"))

    assert desk.letters.records == [
        (b"observations.v1/0/0", b"no envelope"),
        (b"observations.v1/0/2", b"\xff"),
    ]
    assert await rows(conn, EVENTS) == [("raised",)]
    assert await rows(conn, "SELECT counts->'malformed' FROM sensing_checkpoint") == [(2,)]
    assert desk.figure("city_sample_faults_total", reason="malformed") == 2


async def test_samples_that_break_the_engine_are_alone_put_away(
    database: Database, conn: AsyncConnection, monkeypatch: pytest.MonkeyPatch
):
    desk, log = Desk(database, RISING), Log()
    broken = log.samples((1, 6.0))
    await desk.watch.take([])
    judging = await desk.watch.current()
    advance = judging.engine.advance

    def brittle(state: Any, samples: Any, **more: Any) -> Any:
        found = advance(state, samples, **more)
        if 6.0 in samples.values:
            raise ZeroDivisionError
        return found

    monkeypatch.setattr(judging.engine, "advance", brittle)

    await desk.keep(broken, log.samples((0, 4.0)), log.samples((2, 4.5)))

    assert desk.letters.records == [(b"observations.v1/0/0", broken.value)]
    assert await rows(conn, EVENTS) == [("raised",)]
    assert await rows(conn, "SELECT next_offset FROM sensing_checkpoint") == [(3,)]


async def test_devices_are_known_with_their_last_value_and_their_faults(
    database: Database, conn: AsyncConnection
):
    desk, log = Desk(database, RISING), Log()
    desk.now_s = 60.0
    late = log.samples((5, 1.5), (4, 9.0), (5, 1.5))
    elsewhere = log.bytes(log.samples((6, 2.0)).value, b"990199002")

    await desk.keep(late, *log.messages[1:], elsewhere)

    assert await rows(conn, "SELECT device, value, samples FROM sensor_state") == [("W1", 2.0, 4)]
    [[faults]] = await rows(conn, "SELECT faults FROM sensor_state")
    assert faults == {"duplicate": 1, "wrong_area": 1}


async def test_faults_are_not_lost_with_a_worker_that_is_killed(
    database: Database, conn: AsyncConnection
):
    killed, log = Desk(database, RISING), Log()
    await killed.keep(log.samples((0, 1.0)), log.samples((0, 1.0)))
    next_one = Desk(database, RISING)
    await next_one.keep(log.samples((1, 1.0)))
    next_one.now_s = 60.0

    await next_one.keep(log.samples((1, 1.0)))

    found = await rows(conn, "SELECT device, value, samples, faults FROM sensor_state")
    assert found == [("W1", 1.0, 4, {"duplicate": 2})]


async def test_a_sample_from_the_future_moves_no_time(database: Database, conn: AsyncConnection):
    desk, log = Desk(database, RISING), Log(written=NOON.timestamp())

    await desk.keep(log.samples((48, 4.0)), log.samples((0, 4.0)))

    assert await rows(conn, ALARMS) == [("river-rising", "raised", 3, 0)]
    assert desk.figure("city_sample_faults_total", reason="future") == 1


async def test_a_mark_lets_time_go_on_where_nothing_is_sent(
    database: Database, conn: AsyncConnection
):
    silence = {
        **RISING_ROW,
        "name": "gauge-silent",
        "signal": "silence",
        "steps": [{"level": 4, "side": "reaching", "limit": 3600}],
        "clear": None,
        "category": None,
    }
    desk, log = Desk(database, rules_of(silence)), Log()

    await desk.keep(log.samples((0, 1.0)), log.mark(0.5))
    before = await rows(conn, ALARMS)
    await desk.keep(log.mark(2))

    assert (before, await rows(conn, ALARMS)) == ([], [("gauge-silent", "raised", 4, 1)])
    assert await rows(conn, INBOX) == []


async def test_other_rules_go_on_with_what_is_known(database: Database, conn: AsyncConnection):
    desk, log = Desk(database, RISING), Log()
    await desk.keep(log.samples((0, 4.0)))

    desk.rules = rules_of(RISING_ROW, {**RISING_ROW, "name": "other"})
    await desk.keep(log.samples((1, 6.0)))

    found = await rows(conn, "SELECT rule, level FROM alarm ORDER BY rule")
    assert ("river-rising", 1) in found
    assert len(found) == 2


async def test_the_short_form_of_a_rule_makes_an_alarm_for_each_window(
    database: Database, conn: AsyncConnection
):
    desk, log = Desk(database, SHORT), Log()

    await desk.keep(log.samples((0, 9.0), (0.5, 9.0), (1, 9.0)))

    assert len(await rows(conn, INBOX)) == 2


async def test_an_alarm_is_decided_like_any_report(database: Database, conn: AsyncConnection):
    desk, log = Desk(database, RISING), Log()
    await desk.keep(log.samples((0, 4.0)))
    async with conn.transaction():
        await actions.decide(PostgresBook(conn), [1], RISING, now=NOON)

    found = await rows(conn, "SELECT category, department, description FROM cases")

    assert found == [("01001", "water", "水位上涨")]


def test_checkpoints_wait_the_longer_the_more_they_cost_unless_there_is_news():
    desk = Desk(Database("postgresql://nobody@127.0.0.1:1/none"))

    assert (desk.watch.is_due(0), desk.watch.is_due(1)) == (False, False)
    desk.now_s = 1.0
    assert (desk.watch.is_due(0), desk.watch.is_due(1)) == (False, True)


async def test_partitions_of_others_are_let_go(database: Database, conn: AsyncConnection):
    desk, log = Desk(database, RISING), Log()
    await desk.keep(log.samples((0, 4.0)))
    desk.partitions = set()

    await desk.watch.keep()

    assert not desk.watch.remembered


KEPT = """
    SELECT code, extract(epoch FROM at - '2026-11-23T04:00Z') / 3600, value
      FROM observation JOIN observing_device ON number = device ORDER BY code, at
"""


async def test_samples_of_known_devices_are_kept_to_be_read_with_the_checkpoint(
    database: Database, conn: AsyncConnection
):
    desk, log = Desk(database, kept=timedelta(days=4000)), Log()

    await desk.keep(log.samples((0, 4.0), (1, 2.0)), log.samples((0, 7.0), device="gone"))
    await Desk(database, kept=timedelta(days=4000)).keep(*log.messages, log.samples((2, 1.0)))

    assert await rows(conn, KEPT) == [("W1", 0, 4.0), ("W1", 1, 2.0), ("W1", 2, 1.0)]


async def test_samples_that_could_not_be_kept_are_kept_with_the_next_checkpoint(
    database: Database, conn: AsyncConnection
):
    desk, log = Desk(database, kept=timedelta(days=4000)), Log()
    await conn.execute("ALTER TABLE observation RENAME TO observation_away")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await desk.keep(log.samples((0, 4.0)))
    await conn.execute("ALTER TABLE observation_away RENAME TO observation")

    await desk.keep()

    assert await rows(conn, KEPT) == [("W1", 0, 4.0)]
