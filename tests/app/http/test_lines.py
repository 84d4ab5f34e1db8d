"""Samples as JSON lines: stored as they come, bad lines named, and honest about how far it got."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from app.gateway.samples import Refusal
from app.http.lines import lines_of
from app.migrating import prepare
from dispatch.sensing.sensors import Samples
from streams.observations import read_envelope
from tests.app.town import METER, Town

BEGAN = datetime.now(UTC) - timedelta(hours=10)


def line(number: int, **changes: Any) -> bytes:
    at = (BEGAN + timedelta(seconds=number)).isoformat()
    return json.dumps({"device": "W1", "at": at, "value": float(number), **changes}).encode()


async def send(town: Town, lines: Iterable[bytes]) -> httpx.Response:
    async def chunks() -> AsyncIterator[bytes]:
        for one in lines:
            yield one + b"\n"

    headers = {"x-api-key": town.keys[METER], "content-type": "application/x-ndjson"}
    return await town.client.post("/api/observations", content=chunks(), headers=headers)


async def in_log(town: Town) -> Samples:
    found = await town.conn.execute(
        "SELECT value FROM streamlog.record WHERE topic = 'observations.v1' ORDER BY record_offset"
    )
    return Samples.joined([read_envelope(bytes(row[0])) for row in await found.fetchall()])


@pytest.fixture
async def prepared(town: Town) -> Town:
    await prepare(town.settings)
    return town


async def test_lines_are_taken_in_their_order_and_bad_ones_are_named(prepared: Town):
    lines = [line(n) for n in range(1200)]
    lines[3:3] = [b"", b"nonsense", line(0, device="W9")]

    answer = await send(prepared, lines)

    told = answer.json()
    assert (answer.status_code, told["accepted"]) == (202, 1200)
    assert told["refused"] == {"malformed": 1, "unknown": 1}
    assert [fault["field"] for fault in told["errors"]] == ["line 4", "line 5.device"]
    assert (await in_log(prepared)).values.tolist() == [float(n) for n in range(1200)]


async def test_all_refused_lines_are_counted_and_the_first_hundred_told(prepared: Town):
    answer = await send(prepared, [line(1), *[b"{}"] * 300])

    assert answer.json()["refused"] == {"malformed": 300}
    assert len(answer.json()["errors"]) == 100


@pytest.mark.parametrize("lines", [[], [b"", b" "], [b"{}"]])
async def test_a_body_without_a_good_line_is_refused(prepared: Town, lines: list[bytes]):
    assert (await send(prepared, lines)).status_code == 422


async def test_a_body_of_another_kind_is_refused(prepared: Town):
    headers = {"x-api-key": prepared.keys[METER], "content-type": "application/x-ndjson"}
    wrong = {"content-type": "text/plain"}, {"content-encoding": "gzip"}

    statuses = [
        (
            await prepared.client.post(
                "/api/observations", content=line(1), headers=headers | changes
            )
        ).status_code
        for changes in wrong
    ]

    assert statuses == [415, 415]


async def test_without_a_log_no_line_is_accepted(town: Town):
    answer = await send(town, [line(1)])

    assert answer.status_code == 503


def request_of(*chunks: bytes) -> Request:
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ((b"a\nb\nc",), [b"a", b"b", b"c"]),
        ((b"a", b"a\n\r\n", b"b\r\n"), [b"aa", b"b"]),
        ((b"x" * 11, b"x" * 50, b"xx\nab\n"), [None, b"ab"]),
        ((b"x" * 11, b"yy"), [None]),
        ((b"x" * 11,), [None]),
    ],
)
async def test_lines_are_cut_wherever_the_chunks_end_and_long_ones_told_once(
    chunks: tuple[bytes, ...], expected: list[bytes | None]
):
    found = [one async for one in lines_of(request_of(*chunks), 10)]

    assert [None if isinstance(one, Refusal) else one for one in found] == expected
