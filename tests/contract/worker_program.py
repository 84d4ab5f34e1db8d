"""A worker process: every batch is one transaction with one effect per business key.

python -m tests.contract.worker_program ENGINE_URL DATABASE_URL TOPIC GROUP FOLDER
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import faust
import psycopg

from streams.batches import Message, batches
from streams.engine import make_app, run_worker
from tests.contract.ledger import GATE

TRANSIENT = (psycopg.OperationalError, psycopg.InterfaceError)


class Handler:
    """Leaves effects in the database; connects again whenever the connection was lost."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._conn: psycopg.AsyncConnection | None = None

    async def handle(self, messages: list[Message]) -> None:
        try:
            await self._write(messages)
        except TRANSIENT:
            if self._conn is not None:
                await self._conn.close()
            self._conn = None
            raise

    async def _write(self, messages: list[Message]) -> None:
        if self._conn is None:
            self._conn = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        me = os.getpid()
        await self._conn.execute("INSERT INTO begun (worker) VALUES (%s)", (me,))
        async with self._conn.transaction():
            await self._conn.execute("SELECT pg_advisory_xact_lock_shared(%s)", (GATE,))
            for message in messages:
                key = message.value.decode()
                await self._conn.execute(
                    "INSERT INTO delivery (business_key, partition, record_offset, worker)"
                    " VALUES (%s, %s, %s, %s)",
                    (key, message.partition, message.offset, me),
                )
                await self._conn.execute(
                    "INSERT INTO effect VALUES (%s, %s) ON CONFLICT DO NOTHING", (key, me)
                )


async def work(engine_url: str, database_url: str, topic: str, group: str, folder: str) -> int:
    app = make_app(
        group,
        engine_url,
        datadir=Path(folder),
        broker_session_timeout=3.0,
        broker_heartbeat_interval=0.5,
        broker_commit_interval=0.3,
    )
    handler = Handler(database_url)

    async def give_up(message: Message, err: Exception) -> None:
        raise err

    async def agent(stream: faust.Stream[bytes]) -> None:
        await batches(
            stream,
            handle=handler.handle,
            on_poison=give_up,
            transient=TRANSIENT,
            size=50,
            on_turn=app.turned,
        )

    app.agent(app.topic(topic, value_type=bytes))(agent)
    return await run_worker([app], grace_s=10.0)


if __name__ == "__main__":
    sys.exit(asyncio.run(work(*sys.argv[1:])))
