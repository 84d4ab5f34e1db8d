"""What the doors refused stands in a table by device, day and reason, and nothing is lost of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, Counter
from psycopg import AsyncConnection

from app.database import Database, DatabaseAway
from app.gateway.samples import Refusal
from app.gateway.tally import MOST_STRANGERS, Tally
from dispatch.postgres import tallies
from dispatch.postgres.tallies import Tallied
from dispatch.sensing.reasons import Reason
from tests.makers import NOON


@pytest.fixture
def figure() -> Counter:
    return Counter("city_samples_refused", "x", ["reason"], registry=CollectorRegistry())


def counted(found: list[tallies.Fault]) -> dict[tuple[str, str], int]:
    return {(one.device, one.reason): one.count for one in found}


async def test_counts_of_a_day_add_up_over_writes_and_doors(
    database_url: str, conn: AsyncConnection, figure: Counter
):
    database = Database(database_url, 1)
    http, mqtt = Tally("http", figure), Tally("mqtt", figure)
    for tally in (http, mqtt, http):
        tally.refuse(Refusal(Reason.UNIT, "unit", "is odd", "m", "W1"), known=True)
        await tally.write(database, NOON)
    http.count("W1", Reason.STUCK, 2)
    await http.write(database, NOON + timedelta(hours=1))
    await database.close()

    found = await tallies.faults(conn, since=NOON, devices=["W1"])

    assert counted(found) == {("W1", "unit"): 3, ("W1", "stuck"): 2}
    assert found[0].words == "unit is odd"
    assert figure.labels("unit")._value.get() == 3


async def test_what_could_not_be_written_is_written_with_the_next(
    database_url: str, conn: AsyncConnection, figure: Counter
):
    tally = Tally("http", figure)
    tally.count("W1", Reason.RATE, 2, words="first")
    with pytest.raises(DatabaseAway):
        await tally.write(Database("postgresql://127.0.0.1:1/none", 1), NOON)
    tally.count("W1", Reason.RATE, 1, words="second")
    database = Database(database_url, 1)

    await tally.write(database, NOON)
    await tally.write(database, NOON)
    await database.close()

    [one] = await tallies.faults(conn, since=NOON)
    assert (one.count, one.words) == (3, "second")


async def test_names_that_somebody_makes_up_fill_no_table(
    database_url: str, conn: AsyncConnection, figure: Counter
):
    tally = Tally("http", figure)
    for number in range(MOST_STRANGERS + 100):
        tally.refuse(Refusal(Reason.UNKNOWN, "device", "x", "y", f"made-up-{number}"), known=False)
    tally.refuse(Refusal(Reason.MALFORMED, "", "x", "y", "W1"), known=True)
    database = Database(database_url, 1)
    await tally.write(database, NOON)
    await database.close()

    found = counted(await tallies.faults(conn, since=NOON))

    assert found.pop(("W1", "malformed")) == 1
    assert len(found) == MOST_STRANGERS + 1
    assert found["", "unknown"] == 100


async def test_devices_may_call_themselves_anything(conn: AsyncConnection):
    names = ["a\x00b", "a␀b", "", "'; DROP TABLE x; --", "🚰"]

    await tallies.add(conn, [Tallied(n, "unknown", "http", 1, n) for n in names], now=NOON)

    found = counted(await tallies.faults(conn, since=NOON))
    assert sum(found.values()) == 5
    assert found["a␀b", "unknown"] == 2


async def test_counts_of_long_ago_are_forgotten(conn: AsyncConnection):
    row = [Tallied("W1", "unit", "http", 1, "")]
    await tallies.add(conn, row, now=NOON - timedelta(days=40))
    await tallies.add(conn, row, now=NOON)

    gone = await tallies.forget(conn, NOON - timedelta(days=30))

    assert gone == 1
    assert len(await tallies.faults(conn, since=NOON - timedelta(days=50))) == 1
