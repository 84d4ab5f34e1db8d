"""The door of samples: 202 when the log has them, bad ones named beside good ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.migrating import prepare
from dispatch.sensing.sensors import Samples
from streams.observations import read_envelope
from tests.app.town import METER, PHONE, Town, ago


def a_sample(**changes: Any) -> dict[str, Any]:
    sample = {"device": "W1", "at": datetime.now(UTC).isoformat(), "value": 1.5, **changes}
    return {name: value for name, value in sample.items() if value is not None}


async def send(town: Town, samples: object, source: str = METER) -> httpx.Response:
    headers = {"x-api-key": town.keys[source]}
    return await town.client.post("/api/observations", json={"samples": samples}, headers=headers)


async def in_log(town: Town) -> Samples:
    found = await town.conn.execute(
        "SELECT value FROM streamlog.record WHERE topic = 'observations.v1' ORDER BY record_offset"
    )
    return Samples.joined([read_envelope(bytes(row[0])) for row in await found.fetchall()])


@pytest.fixture
async def prepared(town: Town) -> Town:
    """The town with its topics."""
    await prepare(town.settings)
    return town


async def test_samples_are_in_the_log_when_they_are_accepted(prepared: Town):
    answer = await send(prepared, [a_sample(value=1.5), a_sample(value=2.5, unit="m")])

    assert answer.status_code == 202
    assert answer.json() == {"accepted": 2, "refused": {}, "errors": []}
    stored = await in_log(prepared)
    assert (list(stored.devices), stored.values.tolist()) == (["W1", "W1"], [1.5, 2.5])


async def test_a_batch_travels_in_envelopes_of_fifty_in_its_order(prepared: Town):
    await send(prepared, [a_sample(value=n) for n in range(120)])

    found = await prepared.conn.execute(
        "SELECT count(*) FROM streamlog.record WHERE topic = 'observations.v1'"
    )
    assert await found.fetchone() == (3,)
    assert (await in_log(prepared)).values.tolist() == list(range(120))


async def test_bad_samples_are_named_and_the_good_ones_beside_them_are_taken(prepared: Town):
    bad = {
        "samples[1].device": a_sample(device="W9"),
        "samples[2].device": a_sample(device="R1"),  # of another key
        "samples[3].unit": a_sample(unit="s"),
        "samples[4].at": a_sample(at=ago(hours=73)),
        "samples[5].at": a_sample(at="2999-01-01T00:00:00Z"),
        "samples[6]": a_sample(at="2026-11-23T08:00:00"),
        "samples[7]": a_sample(value="high"),
        "samples[8]": a_sample(value=None),
        "samples[9]": a_sample(colour="red"),
        "samples[10]": 7,
    }

    answer = await send(prepared, [a_sample(), *bad.values()])

    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1
    assert [fault["field"] for fault in answer.json()["errors"]] == list(bad)
    assert len(await in_log(prepared)) == 1


async def test_refused_samples_are_counted_by_reason(prepared: Town):
    await send(prepared, [a_sample(), a_sample(unit="s"), a_sample(device="W9")])

    headers = {"x-api-key": prepared.keys["monitor"]}
    figures = (await prepared.client.get("/metrics", headers=headers)).text

    assert "city_samples_taken_total 1.0" in figures
    assert 'city_samples_refused_total{reason="unit"} 1.0' in figures
    assert 'city_samples_refused_total{reason="unknown"} 1.0' in figures


@pytest.mark.parametrize("samples", [[], [a_sample(device="W9")], [a_sample()] * 501, {}])
async def test_a_batch_without_a_good_sample_is_refused(prepared: Town, samples: object):
    answer = await send(prepared, samples)

    assert answer.status_code == 422
    assert len(await in_log(prepared)) == 0


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", '"\\ud800"'])
async def test_values_that_are_no_numbers_are_refused(prepared: Town, text: str):
    body = json.dumps({"samples": [a_sample(value="?")]}).replace('"?"', text)
    headers = {"x-api-key": prepared.keys[METER], "content-type": "application/json"}

    answer = await prepared.client.post("/api/observations", content=body, headers=headers)

    assert answer.status_code == 422


async def test_only_sensors_send_samples(prepared: Town):
    assert (await send(prepared, [a_sample()], PHONE)).status_code == 403


async def test_without_a_log_samples_are_not_accepted(town: Town):
    answer = await send(town, [a_sample()])

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
