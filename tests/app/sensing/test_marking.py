"""Marks: one worker writes them, for every area with sensors, while the clock is believed."""

from __future__ import annotations

from datetime import timedelta

from psycopg import AsyncConnection

from app.sensing.marking import Marker, is_believed
from dispatch.clock_trust import Anchor, Known, Reading, Trust
from dispatch.postgres.clock import Machine
from dispatch.rulebook import Rulebook
from streams.observations import Mark, read_message
from tests.app.sensing.stream import RISING, Letters
from tests.makers import NOON

MACHINE = Machine("boot-1", lambda: 100.0)


async def rules() -> Rulebook:
    return RISING


def a_marker(database_url: str, letters: Letters) -> Marker:
    return Marker(database_url, MACHINE, rules, letters, every_s=30)


def known(**changes: object) -> Known:
    fields: dict[str, object] = {
        "trust": Trust.TRUSTED,
        "drift_s": 0.0,
        "decided_by": "boot-1",
        "anchor": None,
        "latest_at": None,
    }
    return Known(**(fields | changes))  # type: ignore[arg-type]


async def test_one_of_two_workers_marks_every_area_that_has_sensors(
    database_url: str, conn: AsyncConnection
):
    letters = [Letters(), Letters()]
    markers = [a_marker(database_url, one) for one in letters]

    for marker in markers:
        await marker.turn()
    for marker in markers:
        await marker.close()

    [(key, value)] = letters[0].records
    assert (key, type(read_message(value))) == (b"990199001", Mark)
    assert letters[1].records == []


async def test_when_it_is_gone_the_other_marks(database_url: str, conn: AsyncConnection):
    letters = Letters()
    gone, other = a_marker(database_url, Letters()), a_marker(database_url, letters)
    await gone.turn()
    await gone.close()

    await other.turn()
    await other.close()

    assert len(letters.records) == 1


def test_a_clock_that_has_jumped_marks_nothing():
    reading = Reading("boot-1", 100.0, 100.0, NOON)
    right, wrong = (
        Anchor(40.0, NOON - timedelta(minutes=1)),
        Anchor(40.0, NOON - timedelta(hours=2)),
    )

    assert is_believed(known(anchor=right), reading)
    assert not is_believed(known(anchor=wrong), reading)
    assert not is_believed(known(trust=Trust.FROZEN, anchor=right), reading)


def test_a_machine_without_a_clock_process_goes_by_what_others_found():
    reading = Reading("boot-2", 100.0, 100.0, NOON)

    assert is_believed(known(), reading)
    assert not is_believed(known(trust=Trust.FROZEN), reading)
