"""Littletown with its log, and what a worker would do with the samples in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
from psycopg import AsyncConnection

from dispatch.postgres.observations import store
from dispatch.sensing.sensors import Samples
from streams.observations import read_envelope
from tests.app.town import Town

KEPT = timedelta(days=35)
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
"""When the first stored sample of the town was measured."""

MS = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def samples(device: str, values: list[float], *, since: datetime = START) -> Samples:
    """One sample every ten minutes."""
    at_ms = [(since + timedelta(minutes=10 * n) - EPOCH) // MS for n in range(len(values))]
    return Samples([device] * len(values), np.array(at_ms, dtype=np.int64), np.array(values))


async def keep(conn: AsyncConnection[Any], *parts: Samples) -> int:
    """Store samples as a worker does."""
    async with conn.transaction():
        return await store(conn, Samples.joined(parts), kept=KEPT, now=datetime.now(UTC))


async def keep_what_is_in_the_log(town: Town) -> None:
    """Do what the worker would."""
    found = await town.conn.execute(
        "SELECT value FROM streamlog.record WHERE topic = 'observations.v1' ORDER BY record_offset"
    )
    await keep(town.conn, *[read_envelope(bytes(row[0])) for row in await found.fetchall()])


async def asked(town: Town, path: str, key: str = "auditor", **options: Any) -> httpx.Response:
    """What the holder of a key is answered below `/sta/v1.1`; options without their `$`."""
    params = {f"${name}": str(value) for name, value in options.items()}
    headers = {"x-api-key": town.keys[key]}
    return await town.client.get(f"/sta/v1.1{path}", params=params, headers=headers)


async def told(town: Town, path: str, key: str = "auditor", **options: Any) -> Any:
    """The same as JSON, which must be an answer."""
    answer = await asked(town, path, key, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(town: Town, path: str, **options: Any) -> list[str]:
    """The ids of a page, in its order."""
    return [one["@iot.id"] for one in (await told(town, path, **options))["value"]]


async def post(town: Town, path: str, body: Any, key: str = "lab") -> httpx.Response:
    headers = {"x-api-key": town.keys[key]}
    return await town.client.post(f"/sta/v1.1{path}", json=body, headers=headers)
